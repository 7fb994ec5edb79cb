"""A corpus of custom keywords, laid out like Speech Commands.

It is made of recordings, of synthetic voices, or of both.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from string import punctuation
from typing import Any, NamedTuple

from tqdm import tqdm

from bifsmn_engine.labels import SILENCE, UNKNOWN
from speechbrain_bifsmn.dataio import synthetic
from speechbrain_bifsmn.dataio.corpus import (
    MIN_NOISE,
    NEGATIVES_FOLDER,
    NOISE_FOLDER,
)
from speechbrain_bifsmn.dataio.custom_counts import (
    MARKER,
    count_clips,
    read_marker,
)
from speechbrain_bifsmn.dataio.espeak import SAMPLE_RATE, Espeak
from speechbrain_bifsmn.dataio.espeak_data import accents_of
from speechbrain_bifsmn.dataio.negatives import (
    describe_negatives,
    find_negatives,
    write_negatives,
)
from speechbrain_bifsmn.dataio.recordings import (
    Recording,
    convert_recordings,
    find_recordings,
    fingerprint,
)
from speechbrain_bifsmn.dataio.scripts import readers_of, unsayable
from speechbrain_bifsmn.dataio.synthetic import PlannedClip
from speechbrain_bifsmn.dataio.words import (
    canonical_name,
    parse_words,
)
from speechbrain_bifsmn.files.atomic import clear_leftovers
from speechbrain_bifsmn.files.owned import owned_folder

VERSION = [2, synthetic.VERSION]  # of what is made; part of the marker
SPEAK = ("missing", "always", "never")
MIN_CLIPS = 10  # of another word, for training
MAX_CLIPS = 100_000  # of each keyword
MIN_SECONDS = MIN_NOISE // SAMPLE_RATE  # of a background noise
MAX_SECONDS = 3600


def make_custom_corpus(
    folder: str | Path,
    words: str | Sequence[str],
    recordings: str | Path = "",
    speak: str = "missing",
    clips: int = 300,
    seed: int = 1234,
    background_seconds: int = 60,
    language: str = "en",
    negatives: str | Path | Sequence[str | Path] = (),
) -> Path:
    """Makes a corpus, unless ``folder`` already holds the same one.

    All is built beside ``folder`` and moved there when whole. A corpus made
    here of other words, settings or recordings is replaced then.

    Arguments
    ---------
    folder : str | Path
        Where to put it: a corpus of this function, empty, or not there yet.
    words : str | sequence of str
        The keywords, as ``parse_words`` takes them.
    recordings : str | Path
        A folder with a folder of recordings for each word, as
        ``find_recordings`` takes it; they may be of any rate and length.
        Folders of other names are words to tell the keywords from. Sounds in
        ``_background_noise_`` take the place of the synthetic ones. Empty: no
        recordings.
    speak : str
        What synthetic voices say: "missing", each keyword in each split that
        has no recording of it; "always", all keywords for training as well;
        "never", nothing. Unless "never", they also say words to tell the
        keywords from, among them the parts of phrases.
    clips : int
        Synthetic training clips of each keyword, and about as many of all
        other words together. For validation and test there are 17 % and 23 %
        as many again.
    seed : int
        The same arguments and recordings give the same files.
    background_seconds : int
        Length of each synthetic background, at least 10.
    language : str
        Code of the voices' language, such as "en" or "cmn". What they would
        spell letter by letter, since it is in another script, is refused where
        they are to say it, and left out of the other words.
    negatives : str | Path | sequence of str | Path
        Files and folders of audio without keywords, hours of it: its seconds
        are words to tell the keywords from.

    Returns
    -------
    Path
        ``folder``.

    Example
    -------
    >>> import soundfile, tempfile
    >>> with tempfile.TemporaryDirectory() as home:
    ...     clip = Path(home, "mine", "Hey_Robot", "ann.flac")
    ...     clip.parent.mkdir(parents=True)
    ...     soundfile.write(clip, [0.5] * 9600, 48000)
    ...     corpus = make_custom_corpus(
    ...         Path(home, "corpus"), "hey robot", Path(home, "mine"), "never"
    ...     )
    ...     soundfile.info(corpus / "hey robot" / "ann_nohash_0.wav").frames
    3200
    """
    folder = Path(folder)
    clear_leftovers(folder)
    plan = _plan_corpus(
        words, recordings, speak, clips, seed, language, negatives
    )
    if recordings:
        _check_apart(folder, recordings)
    _check_number(
        "background_seconds", background_seconds, MIN_SECONDS, MAX_SECONDS
    )
    description = plan.description | {"background_seconds": background_seconds}
    if read_marker(folder).get("description") != description:
        with owned_folder(folder, "synth") as corpus:
            _write_corpus(corpus, plan, seed, background_seconds)
            counts = count_clips(plan.words, plan.recorded, plan.spoken)
            marker = {"description": description, "clips": counts}
            (corpus / MARKER).write_text(json.dumps(marker), "utf-8")
    return folder


def describe_corpus(
    words: str | Sequence[str],
    recordings: str | Path = "",
    speak: str = "missing",
    clips: int = 300,
    seed: int = 1234,
    language: str = "en",
    negatives: str | Path | Sequence[str | Path] = (),
) -> dict[str, Any]:
    """Returns what decides on a corpus of ``make_custom_corpus``.

    Takes its arguments; returns plain data, and makes nothing.
    """
    plan = _plan_corpus(
        words, recordings, speak, clips, seed, language, negatives
    )
    return plan.description


class _Plan(NamedTuple):
    """What a corpus is to hold."""

    words: list[str]
    recorded: list[Recording]
    spoken: list[PlannedClip]
    negatives: list[Path]
    language: str  # of the voices
    description: dict[str, Any]


def _plan_corpus(words, recordings, speak, clips, seed, language, negatives):
    words = parse_words(words)
    if speak not in SPEAK:
        raise ValueError(
            f"speak: expected one of {', '.join(SPEAK)}, got {speak!r}"
        )
    _check_number("clips", clips, 1, MAX_CLIPS)
    audio = find_negatives(negatives, words)
    others = [] if speak == "never" else _other_words(words, language)
    recorded = []
    if recordings:
        recorded = [
            clip
            for clip in find_recordings(recordings, [*words, *others])
            if clip.word != NEGATIVES_FOLDER
        ]
    there = {(clip.word, clip.split) for clip in recorded}
    spoken = []
    if speak == "never":
        _check_recorded(words, there, recordings)
    else:
        wanted = _shares(words, others, clips)
        spoken = [
            clip
            for clip in synthetic.plan_clips(wanted, seed, accents_of(language))
            if clip.word in others
            or (clip.word, clip.split) not in there
            or (speak == "always" and clip.split == "train")
        ]
        _check_sayable(spoken, language)
    description = {
        "version": VERSION,
        "words": sorted(words),
        "speak": speak,
        "clips": clips,
        "seed": seed,
        "language": language,
        "recordings": fingerprint(recordings, recorded),
        "negatives": describe_negatives(audio),
    }
    return _Plan(sorted(words), recorded, spoken, audio, language, description)


def _check_number(name, value, minimum, maximum):
    if not isinstance(value, int) or not minimum <= value <= maximum:
        raise ValueError(
            f"{name}: expected {minimum} to {maximum}, got {value}"
        )


def _check_apart(folder, recordings):
    """Keeps recordings out of the folder that may be replaced."""
    inner = Path(recordings).resolve()
    if folder.resolve() in (inner, *inner.parents):
        raise ValueError(
            f"folder: expected one without the recordings, found {recordings} "
            f"in {folder}; choose another folder"
        )


def _check_recorded(words, there, recordings):
    recorded = {word for word, _ in there}
    lacking = [word for word in words if word not in recorded]
    if lacking:
        raise ValueError(
            f"recordings: expected some of each word, found none of "
            f"{', '.join(lacking)} in {recordings or 'no folder'}; add them, "
            "or let voices speak with speak='missing'"
        )


def _check_sayable(spoken, language):
    """Refuses what the voices would spell, or name."""
    lacking: dict[str, dict[str, None]] = {}
    for clip in spoken:
        lacking.setdefault(clip.word, {})[clip.split] = None
    for word, splits in lacking.items():
        letters = unsayable(word, language)
        if letters:
            who = ", ".join(readers_of(word))
            choice = f"choose another language ({who}), " if who else ""
            raise ValueError(
                f"words: expected what a voice of language {language!r} can "
                f"say, found {letters!r} in {word!r}; {choice}record the word "
                f"(there is nothing for {', '.join(splits)}), or write it as "
                "it sounds"
            )


def _other_words(words, language):
    """Other words: those of Speech Commands, and the parts of phrases."""
    parts = [part.strip(punctuation) for w in words for part in w.split()]
    chosen = {canonical_name(word): word for word in (*parts, *synthetic.WORDS)}
    for name in ("", UNKNOWN, SILENCE, *map(canonical_name, words)):
        chosen.pop(name, None)
    return [
        word
        for word in chosen.values()
        if any(map(str.isalnum, word)) and not unsayable(word, language)
    ]


def _shares(words, others, clips):
    """Returns how many training clips of each word voices are to say."""
    share = round(len(words) * clips / max(1, len(others)))
    wanted = dict.fromkeys(others, max(MIN_CLIPS, share))
    return wanted | dict.fromkeys(words, clips)


def _write_corpus(corpus, plan, seed, background_seconds):
    recorded, spoken = plan.recorded, plan.spoken
    # First: it may be missing.
    espeak = Espeak(plan.language) if spoken else None
    names = _names(recorded, spoken)
    paths = [corpus / name for name in names]
    convert_recordings(recorded, paths[: len(recorded)])
    jobs = zip(spoken, paths[len(recorded) :], strict=True)
    if espeak:
        for clip, path in tqdm(jobs, "speaking", len(spoken), unit="clip"):
            _, word, speaker, take = clip
            wav = synthetic.make_clip(espeak, word, speaker, take, seed)
            synthetic.write_wav(path, wav)
    if not any(clip.word == NOISE_FOLDER for clip in recorded):
        synthetic.write_backgrounds(corpus, background_seconds, seed, espeak)
    listed = write_negatives(corpus, plan.negatives)
    for clip, name in zip((*recorded, *spoken), names, strict=True):
        listed[clip.split].append(name)
    synthetic.write_lists(corpus, listed)


def _names(recorded, spoken):
    """Returns different names, even where case makes no difference."""
    clips = [(clip.word, clip.speaker, clip.take) for clip in recorded]
    clips += [(word, speaker.name, take) for _, word, speaker, take in spoken]
    names, taken = [], set()
    for word, speaker, take in clips:
        stem = f"{word}/{speaker}_nohash_"
        while (stem.casefold(), take) in taken:
            take += 1
        taken.add((stem.casefold(), take))
        names.append(f"{stem}{take}.wav")
    return names
