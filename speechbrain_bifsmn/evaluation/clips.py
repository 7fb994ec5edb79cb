"""The test clips of a folder in Speech Commands' layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bifsmn_engine.labels import SILENCE
from speechbrain_bifsmn.dataio.corpus import SAMPLE_RATE, read_corpus
from speechbrain_bifsmn.dataio.keywords import fit_length, read_clip
from speechbrain_bifsmn.dataio.tasks import (
    Row,
    Task,
    noise_rows,
    split_rows,
    uses_official_test_set,
)

BATCH = 64


class Clip(NamedTuple):
    """A test clip as a network gets it."""

    name: str
    label: str
    speaker: str
    audio: NDArray[np.float32]  # [samples], from -1 to 1


class ClipSet(NamedTuple):
    """Clips that are read from the disk batch by batch.

    ``source`` is where the keywords' clips are from; ``absent`` are the labels
    without a clip, ``missing`` the clips that the official list names and that
    are not there.
    """

    folder: Path
    labels: list[str]
    rows: list[Row]
    noise: list[Row]  # stretches that training has not used
    source: str
    absent: list[str]
    missing: tuple[str, ...]
    samples: int

    def batches(self, size: int = BATCH) -> Iterator[list[Clip]]:
        """Yields lists of ``Clip``."""
        for start in range(0, len(self.rows), size):
            yield [self._read(row) for row in self.rows[start : start + size]]

    def _read(self, row):
        wav = read_clip(f"{self.folder}/{row.wav}", row.start, row.stop)
        audio = fit_length(wav, self.samples) * row.gain
        name = row.wav if row.speaker else f"{row.wav}@{row.start}"
        return Clip(name, row.label, row.speaker, audio.numpy())

    def read_noise(self) -> list[NDArray[np.float32]]:
        """Returns the background recordings, [samples] each."""
        return [
            read_clip(f"{self.folder}/{row.wav}", row.start, row.stop).numpy()
            for row in self.noise
        ]


def read_test_clips(
    folder: str | Path,
    labels: Sequence[str],
    samples: int = SAMPLE_RATE,
    test_set: str | Path = "",
) -> ClipSet:
    """Finds the test clips of a task.

    They are those that the recipe tests on: of the official test set where the
    folder has it, else of the testing list, with unknown words and silence
    drawn in the same way. Classes may be missing, but not all.

    Arguments
    ---------
    folder : str | Path
        The unpacked data set; only its test split is read.
    labels : sequence of str
        The labels of the network's outputs; they define the task.
    samples : int
        Length of every clip, at 16 kHz.
    test_set : str | Path
        The folder of the official test set, where it is not beside ``folder``.

    Returns
    -------
    ClipSet
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(
            "expected a folder in Speech Commands' layout, found none at "
            f"{folder}; unpack the data set there, or name another folder"
        )
    corpus = read_corpus(folder, ["test"], partial=True, test_set=test_set)
    task = Task(list(labels))
    rows = split_rows(corpus, task, "test")
    there = {row.label for row in rows}
    if not there - {SILENCE}:
        raise ValueError(
            f"expected test clips of {', '.join(labels)} in {folder}, found "
            "none; evaluate on a folder that testing_list.txt belongs to, or "
            "with a model of its words"
        )
    official = uses_official_test_set(corpus, task)
    return ClipSet(
        folder,
        list(labels),
        rows,
        noise_rows(corpus, "test"),
        "the official test set" if official else "the testing list",
        [label for label in labels if label not in there],
        corpus.missing,
        samples,
    )
