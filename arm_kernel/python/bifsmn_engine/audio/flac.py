"""FLAC files, those joined to one another and those of unknown length."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, pairwise

from bifsmn_engine.audio.source import Part, Readable, find, read_at, size_of

MARK = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")  # with a STREAMINFO block
_TOTAL = 21  # where it tells the samples, in 36 bits


def parts(file: Readable, start: int) -> Iterator[Part]:
    """Yields the parts of a file whose first one begins at ``start``.

    The decoder would stop at the length that the header tells, though more may
    follow: it is hidden from it, and compared afterwards.
    """
    size = size_of(file)
    marks = chain(find(file, MARK, start, size), [size])
    for begin, end in pairwise(marks):
        total = read_at(file, begin + _TOTAL, 5)
        samples = int.from_bytes(total, "big") & (1 << 36) - 1
        hidden = bytes([total[0] & 0xF0]) + bytes(4)
        patch = _TOTAL, hidden
        yield Part(begin, end, samples or None, bool(samples), patch=patch)
