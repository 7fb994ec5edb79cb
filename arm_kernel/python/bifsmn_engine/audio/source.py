"""The bytes of an audio file, as its decoder is to see them."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

MIN_RATE_HZ, MAX_RATE_HZ = 1000, 768_000
_MAX_CHANNELS = 1024
_MIN_BLOCK, _MAX_BLOCK = 1 << 12, 1 << 20
_OVERLAP = 16  # bytes of the longest pattern
ENDLESS = 1 << 60
NO_SAMPLES = "expected audio, found no samples; record it again"
TRUNCATED = (
    "expected as much audio as its header says, found less or damaged; copy or "
    "convert it again"
)
NO_AUDIO = (
    "expected audio (wav, flac, ogg or mp3), found something else; convert it, "
    "for example with ffmpeg, or give raw samples a header"
)
_TAG = 128  # bytes at the end where decoders look for a title


class Readable(Protocol):
    """What is read from a place: an open file, a ``Pipe``, or a ``Window``."""

    def seek(self, at: int, /) -> Any:
        """Goes to a place."""

    def read(self, count: int, /) -> Any:
        """Returns so many bytes, fewer at the end."""


# What names audio: a path, or an open file.
Source = str | Path | Any


class Fault(ValueError):
    """What is wrong with a file: "expected ..., found ...; ..."."""


class Part(NamedTuple):
    """A stretch of a file that a decoder reads by itself.

    ``first`` and ``last`` are the samples that count: encoders add some to
    either end.
    """

    start: int  # in bytes of the file
    stop: int
    samples: int | None = None  # of each channel, where they are known
    declared: bool = False  # by the header: fewer prove that some are missing
    patch: tuple = (0, b"")  # what the decoder reads instead, and where
    endless: bool = False  # hide the size, of which the decoder makes a length
    first: int = 0
    last: int | None = None


def open_regular(path: str | Path) -> io.FileIO:
    """Opens a file for reading, if it is one; does not wait for a writer.

    Arguments
    ---------
    path : str | Path
        Of a file. Folders, pipes, sockets and devices are refused.

    Returns
    -------
    io.FileIO

    Example
    -------
    >>> open_regular("/dev/zero")
    Traceback (most recent call last):
        ...
    ValueError: /dev/zero: expected an audio file, found a device or a pipe; ...
    """
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0)
    flags |= getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    text = os.fspath(path)
    try:
        # Windows opens no folder.
        number = None if os.path.isdir(path) else os.open(path, flags)
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise type(error)(
            f"{text}: expected an audio file, found none ({reason})"
        ) from None
    except ValueError:
        raise ValueError(
            f"{text!r}: expected the name of an audio file, found a zero byte "
            "in it; name another"
        ) from None
    if number is None:
        raise IsADirectoryError(
            f"{text}: expected an audio file, found a folder; name its files"
        )
    file = os.fdopen(number, "rb", buffering=0)
    if stat.S_ISREG(os.fstat(number).st_mode):
        return file
    file.close()
    raise ValueError(
        f"{text}: expected an audio file, found a device or a pipe; write what "
        "comes from it to a file"
    )


def check_form(rate: int, channels: int) -> None:
    """Refuses a rate or a number of channels that nobody records with."""
    if not MIN_RATE_HZ <= rate <= MAX_RATE_HZ:
        raise Fault(
            f"expected a sample rate from {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz, "
            f"found {rate} Hz; write the file again"
        )
    if not 0 < channels <= _MAX_CHANNELS:
        raise Fault(
            f"expected 1 to {_MAX_CHANNELS} channels, found {channels}; write "
            "the file again"
        )


def size_of(file: Readable) -> int:
    """Returns the bytes that an open file has, ``ENDLESS`` of a pipe."""
    if hasattr(file, "fileno"):
        return os.fstat(file.fileno()).st_size
    return file.size  # type: ignore[attr-defined]


def is_open(source: Any) -> bool:
    """Whether this is an open file, and not the path of one."""
    return hasattr(source, "read")


def name_of(source: Any) -> str:
    """Returns what messages call a path or an open file.

    Example
    -------
    >>> import pathlib
    >>> name_of(pathlib.Path("yes.wav")), name_of(io.BytesIO())
    ('yes.wav', 'audio')
    """
    if not is_open(source):
        return os.fspath(source)
    name = getattr(source, "name", None)
    if name in ("<stdin>", 0):
        return "standard input"
    return name if isinstance(name, str) else "audio"


def read_at(file: Readable, at: int, count: int) -> bytes:
    """Returns ``count`` bytes from a place of a file, less at its end."""
    file.seek(at)
    return file.read(count)


def find(
    file: Readable, pattern: re.Pattern[bytes], at: int, stop: int
) -> Iterator[int]:
    """Yields where a pattern is in a file, in constant memory.

    Arguments
    ---------
    file : io.FileIO
        What to search.
    pattern : re.Pattern
        Of bytes, 16 at most.
    at, stop : int
        From where to where.
    """
    size = _MIN_BLOCK
    while at < stop:
        block = read_at(file, at, min(size + _OVERLAP, stop - at))
        if not block:
            return
        for match in pattern.finditer(block):
            if match.start() < size:
                yield at + match.start()
        at, size = at + size, min(2 * size, _MAX_BLOCK)


class Window(io.RawIOBase):
    """A part of a file as a file of its own.

    ``error`` is what reading it has raised: a decoder would not pass it on.
    """

    def __init__(self, file: Readable, part: Part):
        self._file, self._part, self._at = file, part, 0
        self._size = part.stop - part.start
        self.error: OSError | None = None

    def tell(self) -> int:
        """Returns the place in the part."""
        return self._at

    def has_ended(self) -> bool:
        """Whether nothing is left."""
        return self._at >= self._size

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Goes to a place in the part."""
        end = ENDLESS if self._part.endless else self._size
        self._at = offset + (0, self._at, end)[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fills a buffer, as far as there is something."""
        try:
            data = self._read(len(buffer))
        except OSError as error:
            self.error, data = error, b""
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _read(self, count):
        at, part = self._at, self._part
        if part.endless and at >= ENDLESS - _TAG:
            return bytes(min(count, ENDLESS - at))
        count = min(count, self._size - at)
        if count <= 0 or at < 0:
            return b""
        data = read_at(self._file, part.start + at, count)
        place, patch = part.patch
        first, last = max(place, at), min(place + len(patch), at + len(data))
        if first < last:
            patched = bytearray(data)
            new = patch[first - place : last - place]
            patched[first - at : last - at] = new
            return bytes(patched)
        return data
