"""Lengths that wav files tell, and what is to be read: for Python and C++."""

from typing import NamedTuple

RATE = 16000
FRAMES = 800  # that there are: 50 ms, as bifsmn-run tells them


class Told(NamedTuple):
    """What is told, and what is read."""

    data: int  # bytes, in the head of the samples
    riff: int | None  # in the outer head; None: what is right
    read: int | None  # frames; None: it is refused
    tail: bytes = b""  # behind the samples


ALL = 2 * FRAMES
_LIST = b"LIST\x04\0\0\0abcd"
# By name of who writes it, or of what is wrong.
TABLE = {
    "whole": Told(ALL, None, FRAMES),
    "whole, outer length wrong": Told(ALL, 7, FRAMES),
    "whole, outer length unknown": Told(ALL, 0xFFFFFFFF, FRAMES),
    "list behind": Told(ALL, None, FRAMES, _LIST),
    "cut list behind": Told(ALL, None, FRAMES, _LIST[:-1]),
    "other bytes behind": Told(ALL, None, FRAMES, b"?" * 33),
    "less than there is": Told(ALL - 96, None, FRAMES - 48),
    "half a sample": Told(ALL - 31, None, FRAMES - 16),
    "ffmpeg to a pipe": Told(0xFFFFFFFF, 0xFFFFFFFF, FRAMES),
    "sox to a pipe": Told(0x7FFFF000, 0x7FFFF024, FRAMES),
    "sox to a pipe, 24 bits": Told(0x7FFFEFFC, 0x7FFFF044, FRAMES),
    "sox to a pipe, 6 channels": Told(0x7FFFEFF0, 0x7FFFF038, FRAMES),
    "arecord to a pipe": Told(0x80000000, 0x80000024, FRAMES),
    "most that is signed": Told(0x7FFFFFFF, 0x7FFFFFFF, FRAMES),
    "... without a head": Told(0x7FFFFFDB, 0x7FFFFFFF, FRAMES),
    "most without a head": Told(0xFFFFFFDB, 0xFFFFFFFF, FRAMES),
    "... of whole samples": Told(0xFFFFFFFE, 0xFFFFFFFF, FRAMES),
    "never closed": Told(0, 0, FRAMES),
    "never closed, with a head": Told(0, 36, FRAMES),
    "never closed, with a list": Told(0, 48, FRAMES),
    "never closed, outer unknown": Told(0, 0xFFFFFFFF, FRAMES),
    "empty, and so it says": Told(0, None, None),
    "one byte is missing": Told(ALL + 1, None, None),
    "one sample is missing": Told(ALL + 2, None, None),
    "most is missing": Told(10**9, 10**9 + 36, None),
    "2 GB but for 128 kB": Told(0x7FFE0000, 0x7FFE0024, None),
    "2 GB and 128 kB": Told(0x80020000, 0x80020024, None),
    "4 GB but for 128 kB": Told(0xFFFE0000, 0xFFFE0024, None),
    "3 GB": Told(3 * 10**9, 3 * 10**9 + 36, None),
}


def wav_file(told, bytes_=None, rate=RATE, channels=1, bits=16, coding=1):
    """Returns a file; without ``bytes_``, of samples that count up."""
    if bytes_ is None:
        bytes_ = b"".join(k.to_bytes(2, "little") for k in range(FRAMES))
    frame = channels * bits // 8
    form = [(coding, 2), (channels, 2), (rate, 4), (rate * frame, 4)]
    form += [(frame, 2), (bits, 2)]
    body = b"WAVEfmt \x10\0\0\0"
    body += b"".join((n % 256**k).to_bytes(k, "little") for n, k in form)
    body += b"data" + told.data.to_bytes(4, "little") + bytes_ + told.tail
    riff = len(body) if told.riff is None else told.riff
    return b"RIFF" + riff.to_bytes(4, "little") + body
