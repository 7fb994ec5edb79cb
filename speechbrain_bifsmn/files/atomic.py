"""Files and folders that are replaced whole, or stay as they were.

New content is written in a workshop, a hidden folder beside its target, flushed
to disk, and moved in place in one step. A kill or a power cut at any moment
leaves the old or the new version under its name. The workshop of a killed
process is removed by the next one that writes to the same target; a lock
protects the workshops of living processes.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from speechbrain_bifsmn.files.exchange import OLD, exchange

_LOCK, _NEW = ".lock", "new"  # what a workshop holds
_SUFFIX = ".bifsmn-tmp"
_MANY = 1000  # files, which take longer one by one than all at once
_HAS_SYNC = hasattr(os, "sync")


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Replaces a file with the one that is written in the context.

    Arguments
    ---------
    path : str | Path
        The file; its folder is made. A link is replaced, not followed. OSError
        where it is a folder or a device.

    Yields
    ------
    Path
        Where to write the new file, which has the same name. OSError where
        nothing was written.

    Example
    -------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_write(f"{folder}/new/notes.txt") as place:
    ...         _ = place.write_text("all of it")
    ...     [path.name for path in Path(folder, "new").iterdir()]
    ['notes.txt']
    """
    path = Path(path)
    _check_regular(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _workshop(path) as aside:
        place = aside / _NEW / path.name
        place.parent.mkdir()
        yield place
        _set_mode(place, path)
        _flush(place)
        os.replace(place, path)
        _flush(path.parent)


def write_text(path: str | Path, text: str) -> None:
    """Writes a text file in UTF-8, whole or not at all."""
    with atomic_write(path) as place:
        place.write_text(text, encoding="utf-8")


@contextmanager
def atomic_folder(
    folder: str | Path, check: Callable[[Path], object]
) -> Iterator[Path]:
    """Replaces a folder with the one that is filled in the context.

    Arguments
    ---------
    folder : str | Path
        The folder; those above it are made. A link to a folder stays one.
    check : callable
        Gets the folder that exists, if any, and raises where it must not be
        replaced. It is called at the beginning, and again on the old folder
        after the exchange, which is undone if it raises.

    Yields
    ------
    Path
        A new folder, to be filled.

    Example
    -------
    >>> with tempfile.TemporaryDirectory() as home:
    ...     for name in ("old", "new"):
    ...         with atomic_folder(f"{home}/it", lambda there: None) as it:
    ...             _ = (it / name).write_text("")
    ...     [path.name for path in Path(home, "it").iterdir()]
    ['new']
    """
    folder = Path(folder).resolve()
    if folder == Path.cwd():
        raise OSError(
            f"{folder}: expected a folder to make, found the working "
            "directory, which cannot be replaced; name another"
        )
    if folder.exists():
        check(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _workshop(folder) as aside:
        new = aside / _NEW
        new.mkdir()
        yield new
        flush_tree(new)
        _put(new, folder, check)
        _flush(folder.parent)


def _put(new, folder, check):
    """Puts a folder in its place; what was there is then where it was."""
    if not folder.exists():
        os.rename(new, folder)
        return
    exchange(new, folder)
    try:
        check(new)  # a file may have come since the first look
    except BaseException:
        exchange(new, folder)
        raise


def _set_mode(place, path):
    """Gives a new file the mode of the old one, or the default mode."""
    if path.is_file() and not path.is_symlink():
        shutil.copymode(path, place)
    else:
        place.chmod(place.parent.stat().st_mode & 0o666)


def _check_regular(path):
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(
            f"{path}: expected a file to write, found a folder; name another"
        )
    if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
        raise OSError(
            f"{path}: expected a file to write, found a device or a pipe; "
            "name another"
        )


@contextmanager
def _workshop(target):
    """A locked folder beside a place; clears what dead processes left."""
    clear_leftovers(target)
    aside, lock = _open_workshop(target)
    try:
        yield aside
    finally:
        lock.release()
        shutil.rmtree(aside, ignore_errors=True)


def _open_workshop(target):
    while True:
        aside = Path(tempfile.mkdtemp(_SUFFIX, _prefix(target), target.parent))
        lock = FileLock(aside / _LOCK, timeout=0)
        try:
            lock.acquire()
        except (Timeout, FileNotFoundError):
            continue  # another process took it for a dead one's
        return aside, lock


def _prefix(target):
    return f".{target.name[:40]}."


def _is_workshop(entry, target):
    """Whether a folder is a workshop of a target, and not a user's folder."""
    name = re.escape(_prefix(target)) + r"\w{8}" + re.escape(_SUFFIX)
    if not entry.is_dir(follow_symlinks=False):
        return False
    if not re.fullmatch(name, entry.name):
        return False
    found = set(os.listdir(entry))
    return not found or _LOCK in found and found <= {_LOCK, _NEW, _NEW + OLD}


def clear_leftovers(target: Path) -> None:
    """Removes workshops that killed processes have left beside a target.

    Writing to the target does so too; this is for where nothing is written.

    Arguments
    ---------
    target : Path
        The file or folder that those processes were to write.
    """
    if not target.parent.is_dir():
        return
    with os.scandir(target.parent) as entries:
        left = [Path(entry) for entry in entries if _is_workshop(entry, target)]
    for aside in left:
        try:
            lock = FileLock(aside / _LOCK, timeout=0)
            lock.acquire()
        except OSError:  # Timeout is one: its process lives
            continue
        waiting = aside / (_NEW + OLD)
        if waiting.exists() and not target.exists():
            os.rename(waiting, target)
        lock.release()
        shutil.rmtree(aside, ignore_errors=True)


def _flush(path):
    """Waits until a file, or the names in a folder, are on disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    except OSError:
        # Not every file system can do this to a folder.
        if not stat.S_ISDIR(os.fstat(file).st_mode):
            raise
    finally:
        os.close(file)


def flush_tree(folder: str | Path) -> None:
    """Waits until all files of a folder are on disk."""
    folders = list(os.walk(folder, topdown=False))
    if sum(len(files) for _, _, files in folders) > _MANY and _HAS_SYNC:
        os.sync()
        return
    for root, _, files in folders:
        for name in files:
            _flush(Path(root, name))
        _flush(root)
