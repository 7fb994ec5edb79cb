"""The audio on which keyword spotters are compared, the same for all.

Samples of 16 bits without a header, as from a microphone: any program can read
them. ``clips/WORD/N.s16`` are recordings, ``other/NAME.s16`` hours without a
keyword.
"""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.keyword_runner import CLIPS, OTHER, RATE
from speechbrain_bifsmn.operating_points.tuning_data import (
    in_context,
    in_sequence,
    keyword_clips,
    negative_audio,
)

CONTEXT_S = 1.0  # of quiet noise before a recording, and after it


def to_int16(audio: NDArray[np.floating]) -> NDArray[np.int16]:
    """Returns samples from -1 to 1 in 16 bits; louder ones are clipped.

    Example
    -------
    >>> to_int16(np.array([0.5, -2.0])).tolist()
    [16384, -32768]
    """
    return np.clip(np.round(audio * 32768), -32768, 32767).astype(np.int16)


def write_audio(
    folder: Path,
    recordings: Path,
    other: Sequence[Path],
    words: Sequence[str],
) -> None:
    """Writes all recordings of the words, and the other audio.

    Arguments
    ---------
    folder : Path
        Gets the files.
    recordings : Path
        A folder for each word; nothing in it was trained on.
    other : sequence of Path
        Files and folders without a keyword, as for ``negative_audio``.
    words : sequence of str
        The keywords.
    """
    parts = keyword_clips(recordings, words, unseen=True).values()
    for n, (k, segment) in enumerate(chain.from_iterable(parts)):
        place = folder / CLIPS / words[k] / f"{n}.s16"
        place.parent.mkdir(parents=True, exist_ok=True)
        to_int16(in_context(segment, RATE, CONTEXT_S)).tofile(place)
    (folder / OTHER).mkdir(parents=True)
    for path in other:
        halves = negative_audio(path, words).values()
        segments = list(chain.from_iterable(halves))
        place = folder / OTHER / f"{path.resolve().name}.s16"
        with place.open("xb") as file:
            for chunk in in_sequence(segments, RATE):
                to_int16(chunk).tofile(file)
