"""Audio that comes from a pipe, or any other file that is read forward only."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from bifsmn_engine.audio.source import ENDLESS, Fault, Readable, read_at

_MAX_KEPT = 1 << 20  # bytes of a header
_MAX_SPOOLED = 1 << 30
_BLOCK = 1 << 16


class Pipe:
    """What has been read of a header stays; all else is read once.

    Arguments
    ---------
    file : binary file
        To read from where it is. It may end late, or never.

    Example
    -------
    >>> import io
    >>> pipe = Pipe(io.BytesIO(b"header samples"))
    >>> read_at(pipe, 0, 6), read_at(pipe, 0, 3), read_at(pipe, 7, 99)
    (b'header', b'hea', b'samples')
    """

    size = ENDLESS  # for all that is known

    def __init__(self, file: Any):
        # What is there is enough: a pipe gives less than is asked for.
        self._read = getattr(file, "read1", file.read)
        # Part of the bytes, from a place on; and which one is read next.
        self._kept, self._first, self._at = bytearray(), 0, 0

    def seek(self, at: int) -> None:
        """Goes to a place: forward, or back in what is kept."""
        self._at = at

    def read(self, count: int) -> bytes:
        """Waits for so many bytes; returns fewer at the end alone."""
        self._fill(self._at + count)
        begin = self._at - self._first
        data = bytes(self._kept[begin : begin + count])
        self._at += len(data)
        return data

    def _fill(self, stop):
        """Reads up to a place, and forgets what has become too much."""
        while (end := self._first + len(self._kept)) < stop:
            block = self._read(min(stop - end, _BLOCK))
            if not block:
                return
            self._kept += block
            if len(self._kept) > _MAX_KEPT:
                del self._kept[: -_MAX_KEPT // 2]
                self._first = end + len(block) - len(self._kept)

    def spool(self, check: Callable[[Readable], None]) -> Any:
        """Writes all there is to a temporary file, for decoders that seek.

        Arguments
        ---------
        check : callable
            Gets the file with the beginning; raises Fault for what is no audio.

        Returns
        -------
        io.FileIO
        """
        spooled, size = tempfile.TemporaryFile(buffering=0), 0
        try:
            while block := read_at(self, size, _BLOCK):
                spooled.write(block)
                size += len(block)
                if size > _MAX_SPOOLED:
                    raise Fault(
                        "expected up to 1 GiB of compressed audio from a pipe, "
                        "found more; write it to a file"
                    )
                if size >= 2 * _BLOCK > size - len(block):
                    check(spooled)
                    spooled.seek(size)
        except BaseException:
            spooled.close()
            raise
        return spooled


def open_pipe(path: str | Path) -> BinaryIO | None:
    """Opens a named pipe that a user has named; waits for who writes to it.

    Arguments
    ---------
    path : str | Path
        Of anything.

    Returns
    -------
    binary file | None
        None where it is no pipe.
    """
    try:
        is_pipe = stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, ValueError):  # opening it will say why
        return None
    return open(path, "rb") if is_pipe else None
