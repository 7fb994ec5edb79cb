"""What a corpus of custom keywords is to hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import punctuation
from typing import Any, NamedTuple

from bifsmn_engine.labels import SILENCE, UNKNOWN
from speechbrain_bifsmn.dataio import synthetic
from speechbrain_bifsmn.dataio.corpus import NEGATIVES_FOLDER
from speechbrain_bifsmn.dataio.espeak_data import accents_of
from speechbrain_bifsmn.dataio.negatives import (
    describe_negatives,
    find_negatives,
)
from speechbrain_bifsmn.dataio.recordings import (
    Recording,
    find_recordings,
    fingerprint,
)
from speechbrain_bifsmn.dataio.scripts import readers_of, unsayable
from speechbrain_bifsmn.dataio.speakers import (
    Speaker,
    is_natural,
    natural_speakers,
)
from speechbrain_bifsmn.dataio.synthetic import PlannedClip
from speechbrain_bifsmn.dataio.words import canonical_name, parse_words

VERSION = [4, synthetic.VERSION]  # of what is made; part of the marker
SPEAK = ("missing", "always", "never")
VOICES = ("espeak", "natural")
MIN_CLIPS = 10  # of another word, for training
MINUTES = {"train": 20, "validation": 4, "test": 4}  # of sentences
MAX_CLIPS = 100_000  # of each keyword


class PlannedMinute(NamedTuple):
    """A minute of sentences that a natural voice is to say."""

    split: str
    speaker: Speaker


class CustomPlan(NamedTuple):
    """What a corpus is to hold."""

    words: list[str]
    recorded: list[Recording]
    spoken: list[PlannedClip]
    minutes: list[PlannedMinute]
    negatives: list[Path]
    language: str  # of the voices
    natural: bool  # whether natural ones speak
    description: dict[str, Any]


def plan_corpus(
    words: str | Sequence[str],
    recordings: str | Path,
    speak: str,
    clips: int,
    seed: int,
    language: str,
    negatives: str | Path | Sequence[str | Path],
    voices: str,
) -> CustomPlan:
    """Decides what a corpus holds, from ``make_custom_corpus``'s arguments."""
    words = parse_words(words)
    if speak not in SPEAK:
        raise ValueError(
            f"speak: expected one of {', '.join(SPEAK)}, got {speak!r}"
        )
    check_number("clips", clips, 1, MAX_CLIPS)
    if voices not in VOICES:
        raise ValueError(
            f"voices: expected one of {', '.join(VOICES)}, got {voices!r}"
        )
    audio = find_negatives(negatives, words)
    others = [] if speak == "never" else _other_words(words, language)
    recorded: list[Recording] = []
    if recordings:
        recorded = [
            clip
            for clip in find_recordings(recordings, [*words, *others])
            if clip.word != NEGATIVES_FOLDER
        ]
    there = {(clip.word, clip.split) for clip in recorded}
    spoken: list[PlannedClip] = []
    if speak == "never":
        _check_recorded(words, there, recordings)
    else:
        wanted = _shares(words, others, clips)
        spoken = [
            clip
            for clip in _spoken(wanted, seed, voices, language)
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
        "voices": voices,
        "recordings": fingerprint(recordings, recorded),
        "negatives": describe_negatives(audio),
    }
    natural = any(is_natural(clip.speaker) for clip in spoken)
    minutes = _minutes(seed) if natural else []
    return CustomPlan(
        sorted(words),
        recorded,
        spoken,
        minutes,
        audio,
        language,
        natural,
        description,
    )


def _spoken(wanted, seed, voices, language):
    """Plans the clips, half of which natural voices say where they are to."""
    accents = accents_of(language)
    if voices != "natural" or language != "en":
        return synthetic.plan_clips(wanted, seed, accents)
    half = {word: max(1, count // 2) for word, count in wanted.items()}
    return synthetic.plan_clips(half, seed, accents) + synthetic.plan_clips(
        half, seed, natural=True
    )


def _minutes(seed):
    """Plans the sentences, each minute of another speaker."""
    return [
        PlannedMinute(split, speaker)
        for split, count in MINUTES.items()
        for speaker in natural_speakers(split, seed)[:count]
    ]


def check_number(name: str, value: int, minimum: int, maximum: int) -> None:
    """Raises ValueError for what is no whole number in a range."""
    if not isinstance(value, int) or not minimum <= value <= maximum:
        raise ValueError(
            f"{name}: expected {minimum} to {maximum}, got {value}"
        )


def check_apart(folder: Path, audio: Sequence[str | Path]) -> None:
    """Raises ValueError for audio inside a folder that may be replaced."""
    for path in audio:
        inner = Path(path).resolve()
        if folder.resolve() in (inner, *inner.parents):
            raise ValueError(
                f"folder: expected one without the recordings, found {path} "
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
