"""MP3 files, by their frames: parts of one format each, and their lengths.

Such a file has no header, but its first frame may tell how many follow and what
the encoder added. A decoder guesses without it, and stops where it guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from bifsmn_engine.audio.source import (
    NO_AUDIO,
    TRUNCATED,
    Fault,
    Part,
    Readable,
    find,
    read_at,
    size_of,
)

_START = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]|ID3[\x02-\x04]")
_KBPS = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {
    3: (44100, 48000, 32000),
    2: (22050, 24000, 16000),
    0: (11025, 12000, 8000),
}
_MPEG1, _NO_VERSION = 3, 1
_JUNK = 1 << 16  # bytes before the first frame, where a dump begins
_BLOCK = 1 << 16
_DECODER_DELAY = 529  # samples
_INFO = (b"Xing", b"Info")
_ADDED = 21  # bytes of what the encoder says before what it added


class Frame(NamedTuple):
    """Where a frame is, and of what kind."""

    at: int
    size: int  # bytes
    samples: int
    form: tuple  # version, rate, whether it is mono
    info: int  # where it tells about the others; 0 where it is audio
    hidden: bool  # whether it tells in a way that is not read here

    @property
    def stop(self) -> int:
        """Where the next one begins."""
        return self.at + self.size


class _Bytes:
    """A file's bytes, read in large blocks."""

    def __init__(self, file):
        self._file, self._at, self._block = file, 0, b""

    def get(self, at, count):
        """Returns up to ``count`` bytes from a place."""
        first = at - self._at
        if first < 0 or first + count > len(self._block):
            self._at, first = at, 0
            self._block = read_at(self._file, at, max(_BLOCK, count))
        return self._block[first : first + count]


def parts(file: Readable, start: int) -> Iterator[Part]:
    """Yields the parts of a file, whose tags end at ``start``."""
    info, first, last, count = None, None, None, 0
    for frame in frames(file, start):
        if frame.info or not (
            last and frame.at == last.stop and frame.form == last.form
        ):
            if first:
                yield _part(file, info, first, last, count)
            info = frame if frame.info else None
            first, count = None, 0
        if not frame.info:
            first, count = first or frame, count + 1
        last = frame
    if first:
        yield _part(file, info, first, last, count)
    elif not last:
        raise Fault(NO_AUDIO)


def _part(file, info, first, last, count):
    """Has the decoder start behind the frame that tells, and cuts as it would.

    It goes by that frame even where more follow, as in joined files.
    """
    total = count * first.samples
    part = Part(first.at, last.stop, total, endless=True)
    if not info or info.hidden:
        return part
    told, before, after = _read_info(file, info)
    if told > count + 1:  # some count that frame too
        raise Fault(TRUNCATED)
    begin, end = 0, total
    if before or after:
        begin = before + _DECODER_DELAY
    if begin and told >= count:
        end = min(total, total - after + _DECODER_DELAY)
    begin = min(begin, end)
    return part._replace(samples=end - begin, first=begin, last=end)


def _read_info(file, info):
    """Returns frames, and samples added before and after; 0 where unknown."""
    table = read_at(file, info.info, info.stop - info.info)
    flags, at, told = table[7] if len(table) > 7 else 0, 8, 0
    if flags & 1:
        told = int.from_bytes(table[at : at + 4], "big")
    for flag, size in ((1, 4), (2, 4), (4, 100), (8, 4)):
        at += size if flags & flag else 0
    added = table[at + _ADDED :][:3]
    if len(added) < 3 or not table[at]:
        return told, 0, 0
    both = int.from_bytes(added, "big")
    return told, both >> 12, both & 0xFFF


def frames(file: Readable, start: int) -> Iterator[Frame]:
    """Yields the frames of a file; leaves out what is not of them.

    Arguments
    ---------
    file : io.FileIO
        What to read.
    start : int
        Where to begin; the first frame is near.

    Yields
    ------
    Frame
    """
    data, size = _Bytes(file), size_of(file)
    limit, form = min(start + _JUNK, size), None
    at = start
    while True:
        frame = _parse(data, at)
        if not frame or frame.stop > size or frame.form != form:
            frame = _next(file, data, at, limit, size)
            if not frame:
                return
        yield frame
        at, form, limit = frame.stop, frame.form, size


def _next(file, data, at, limit, size):
    """Finds a frame that another follows, or that ends the file."""
    for place in find(file, _START, at, limit):
        if place < at:
            continue
        tag = tag_size(data.get(place, 10))
        frame = _parse(data, place)
        if tag:
            at = place + tag
            limit = max(limit, min(at + _JUNK, size))
        elif frame and frame.stop <= size:
            after = _parse(data, frame.stop)
            if frame.stop == size or (after and after.form == frame.form):
                return frame
    return None


def tag_size(head: bytes) -> int:
    """Returns the bytes of the ID3v2 tag that begins so; 0 where none does."""
    if len(head) < 10 or head[:3] != b"ID3" or max(head[6:10]) > 127:
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte
    return 10 + size + (10 if head[5] & 0x10 else 0)


def _parse(data, at):
    """Returns the frame at a place, None where there is none."""
    head = data.get(at, 4)
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    version, speed, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if (
        version == _NO_VERSION
        or speed in (0, 15)
        or rate == 3
        or head[3] & 3 == 2
    ):
        return None
    mono, rate = head[3] >> 6 == 3, _RATES[version][rate]
    samples = 1152 if version == _MPEG1 else 576
    bits = samples * 1000 * _KBPS[version == _MPEG1][speed]
    size = bits // rate // 8 + (head[2] >> 1 & 1)
    side = (17, 32) if version == _MPEG1 else (9, 17)
    table = 4 + side[not mono]
    told = data.get(at + table, 4) in _INFO
    hidden = not told and data.get(at + 36, 4) == b"VBRI"
    info = at + table if told or hidden else 0
    return Frame(at, size, samples, (version, rate, mono), info, hidden)
