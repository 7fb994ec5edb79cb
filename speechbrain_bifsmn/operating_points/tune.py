"""Chooses thresholds and smoothing of a model file, and confirms them.

All are chosen on one part of the recordings: for each smoothing the thresholds,
one for each keyword, that have the fewest false rejects with few enough false
alarms per hour; then the smoothing with the fewest. Where the audio is too
short to tell that rate, the thresholds are raised as far as the clips bear. The
rates are measured on the other part.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from bifsmn_engine.detection import REFRACTORY_S, check_refractory
from bifsmn_engine.detection import SMOOTHINGS as ALLOWED
from bifsmn_engine.files.checksum import sha256_of
from bifsmn_engine.format import model_file
from bifsmn_engine.format.layout import all_thinnings
from bifsmn_engine.loading import find_model, load_model
from bifsmn_engine.pretrained import MODEL
from speechbrain_bifsmn.deploy.writer import write_model
from speechbrain_bifsmn.evaluation.intervals import hours_needed
from speechbrain_bifsmn.files.owned import owned_file
from speechbrain_bifsmn.operating_points.choose import (
    Posteriors,
    Setting,
    choose,
)
from speechbrain_bifsmn.operating_points.noise import Noise
from speechbrain_bifsmn.operating_points.report import write
from speechbrain_bifsmn.operating_points.tuning_data import (
    PAUSE_S,
    AudioSegment,
    in_context,
    in_sequence,
    keyword_clips,
    negative_audio,
)

SNR_DB = 10.0
SMOOTHINGS = (1, 2, 4, 8, 16, 24, 32, 48, 64)


class Recordings(NamedTuple):
    """Recordings that choose, or that confirm."""

    clips: list[tuple[int, AudioSegment]]  # with index of the keyword
    negatives: dict[str, list[AudioSegment]]  # audio without keywords


def tune(
    model: str | Path,
    keywords: str | Path,
    negatives: Sequence[str | Path],
    false_alarms_per_hour: float = 0.5,
    thinnings: Sequence[int] = (1,),
    smoothings: Sequence[int] = SMOOTHINGS,
    refractory_s: float = REFRACTORY_S,
    unseen: bool = False,
    figures_of: str = "confirm",
    noise: Sequence[str | Path] = (),
    snr_db: float = SNR_DB,
    backend: str = "auto",
) -> dict[str, Any]:
    """Chooses an operating point, and measures it.

    Arguments
    ---------
    model : str | Path
        A ``.bifsmn`` file, or a folder with a ``model.bifsmn``.
    keywords : str | Path
        A folder with clips of each keyword, as for ``keyword_clips``.
    negatives : sequence of str | Path
        Audio files and folders without keywords, as for ``negative_audio``.
    false_alarms_per_hour : float
        Of all keywords together, as they are to be expected of such audio.
    thinnings : sequence of int
        Thinnings at which that maximum holds: a file has the same thresholds
        for all of them.
    smoothings : sequence of int
        Numbers of averaged windows to choose from.
    refractory_s : float
        Seconds in which a keyword does not begin another detection.
    unseen : bool
        No clip of ``keywords`` has been trained on: use all.
    figures_of : str
        The part on which the rates are measured: "confirm"; or "choose", which
        does not use the test clips yet.
    noise : sequence of str | Path
        Audio files and folders of noise: the clips are counted in it, too.
    snr_db : float
        Power of a clip relative to that of its noise, in dB.
    backend : str
        "native" for the engine, "torch", or "auto": the engine where it is
        installed.

    Returns
    -------
    dict
        The content of ``tune.json``: plain data.
    """
    path = find_model(model)
    config, labels = model_file.read(path)[:2]
    setting = Setting(labels, config.hop / config.sample_rate, refractory_s)
    _check(setting, config, false_alarms_per_hour, thinnings, smoothings)
    parts = _parts(keywords, negatives, setting.keywords, unseen)
    if figures_of == "choose":
        del parts["confirm"]
    mixer = Noise(noise, config.sample_rate, snr_db) if noise else None
    posteriors = {
        thinning: _posteriors(path, thinning, backend, config, parts, mixer)
        for thinning in thinnings
    }
    wanted = false_alarms_per_hour
    chosen = choose(setting, posteriors, smoothings, wanted, figures_of)
    return {
        "model": path.name,
        "model_sha256": sha256_of(path),
        "wanted_per_hour": wanted,
        "refractory_s": refractory_s,
        "chosen_on": _chosen_on(
            posteriors[thinnings[0]]["choose"], setting, wanted
        ),
        "figures_of": figures_of,
        "snr_db": snr_db if noise else None,
        **chosen,
    }


def _check(setting, config, rate, thinnings, smoothings):
    if not setting.keywords:
        raise ValueError(f"model: expected keywords, found {setting.labels}")
    if not 0 < rate < math.inf:
        raise ValueError(
            f"false_alarms_per_hour: expected more than 0, got {rate}"
        )
    check_refractory(setting.refractory_s)
    for thinning in thinnings:
        if thinning not in all_thinnings(config):
            raise ValueError(
                f"thinnings: expected some of {all_thinnings(config)}, got "
                f"{thinning}"
            )
    for smoothing in smoothings:
        if smoothing not in ALLOWED:
            raise ValueError(
                f"smoothing: expected 1 to {ALLOWED[-1]}, got {smoothing}"
            )


def _parts(keywords, negatives, names, unseen):
    """Returns the ``Recordings`` of "choose" and of "confirm"."""
    clips = keyword_clips(keywords, names, unseen)
    audio = {}
    for path in negatives:
        name = Path(path).resolve().name
        if name in audio:
            raise ValueError(
                f"negatives: expected different names, got {name} twice"
            )
        audio[name] = negative_audio(path, names)
        if not any(audio[name].values()):
            raise ValueError(
                f"negatives: expected audio without keywords in {path}, found "
                "none of it in its lists for validation and test; leave it out"
            )
    return {
        part: Recordings(
            clips[part], {name: a[part] for name, a in audio.items()}
        )
        for part in clips
    }


def _posteriors(path, thinning, backend, config, parts, noise):
    """Returns the ``Posteriors`` of each part of the recordings."""
    stream = load_model(path, backend, thinning).stream()
    rate = config.sample_rate
    window_s = config.window_samples / rate

    def classified(chunks):
        stream.reset()
        rows = [stream.push(chunk) for chunk in chunks]
        return np.concatenate([np.zeros((0, config.classes), "f4"), *rows])

    result = {}
    for part, (clips, negatives) in parts.items():
        of_clips, in_noise = [], []
        for k, clip in tqdm(clips, f"clips to {part}, thinning {thinning}"):
            audio = in_context(clip, rate, window_s)
            of_clips.append((k, classified([audio])))
            if noise:
                around = round(window_s * rate)
                inside = slice(around, len(audio) - around)
                audio = noise.mixed(audio, inside, clip.path.name)
                in_noise.append((k, classified([audio])))
        with _bar(
            f"negatives to {part}, thinning {thinning}", negatives
        ) as bar:
            of_negatives = {
                name: classified(
                    _counted(in_sequence(segments, rate), rate, bar)
                )
                for name, segments in negatives.items()
            }
        if not any(map(len, of_negatives.values())):
            raise ValueError(
                f"negatives: expected hours of audio to {part} a threshold, "
                f"found less than {window_s:g} s; name more of it"
            )
        result[part] = Posteriors(of_clips, of_negatives, in_noise)
    return result


def _bar(title, negatives):
    segments = [
        segment for segments in negatives.values() for segment in segments
    ]
    return tqdm(
        desc=title,
        total=sum(segment.seconds + PAUSE_S for segment in segments),
        bar_format="{desc}: {percentage:3.0f}%|{bar}| {n:.0f}/{total:.0f} s "
        "[{elapsed}<{remaining}]",
    )


def _counted(chunks, rate, bar):
    for chunk in chunks:
        yield chunk
        bar.update(min(len(chunk) / rate, bar.total - bar.n))


def _chosen_on(posteriors, setting, wanted):
    windows = sum(map(len, posteriors.negatives.values()))
    hours, needed = windows * setting.hop_s / 3600, hours_needed(wanted)
    return {
        "clips": len(posteriors.clips),
        "hours": hours,
        "hours_needed": needed,
        "enough": hours >= needed,
    }


def store(
    thresholds: Mapping[str, float],
    smoothing: int,
    source: str | Path,
    target: str | Path,
) -> None:
    """Writes a model file with other thresholds and smoothing.

    Arguments
    ---------
    thresholds : dict of str to float
        Averaged posterior from which each keyword counts.
    smoothing : int
        How many windows are averaged.
    source : str | Path
        The model file to read.
    target : str | Path
        The file to write, whole or not at all; may be ``source``. It differs in
        these and in the checksum.
    """
    model = model_file.read(source)
    stored = zip(model.labels, model.thresholds, strict=True)
    model = model._replace(
        config=model.config._replace(smoothing=smoothing),
        thresholds=[thresholds.get(label, value) for label, value in stored],
    )
    write_model(model, target)


def write_tuned(
    result: Mapping[str, Any],
    source: str | Path,
    folder: str | Path,
    owner: str,
) -> None:
    """Writes the report of ``tune``, and the model file that it is of, tuned.

    Arguments
    ---------
    result : dict
        What ``tune`` returned.
    source : str | Path
        The model file that was tuned.
    folder : str | Path
        For the report's files and ``model.bifsmn``, which may be ``source``.
    owner : str
        The command that owns the folder.
    """
    write(result, folder, owner)
    with owned_file(Path(folder) / MODEL.name, owner) as place:
        store(result["thresholds"], result["smoothing"], source, place)
