"""Settings of a command line that would have no effect are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML

from bifsmn_engine.labels import SILENCE, UNKNOWN


def check_used(given: str, hparams: Mapping[str, Any]) -> None:
    """Raises ValueError for a setting that has no effect with the others.

    A setting that switches something off is allowed. Values of the
    hyperparameter file are not checked: they serve other command lines too.

    Arguments
    ---------
    given : str
        YAML text of the command line's settings, as from SpeechBrain's
        ``parse_arguments``.
    hparams : dict
        The hyperparameters that result from them.

    Example
    -------
    >>> check_used("teacher_epochs: 9", {"teacher_epochs": 9, "teacher": ""})
    >>> check_used("classes: 12", {"classes": 12, "words": "hey robot"})
    Traceback (most recent call last):
        ...
    ValueError: --classes: expected no --words with it, found other settings, \
with which it does nothing; leave it out
    """
    for name in YAML().load(given) or {}:
        if name not in _NEEDS or hparams[name] is False:
            continue
        needs, is_used = _NEEDS[name]
        if not is_used(hparams):
            raise ValueError(
                f"--{name}: expected {needs} with it, found other settings, "
                "with which it does nothing; leave it out"
            )


def _has_words(hparams):
    return bool(hparams["words"])


def _has_no_words(hparams):
    return not hparams["words"]


def _speaks(hparams):
    return bool(hparams["words"]) and hparams["speak"] != "never"


def _has_unknown(hparams):
    return UNKNOWN in hparams["labels"]


_VOICES = "--words, and --speak other than never,", _speaks
_UNKNOWN = "a task with unknown words (12 classes, or --words)"
_DRAWN = (
    f"{_UNKNOWN}, and the standard protocol,",
    lambda h: _has_unknown(h) and h["protocol"] == "standard",
)
# By setting: what it needs, and whether that is given.
_NEEDS = {
    "download": (
        "--data_folder=FOLDER, and no --words,",
        lambda h: h["data_folder"] and not h["words"],
    ),
    "synthetic_folder": (
        "no --data_folder and no --words",
        lambda h: not (h["data_folder"] or h["words"]),
    ),
    "version": ("no --words", _has_no_words),
    "test_set": (
        "12 classes of the standard protocol",
        lambda h: (
            h["classes"] == 12
            and not h["words"]
            and h["protocol"] == "standard"
        ),
    ),
    "classes": ("no --words", _has_no_words),
    "speak": ("--words", _has_words),
    "custom_corpus_folder": ("--words", _has_words),
    "negatives": (_UNKNOWN, _has_unknown),
    "false_alarms_per_hour": (
        "a student that can be deployed",
        lambda h: h["student_epochs"] > 0 and h["student_model"].deployable,
    ),
    "spoken_clips": _VOICES,
    "language": _VOICES,
    "voices": _VOICES,
    "protocol": (_UNKNOWN, _has_unknown),
    "unknown_percentage": _DRAWN,
    "train_unknown_percentage": _DRAWN,
    "silence_percentage": (
        "a task with silence (12 classes, or --words)",
        lambda h: SILENCE in h["labels"],
    ),
    "noise_snr": (
        "--noise_probability above 0",
        lambda h: h["noise_probability"] > 0,
    ),
    "rooms": (
        "--reverberation_probability above 0",
        lambda h: h["reverberation_probability"] > 0,
    ),
    "large_teacher_copies": (
        "--large_teacher=PATH",
        lambda h: bool(h["large_teacher"]),
    ),
    "student": ("--student_epochs above 0", lambda h: h["student_epochs"] > 0),
    "teacher_start": ("no --teacher", lambda h: not h["teacher"]),
    "teacher_epochs": ("no --teacher", lambda h: not h["teacher"]),
}
