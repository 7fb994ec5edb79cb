"""The output folder of a training, which one process at a time may use."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

from bifsmn_engine.printable import printable
from speechbrain_bifsmn.files.owned import (
    check_listed,
    claim,
    owner,
)

OWNER = "train"
LOCK = ".lock"


@contextmanager
def output_folder(folder: str | Path, restart: bool = False) -> Iterator[Path]:
    """Claims a folder for a training, and keeps others out of it.

    Arguments
    ---------
    folder : str | Path
        New, empty, or that of an earlier training. OSError where another
        process trains there, FileExistsError where it is another folder, or
        its user has changed a file that the training would write again.
    restart : bool
        Renames the folder of an earlier training to ``<folder>.before-1``, or
        the next free number.

    Yields
    ------
    Path
        The folder.

    Example
    -------
    >>> import tempfile
    >>> home = Path(tempfile.mkdtemp())
    >>> with output_folder(home / "run") as folder:
    ...     with output_folder(home / "run"):
    ...         pass
    Traceback (most recent call last):
        ...
    OSError: expected an output folder of which no other process trains, ...
    """
    folder = Path(folder).resolve()  # a link stays one
    claim(folder, OWNER)
    lock = _locked(folder)
    try:
        if restart and _is_used(folder):
            names = (f"{folder.name}.before-{k}" for k in count(1))
            places = (folder.with_name(name) for name in names)
            aside = next(p for p in places if not os.path.lexists(p))
            os.rename(folder, aside)
            print(printable(f"What was in {folder} is in {aside}"))
            lock.release()
            claim(folder, OWNER)
            lock = _locked(folder)
        check_listed(folder)
        with _logged(folder / "log.txt"):
            yield folder
    finally:
        lock.release()


@contextmanager
def _logged(path):
    """Logs the traceback of an error, of which the user sees one line."""
    try:
        yield
    except (OSError, ValueError):
        with open(path, "a", encoding="utf-8") as log:
            traceback.print_exc(file=log)
        raise


def _is_used(folder):
    return owner(folder) == OWNER and (folder / "save").exists()


def _locked(folder):
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise OSError(
            "expected an output folder of which no other process trains, found "
            f"one at work in {folder}; wait for it, or name another folder"
        ) from None
    return lock
