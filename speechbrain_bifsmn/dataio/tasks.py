"""Keyword tasks: which clip of a corpus is what, in which split.

Every choice depends on names alone: two machines, in whatever order they list
files, choose the same clips, whatever the seed of a training.
"""

from __future__ import annotations

import hashlib
import math
from typing import NamedTuple

from bifsmn_engine.labels import SILENCE, UNKNOWN
from speechbrain_bifsmn.dataio.corpus import (
    NOISE_FOLDER,
    SAMPLE_RATE,
    SPLITS,
    Corpus,
    speaker_of,
)
from speechbrain_bifsmn.dataio.words import (
    COMMANDS,
    OTHERS,
    task_labels,
)

PROTOCOLS = ("standard", "paper")
# Each split takes its silence from a separate stretch of each recording.
NOISE_SHARES = {"train": (0.0, 0.8), "valid": (0.8, 0.9), "test": (0.9, 1.0)}
DRAW = 1234  # part of what the tasks are; another one would draw other clips


class Row(NamedTuple):
    """A stretch of a recording, and what it is."""

    wav: str  # relative to the data folder, with forward slashes
    start: int  # samples
    stop: int
    label: str
    speaker: str
    gain: float = 1.0


class Task(NamedTuple):
    """What to tell apart.

    Arguments
    ---------
    labels : list of str
        Names of the network's outputs, in their order.
    protocol : str
        How "unknown" and "silence" are made: "standard", or "paper", as in the
        paper's released code: *all* other words are unknown, and silence is
        digital zeros, a tenth as many as there are words.
    unknown_percentage, silence_percentage : float
        Clips of these two classes, relative to the clips of the keywords in
        the same split ("paper": silence relative to all words). The training
        split lists all other words, for an ``UnknownSampler`` to draw from.
    train_percentage : float
        Share of the training clips of words that is used, for learning curves.
    """

    labels: list[str]
    protocol: str = "standard"
    unknown_percentage: float = 10
    silence_percentage: float = 10
    train_percentage: float = 100


def task_rows(corpus: Corpus, task: Task) -> dict[str, list[Row]]:
    """Chooses the clips of a task.

    The test split of the standard 12-class task is the official test set where
    the corpus has it, else the equivalent from the testing list: the same
    clips of the keywords, and as many unknown words and silences.

    Arguments
    ---------
    corpus : Corpus
        The clips that there are.
    task : Task
        The task to choose them for.

    Returns
    -------
    dict
        {split: sorted list of Row}.
    """
    if task.protocol not in PROTOCOLS:
        raise ValueError(
            f"protocol: expected one of {', '.join(PROTOCOLS)}, got "
            f"{task.protocol!r}"
        )
    rows = {split: split_rows(corpus, task, split) for split in SPLITS}
    _check_counts(corpus, task, rows)
    return rows


def split_rows(corpus: Corpus, task: Task, split: str) -> list[Row]:
    """Chooses the clips of one split, be there any of each class or not.

    Arguments
    ---------
    corpus : Corpus
        The clips that there are.
    task : Task
        The task to choose them for, by the rules of ``task_rows``.
    split : str
        "train", "valid" or "test".

    Returns
    -------
    list of Row
        Sorted.
    """
    if split == "test" and uses_official_test_set(corpus, task):
        return sorted(_official(corpus))
    return sorted(_words(corpus, split, task))


def uses_official_test_set(corpus: Corpus, task: Task) -> bool:
    """Whether a task is tested on the official archive's clips."""
    commands = task.labels == task_labels(12)
    return commands and task.protocol == "standard" and bool(corpus.test_set)


def noise_rows(corpus: Corpus, split: str = "train") -> list[Row]:
    """Returns the stretches that may be mixed into a split's clips."""
    rows = []
    for wav in corpus.noise:
        start, stop = _stretch(corpus.samples[wav], split)
        rows.append(Row(wav, start, stop, SILENCE, ""))
    return rows


def _row(corpus, wav, label):
    return Row(wav, 0, corpus.samples[wav], label, speaker_of(wav))


def _seconds(corpus, wav):
    """The rows of an unknown clip, one for each whole second of it."""
    row = _row(corpus, wav, UNKNOWN)
    if row.stop < 2 * SAMPLE_RATE:
        return [row]
    starts = range(0, row.stop - SAMPLE_RATE + 1, SAMPLE_RATE)
    return [row._replace(start=n, stop=n + SAMPLE_RATE) for n in starts]


def _order(row):
    """The draw of a clip, which depends on its name alone."""
    return _hash(row.wav, *[row.start] * bool(row.start))


def _official(corpus):
    names = {f"_{label}_": label for label in (UNKNOWN, SILENCE)}
    return [
        _row(corpus, wav, names.get(folder, folder))
        for folder, wavs in corpus.test_set.items()
        for wav in wavs
        if folder in names or folder in COMMANDS
    ]


def _words(corpus, split, task):
    clips = corpus.clips[split]
    if split == "train":
        clips = _share(clips, task.train_percentage)
    rows = [
        _row(corpus, wav, label)
        for label in task.labels
        for wav in clips.get(label, [])
    ]
    known = len(rows)
    if UNKNOWN in task.labels:
        others = [
            row
            for word, wavs in clips.items()
            if word not in task.labels
            for wav in wavs
            for row in _seconds(corpus, wav)
        ]
        if task.protocol == "standard" and split != "train":
            others.sort(key=_order)
            others = others[: math.ceil(known * task.unknown_percentage / 100)]
        rows += others
    if SILENCE not in task.labels:
        return rows
    if task.protocol == "paper":
        return rows + _zeros(rows, task.silence_percentage)
    size = math.ceil(known * task.silence_percentage / 100)
    return rows + _draw_silence(corpus, split, size)


def _share(clips, percentage):
    """Leaves so many clips of each word: of more, those of less are a part."""
    return {
        word: sorted(wavs, key=_hash)[: math.ceil(len(wavs) * percentage / 100)]
        for word, wavs in clips.items()
    }


def _hash(*key):
    text = "\n".join(map(str, (DRAW, *key)))
    return int(hashlib.sha1(text.encode()).hexdigest()[:15], 16)


def _stretch(length, split):
    """First and last sample of a recording that belong to a split."""
    first, last = NOISE_SHARES[split]
    return round(first * length), round(last * length)


def _draw_silence(corpus, split, size):
    """Draws stretches of one second, at volumes from none to full."""
    rows = []
    for index in range(size if corpus.noise else 0):
        number = _hash(split, index)
        wav = corpus.noise[number % len(corpus.noise)]
        first, last = _stretch(corpus.samples[wav], split)
        places = last - first - SAMPLE_RATE + 1
        start = first + (number // 1009) % places
        gain = (number // 1013 % 1000) / 1000
        stop = start + SAMPLE_RATE
        rows.append(Row(wav, start, stop, SILENCE, "", gain))
    return rows


def _zeros(rows, percentage):
    """Digital zeros: words at a volume of nothing."""
    chosen = sorted(rows, key=lambda row: _hash(row.wav))
    chosen = chosen[: int(len(rows) * percentage / 100)]
    return [row._replace(label=SILENCE, speaker="", gain=0.0) for row in chosen]


def _check_counts(corpus, task, rows):
    for split in SPLITS:
        there = {row.label for row in rows[split]}
        empty = [label for label in task.labels if label not in there]
        if SILENCE in empty and not corpus.noise:
            raise ValueError(
                "data_folder: expected recordings in "
                f"{corpus.folder / NOISE_FOLDER}, found none; silence is made "
                "of them"
            )
        if task.labels == task_labels(35) and set(empty) < set(OTHERS):
            continue  # version 0.01 has 30 of the 35 words
        if empty:
            raise ValueError(
                f"data_folder: expected {split} clips of "
                f"{', '.join(task.labels)} in {corpus.folder}, found none of "
                f"{', '.join(empty)}; use the whole data set, add clips, or "
                "choose a task without them"
            )
