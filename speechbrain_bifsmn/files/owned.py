"""Folders in which a command may replace what it wrote, and nothing else.

Such a folder holds ``MARKER``: which command made it, and the SHA-256 of each
file that it wrote. A file that is not listed there, or has changed since,
belongs to the user.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bifsmn_engine.files.checksum import sha256_of
from bifsmn_engine.files.json_object import read_object
from speechbrain_bifsmn.files.atomic import (
    atomic_folder,
    atomic_write,
    write_text,
)

MARKER = ".bifsmn.json"
_LITTER = ("__pycache__", ".DS_Store", "Thumbs.db")  # made by the system


@contextmanager
def owned_folder(folder: str | Path, command: str) -> Iterator[Path]:
    """Replaces a folder of a command with the one filled in the context.

    Arguments
    ---------
    folder : str | Path
        Does not exist, is empty, or was made by the same command and is
        unchanged since. FileExistsError where it holds anything else.
    command : str
        The command that makes it.

    Yields
    ------
    Path
        A new folder, to be filled.

    Example
    -------
    >>> import tempfile
    >>> home = Path(tempfile.mkdtemp())
    >>> with owned_folder(home / "voices", "synth") as new:
    ...     _ = (new / "one.wav").write_bytes(b"")
    >>> _ = (home / "voices" / "mine.wav").write_bytes(b"")
    >>> with owned_folder(home / "voices", "synth") as new:
    ...     pass
    Traceback (most recent call last):
        ...
    FileExistsError: expected a new folder, or one that `synth` has made and ...
    """

    def check(there):
        check_owned(there, command, folder)

    with atomic_folder(folder, check) as new:
        yield new
        _write_marker(new, command, _hashes(new))


@contextmanager
def owned_file(path: str | Path, command: str) -> Iterator[Path]:
    """Replaces a file of an owned folder with the one written in the context.

    Arguments
    ---------
    path : str | Path
        Does not exist, or is listed and unchanged since. FileExistsError
        where it is the user's.
    command : str
        The command that writes it; the folder is new, empty, or its own.

    Yields
    ------
    Path
        Where to write the new file, which is then listed.

    Example
    -------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "results.json")
    >>> for text in ("old", "new"):
    ...     with owned_file(path, "train") as place:
    ...         _ = place.write_text(text)
    >>> path.read_text()
    'new'
    """
    path = Path(path)
    claim(path.parent, command)
    check_file(path, command)
    with atomic_write(path) as place:
        yield place
        # Both, for a kill may come before the file is in its place or after.
        files = read_marker(path.parent)["files"]
        known = [*files.get(path.name, [])[-1:], sha256_of(place)]
        files[path.name] = known
        _write_marker(path.parent, command, files)


def check_file(path: Path, command: str) -> None:
    """Raises FileExistsError where a file belongs to the user.

    Arguments
    ---------
    path : Path
        A file of an owned folder; need not exist.
    command : str
        The command that would replace it.
    """
    if path.exists() and not is_listed(path):
        raise FileExistsError(
            f"{path}: expected none, or the one that `{command}` has written, "
            "found another; move it, or name another folder"
        )


def claim(folder: str | Path, command: str) -> None:
    """Marks a folder as a command's, if it is new, empty, or marked so.

    Arguments
    ---------
    folder : str | Path
        It is made where it does not exist.
    command : str
        The new owner.
    """
    folder = Path(folder)
    if owner(folder) == command:
        return
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(_refusal(command, "other files", folder))
    folder.mkdir(parents=True, exist_ok=True)
    _write_marker(folder, command, {})


def adopt(folder: str | Path, names: Sequence[str]) -> None:
    """Lists files of an owned folder that were not written by ``owned_file``.

    Arguments
    ---------
    folder : str | Path
        A folder with a marker.
    names : sequence of str
        Names of files in it.
    """
    marker = read_marker(folder)
    found = {name: [sha256_of(Path(folder, name))] for name in names}
    _write_marker(folder, marker["command"], marker["files"] | found)


def is_listed(path: Path) -> bool:
    """Returns whether a file of an owned folder is listed, and unchanged."""
    known = read_marker(path.parent).get("files", {}).get(path.name, [])
    return _is_unchanged(path, known)


def owner(folder: str | Path) -> str | None:
    """Returns the command that owns a folder; None without a marker."""
    return read_marker(folder).get("command")


def check_owned(
    folder: str | Path, command: str, name: str | Path | None = None
) -> None:
    """Raises FileExistsError where not all of a folder is the command's.

    Arguments
    ---------
    folder : str | Path
        An existing folder.
    command : str
        The command that would replace it.
    name : str | Path, optional
        Its name in the error, where that differs.
    """
    folder, name = Path(folder), name or folder
    if not folder.is_dir():
        raise FileExistsError(_refusal(command, "a file", name))
    marker = read_marker(folder)
    if marker.get("command") != command:
        files = list(folder.iterdir())
        if files:
            found = f"others, as {files[0].name}"
            raise FileExistsError(_refusal(command, found, name))
        return
    for path in _walk(folder):
        file = path.relative_to(folder).as_posix()
        known = marker["files"].get(file)
        if known is None:
            raise FileExistsError(_refusal(command, f"{file} in it", name))
        if not _is_unchanged(path, known):
            found = f"{file} changed"
            raise FileExistsError(_refusal(command, found, name))


def check_listed(folder: str | Path) -> None:
    """Raises FileExistsError where a listed file has changed.

    Arguments
    ---------
    folder : str | Path
        A folder with a marker.
    """
    marker = read_marker(folder)
    for name, known in marker.get("files", {}).items():
        path = Path(folder) / name
        if path.exists() and not _is_unchanged(path, known):
            command = marker["command"]
            found = f"{name} changed"
            raise FileExistsError(_refusal(command, found, folder))


def read_marker(folder: str | Path) -> dict[str, Any]:
    """Returns ``command`` and ``files`` of a marker, {} without a valid one."""
    path = Path(folder) / MARKER
    if not _is_plain(path):
        return {}
    try:
        marker = read_object(path)
        command, files = marker["command"], marker["files"]
        known = {str(name): list(map(str, files[name])) for name in files}
        return {"command": str(command), "files": known}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _refusal(command, found, folder):
    return (
        f"expected a new folder, or one that `{command}` has made and nobody "
        f"changed, found {found} at {folder}; move that, or name another folder"
    )


def _write_marker(folder, command, files):
    marker = {"command": command, "files": files}
    write_text(Path(folder) / MARKER, json.dumps(marker, indent=1) + "\n")


def _hashes(folder):
    return {
        path.relative_to(folder).as_posix(): [sha256_of(path)]
        for path in _walk(folder)
    }


def _is_plain(path):
    return path.is_file() and not path.is_symlink()


def _is_unchanged(path, known):
    return _is_plain(path) and sha256_of(path) in known


def _walk(folder):
    """Yields the files below a folder, but for the marker and litter."""
    for root, folders, files in os.walk(folder):
        links = [f for f in folders if Path(root, f).is_symlink()]
        folders[:] = sorted({*folders} - {*links, *_LITTER})
        for name in sorted([*files, *links]):
            path = Path(root, name)
            if name not in _LITTER and path != Path(folder, MARKER):
                yield path
