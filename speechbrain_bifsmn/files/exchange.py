"""Swaps two folders in one step of the file system."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path

_HERE = -100  # AT_FDCWD: paths are relative to the working directory
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS
OLD = ".old"  # behind the name of what waits for its place, see below
_UNKNOWN = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)


def exchange(one: Path, other: Path) -> None:
    """Swaps the names of two folders of one file system.

    Where the system has no such step (Windows, some network drives), three
    renames do it; a kill between them leaves ``other`` under the name of
    ``one`` with ``OLD`` appended.

    Arguments
    ---------
    one, other : Path
        Both exist.

    Example
    -------
    >>> import tempfile
    >>> home = Path(tempfile.mkdtemp())
    >>> for name in ("a", "b"):
    ...     (home / name).mkdir()
    >>> _ = (home / "a" / "file").write_text("")
    >>> exchange(home / "a", home / "b")
    >>> (home / "b" / "file").exists()
    True
    """
    paths = os.fsencode(one), os.fsencode(other)
    libc = (
        None if sys.platform == "win32" else ctypes.CDLL(None, use_errno=True)
    )
    if rename := getattr(libc, "renameat2", None):
        done = rename(_HERE, paths[0], _HERE, paths[1], _EXCHANGE)
    elif rename := getattr(libc, "renamex_np", None):
        done = rename(*paths, _EXCHANGE)
    else:
        done = None
    if done == 0:
        return
    code = errno.ENOSYS if done is None else ctypes.get_errno()
    if code not in _UNKNOWN:
        raise OSError(code, os.strerror(code), str(other))
    old = Path(one).with_name(Path(one).name + OLD)
    os.rename(other, old)
    try:
        os.rename(one, other)
    except BaseException:
        os.rename(old, other)
        raise
    os.rename(old, one)
