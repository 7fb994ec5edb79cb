"""What every keyword spotter does with the same audio (``keyword_audio``).

It gets chunks of 80 ms, and gives a score for each keyword at each step in
time. Needs NumPy alone: each spotter runs in an environment of its own.
"""

import json
import sys
import time
from abc import ABC, abstractmethod
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks.harness.memory import needed

RATE = 16000
CHUNK = 1280  # samples
CLIPS, OTHER = "clips", "other"  # folders
WEIGHED_S = 100  # of audio, while memory is weighed


class Spotter(ABC):
    """A keyword spotter: chunks of a stream to scores."""

    keywords: list[str]
    thresholds: list[float]  # its own, of each keyword
    hop_s: float  # seconds from step to step
    smoothing = 1  # steps to be averaged, where the spotter has not done so
    model: list[Path]  # files and folders of its model
    library: list[Path]  # and of its code

    @abstractmethod
    def reset(self) -> None:
        """Begins another stream."""

    @abstractmethod
    def take(self, chunk: NDArray[np.int16]) -> ArrayLike:
        """Returns the scores [steps][keywords] that have become ready."""

    def finish(self) -> ArrayLike:
        """Returns the scores that remain at the end of a stream."""
        return []


class Shipped(Spotter):
    """Features, and a network for each keyword, which a package ships."""

    features: Any
    models: list[Any]

    def reset(self) -> None:
        """Begins another stream."""
        self.features.reset()
        for model in self.models:
            model.reset()


def by_keyword(models: Iterable[Any]) -> dict[str, Any]:
    """Returns the members of a package's list of models by their keywords.

    Example
    -------
    >>> from enum import Enum
    >>> by_keyword(Enum("Model", {"NABU": "okay_nabu"}))
    {'okay nabu': <Model.NABU: 'okay_nabu'>}
    """
    return {model.value.replace("_", " "): model for model in models}


def known(words: Sequence[str], names: Iterable[str], what: str) -> list[str]:
    """Returns the words that a spotter knows; ends the program without any.

    Arguments
    ---------
    words : sequence of str
        The keywords of the recordings.
    names : iterable of str
        Those of the spotter.
    what : str
        Says which they are.

    Returns
    -------
    list of str

    Example
    -------
    >>> known(["alexa", "jarvis"], ["okay nabu", "alexa"], "its models")
    ['alexa']
    """
    names = list(names)
    found = [word for word in words if word in names]
    if not found:
        listed = ", ".join(words)
        sys.exit(f"expected one of {listed} among {what}, found none")
    return found


def options_of(parser: ArgumentParser) -> Namespace:
    """Adds what every spotter takes, and returns what it was given."""
    parser.add_argument("audio", type=Path, help="the folder of the files")
    parser.add_argument("--words", nargs="+", required=True)
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--scores", type=Path, help="an .npz file to write")
    wanted.add_argument("--memory", action="store_true")
    return parser.parse_args()


def main(load: Callable[[], Spotter], options: Namespace) -> None:
    """Writes scores and prints a JSON object about them; or prints KiB.

    Arguments
    ---------
    load : callable
        Imports and loads the spotter; what it needs is weighed.
    options : argparse.Namespace
        From ``options_of``.
    """
    if options.memory:
        audio = weighed_with(options.audio / OTHER)
        print(json.dumps(needed(lambda: _endless(load(), audio), len(audio))))
        return
    spotter, scores = load(), {}
    for path in sorted((options.audio / CLIPS).glob("*/*.s16")):
        word = path.parent.name
        if word in spotter.keywords:
            scores[f"{CLIPS}/{word}/{path.stem}"] = score(spotter, path)[0]
    cpu_s = hours = 0.0
    for path in sorted((options.audio / OTHER).glob("*.s16")):
        scores[f"{OTHER}/{path.stem}"], seconds = score(spotter, path)
        cpu_s += seconds
        hours += len(samples_of(path)) / RATE / 3600
    np.savez(options.scores, **scores)
    print(json.dumps(about(spotter) | {"cpu_s_per_hour": cpu_s / hours}))


def about(spotter: Spotter) -> dict[str, object]:
    """Returns what is to be known of a spotter to count its detections."""
    return {
        "thresholds": dict(
            zip(spotter.keywords, spotter.thresholds, strict=True)
        ),
        "hop_s": spotter.hop_s,
        "smoothing": spotter.smoothing,
        "bytes": {
            "model": size_of(spotter.model),
            "library": size_of(spotter.library),
        },
    }


def samples_of(path: Path) -> NDArray[np.int16]:
    """Returns the samples of a file, which are read as they are used."""
    return np.memmap(path, np.int16, "r")


def chunks(samples: NDArray[np.int16]) -> Iterator[NDArray[np.int16]]:
    """Yields samples by the chunk.

    Example
    -------
    >>> [len(chunk) for chunk in chunks(np.zeros(3000, np.int16))]
    [1280, 1280, 440]
    """
    for at in range(0, len(samples), CHUNK):
        yield np.array(samples[at : at + CHUNK])


def score(spotter: Spotter, path: Path) -> tuple[NDArray[np.float32], float]:
    """Returns the scores [steps][keywords] of a file, and CPU seconds."""
    samples = samples_of(path)
    spotter.reset()
    start = time.process_time()
    parts = [spotter.take(chunk) for chunk in chunks(samples)]
    parts.append(spotter.finish())
    seconds = time.process_time() - start
    columns = len(spotter.keywords)
    rows = [np.reshape(part, (-1, columns)) for part in parts]
    return np.concatenate(rows).astype(np.float32), seconds


def size_of(places: Iterable[Path]) -> int:
    """Returns the bytes of files, and of folders but for compiled Python."""
    files = (
        path
        for place in places
        for path in (place.rglob("*") if place.is_dir() else [place])
        if path.is_file() and path.suffix != ".pyc"
    )
    return sum(path.stat().st_size for path in files)


def weighed_with(folder: Path) -> list[NDArray[np.int16]]:
    """Returns chunks of other audio, held before memory is weighed."""
    path = min(folder.glob("*.s16"))
    return list(chunks(np.fromfile(path, np.int16, WEIGHED_S * RATE)))


def _endless(spotter, audio):
    """Returns a function of nothing: takes the next chunk."""
    spotter.reset()
    left = cycle(audio)
    return lambda: spotter.take(next(left))
