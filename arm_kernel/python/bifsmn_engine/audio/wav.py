"""Wav files: where the samples are, and how many.

Who writes to a pipe, or is cut off by a flat battery, leaves a length that
stands for none; such samples go on to the end of the file. Any other length
that a file does not hold proves that the rest of it is missing.
``arm_kernel/src/format/wav.cpp`` has the same rules.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bifsmn_engine.audio.source import (
    ENDLESS,
    NO_SAMPLES,
    TRUNCATED,
    Fault,
    Part,
    Readable,
    check_form,
    read_at,
    size_of,
)

PCM, FLOAT, ALAW, MULAW, EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
# Of what is decoded here, by coding and bytes of a sample; 24 bits are widened.
_TYPES = {
    (PCM, 1): "u1",
    (PCM, 2): "<i2",
    (PCM, 3): "<i4",
    (PCM, 4): "<i4",
    (FLOAT, 4): "<f4",
    (FLOAT, 8): "<f8",
}
_HEAD, _FORMAT = struct.Struct("<4sI"), struct.Struct("<HHIIHH")
_NO_FORMAT = (
    "expected a format chunk that makes sense, found none; write the file again"
)
_NEAR = 1 << 16  # bytes that writers take off for headers and whole samples
_CHUNKS = 10_000


class Layout(NamedTuple):
    """What the header of a wav file says."""

    coding: int
    channels: int
    rate: int  # Hz
    sample_bytes: int
    start: int  # of the samples, in bytes of the file
    stop: int
    declared: bool  # whether that end is what the header says

    @property
    def samples(self) -> int:
        """Of each channel."""
        return (self.stop - self.start) // self.frame_bytes

    @property
    def frame_bytes(self) -> int:
        """Of a sample of all channels."""
        return self.channels * self.sample_bytes

    @property
    def is_plain(self) -> bool:
        """Whether ``decode`` does it."""
        return (self.coding, self.sample_bytes) in _TYPES


def is_wav(head: bytes) -> bool:
    """Whether a file that begins so is one."""
    return head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE"


def read_layout(file: Readable) -> Layout:
    """Reads the header of a wav file.

    Arguments
    ---------
    file : io.FileIO
        What ``is_wav``.

    Returns
    -------
    Layout
    """
    size = size_of(file)
    kind, outer = _HEAD.unpack(read_at(file, 0, 8))
    form, long, at = None, None, 12
    for _ in range(_CHUNKS):
        head = read_at(file, at, 8)
        if len(head) < 8:
            break
        name, length = _HEAD.unpack(head)
        at += 8
        if name == b"data" and form:
            return _layout(file, form, at, length, long, size, 8 + outer)
        if at + length > size:
            raise Fault(TRUNCATED)
        if name == b"fmt " and not form:
            form = _read_format(read_at(file, at, min(length, 40)))
        elif name == b"ds64" and kind == b"RF64" and length >= 16:
            long = int.from_bytes(read_at(file, at + 8, 8), "little")
        at += length + length % 2  # chunks begin at even places
    if form:
        raise Fault(NO_SAMPLES)
    raise Fault(_NO_FORMAT)


def decode(
    file: Readable, layout: Layout, first: int, block: int
) -> Iterator[NDArray[np.float32]]:
    """Yields the samples of a plain wav file.

    Arguments
    ---------
    file : io.FileIO
        The file.
    layout : Layout
        Its own.
    first : int
        Samples of each channel to leave out.
    block : int
        Numbers to read at once.

    Yields
    ------
    numpy.ndarray
        float32 [samples][channels].
    """
    frame = layout.frame_bytes
    for at in range(first, layout.samples, max(1, block // layout.channels)):
        count = min(max(1, block // layout.channels), layout.samples - at)
        data = read_at(file, layout.start + at * frame, count * frame)
        ends = len(data) < count * frame
        if ends and layout.declared:
            raise Fault(TRUNCATED)  # since the header was read
        data = data[: len(data) // frame * frame]
        if data:
            floats = _floats(data, layout.coding, layout.sample_bytes)
            yield floats.reshape(-1, layout.channels)
        if ends:
            return
    if size_of(file) == ENDLESS:
        _check_alone(file, layout.stop)


def decoder_part(layout: Layout) -> Part:
    """Returns what a decoder that knows the coding gets.

    The length is one that it believes.
    """
    length = min(layout.stop - layout.start, 0xFFFFFFFE)
    patch = layout.start - 4, length.to_bytes(4, "little")
    return Part(0, layout.stop, patch=patch)


def _floats(data, coding, sample_bytes):
    """Numbers from -1 to 1, floats as they are."""
    if sample_bytes == 3:
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        data = wide.tobytes()
    numbers = np.frombuffer(data, _TYPES[coding, sample_bytes])
    if coding == FLOAT:
        with np.errstate(over="ignore"):
            return numbers.astype(np.float32)
    if sample_bytes == 1:
        numbers = numbers.astype(np.int16) - 128  # 8 bits are unsigned
    bits = 8 * numbers.itemsize if sample_bytes > 1 else 8
    return numbers.astype(np.float32) * np.float32(2.0 ** (1 - bits))


def _layout(file, form, start, length, long, size, end):
    """Where the samples end: where the header says, or where the file does."""
    if long is not None and length == 0xFFFFFFFF:
        length, declared = long, 0 < long < 1 << 63
    else:
        declared = length or end in (size, size + 1)
        declared = declared and not _is_placeholder(length)
    if not declared:
        return Layout(**form, start=start, stop=size, declared=False)
    if start + length > size:
        raise Fault(TRUNCATED)
    if size < ENDLESS:  # of a pipe, when its samples have been read
        _check_alone(file, start + length)
    return Layout(**form, start=start, stop=start + length, declared=True)


def _check_alone(file, stop):
    """Refuses what is joined to the end, behind what else there is."""
    at = stop + stop % 2
    for _ in range(_CHUNKS):
        head = read_at(file, at, 8)
        if len(head) < 8:
            return
        name, length = _HEAD.unpack(head)
        if name == b"RIFF":
            raise Fault(
                "expected one wav file, found another joined to its end; join "
                "them with sox or ffmpeg"
            )
        at += 8 + length + length % 2


def _is_placeholder(length):
    """Sox writes 0x7FFFF000, arecord 0x80000000, ffmpeg 0xFFFFFFFF."""
    return abs(length - (1 << 31)) <= _NEAR or length >= (1 << 32) - _NEAR


def _read_format(chunk):
    """Returns what a format chunk says of a ``Layout``."""
    if len(chunk) < 16:
        raise Fault(_NO_FORMAT)
    coding, channels, rate, _, frame, bits = _FORMAT.unpack(chunk[:16])
    if coding == EXTENSIBLE and len(chunk) >= 26:
        coding = int.from_bytes(chunk[24:26], "little")
    plain = coding in (PCM, FLOAT, ALAW, MULAW)
    fits = (bits + 7) // 8 * channels == frame
    check_form(rate, channels)
    if not frame or (plain and not fits):
        raise Fault(_NO_FORMAT)
    return {
        "coding": coding,
        "channels": channels,
        "rate": rate,
        "sample_bytes": frame // channels,
    }
