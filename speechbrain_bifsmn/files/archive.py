"""Untrusted tar archives, unpacked whole or not at all.

Python's ``tarfile`` reads the headers of members here, and writes nothing: the
filters that keep its own extraction inside a folder were not safe before the
fix of CVE-2025-4517. Files and folders are extracted; anything else is refused
by its name.
"""

from __future__ import annotations

import gzip
import tarfile
import unicodedata
import zlib
from pathlib import Path

from tqdm import tqdm

from speechbrain_bifsmn.files.atomic import atomic_folder
from speechbrain_bifsmn.files.download import check_room

_BLOCK = tarfile.BLOCKSIZE
_CHUNK = 1 << 18
_MAX_MEMBERS = 200_000
_MAX_PAX = 1 << 16  # bytes of a member's pax header, or behind the end
_ODD = frozenset('\\:*?"<>|')  # characters that some systems replace in names
_PAX = (tarfile.XHDTYPE, tarfile.XGLTYPE)
_CHANGING = (
    b" path=",
    b" size=",
    b" linkpath=",
    b" GNU.sparse",
    b" hdrcharset=",
)
_KINDS = {
    tarfile.LNKTYPE: "a link",
    tarfile.SYMTYPE: "a link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.GNUTYPE_SPARSE: "a file with holes",
    tarfile.GNUTYPE_LONGNAME: "a name of another form",
    tarfile.GNUTYPE_LONGLINK: "a name of another form",
}


class _Refused(ValueError):
    """Says what is found instead of a sound archive."""


def unpack(path: str | Path, folder: str | Path, max_bytes: int) -> Path:
    """Unpacks a tar.gz archive, whole or not at all.

    Arguments
    ---------
    path : str | Path
        The archive.
    folder : str | Path
        Where to: does not exist yet, or is empty.
    max_bytes : int
        Limit for the sizes of its files together; this much space must be
        free.

    Returns
    -------
    Path
        ``folder``.

    Raises
    ------
    OSError
        The disk fails.
    ValueError
        The archive is damaged or holds anything but files and folders.

    Example
    -------
    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp())
    >>> with tarfile.open(root / "a.tar.gz", "w:gz") as tar:
    ...     tar.addfile(tarfile.TarInfo("yes/clip.wav"))
    >>> [p.name for p in unpack(root / "a.tar.gz", root / "data", 9).iterdir()]
    ['yes']
    """
    path, folder = Path(path), Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    check_room(folder.parent, max_bytes)
    with atomic_folder(folder, _check_empty) as new:
        _extract(path, new, max_bytes)
    return folder


def _check_empty(folder):
    if not folder.is_dir() or any(folder.iterdir()):
        raise FileExistsError(
            f"data folder: expected none or an empty one at {folder}, found "
            "files; move them, or choose another folder"
        )


def _extract(path, folder, max_bytes):
    with (
        open(path, "rb") as raw,
        tqdm.wrapattr(
            raw,
            "read",
            total=path.stat().st_size,
            desc=f"Unpacking {path.name}",
        ) as file,
    ):
        try:
            with gzip.open(file) as plain:
                _write_members(plain, folder, max_bytes)
                _check_end(plain)
            return
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile):
            fault = "a damaged one"
        except _Refused as error:
            fault = str(error)
    raise ValueError(
        f"archive: expected a whole tar.gz of files and folders, found {fault} "
        f"in {path}; delete it and download it again"
    )


def _write_members(plain, folder, max_bytes):
    taken: dict[str, bool] = {}
    left = max_bytes
    for name, size, is_folder in _members(plain):
        parts = _parts(name, is_folder)
        _claim(name, parts, is_folder, taken)
        place = folder.joinpath(*parts)
        if is_folder:
            place.mkdir(parents=True, exist_ok=True)
            continue
        if size > left:
            raise _Refused(f"more than {max_bytes} bytes, with {name!r}")
        left -= size
        place.parent.mkdir(parents=True, exist_ok=True)
        with open(place, "xb") as file:
            for data in _read(plain, size):
                file.write(data)


def _members(plain):
    """Yields the name of each member, its size, and whether it is a folder.

    Before the next one, the caller reads the content of a file.
    """
    for _ in range(_MAX_MEMBERS):
        block = plain.read(_BLOCK)
        if block == bytes(_BLOCK):  # the end
            return
        head = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        if head.size < 0 or (head.isdir() and head.size):
            raise _Refused(f"{head.name!r} of {head.size} bytes")
        if head.type in _PAX:
            _check_pax(plain, head)
            continue
        if head.type not in (
            tarfile.REGTYPE,
            tarfile.AREGTYPE,
            tarfile.DIRTYPE,
        ):
            kind = _KINDS.get(head.type, f"of type {head.type!r}")
            raise _Refused(f"{head.name!r}, {kind},")
        yield head.name, head.size, head.isdir()
        if not head.isdir():
            _skip_padding(plain, head.size)
    raise _Refused(f"more than {_MAX_MEMBERS} members")


def _check_pax(plain, head):
    """Skips a pax header of times and owners; refuses any other."""
    if head.size > _MAX_PAX:
        raise _Refused(f"{head.name!r}, a header of {head.size} bytes,")
    records = b"".join(_read(plain, head.size))
    if any(word in records for word in _CHANGING):
        raise _Refused(f"{head.name!r}, a header that changes the next,")
    _skip_padding(plain, head.size)


def _read(plain, size):
    """Yields ``size`` bytes in parts."""
    while size:
        data = plain.read(min(size, _CHUNK))
        if not data:
            raise EOFError
        size -= len(data)
        yield data


def _skip_padding(plain, size):
    for _ in _read(plain, -size % _BLOCK):
        pass


def _check_end(plain):
    """Reads on to the end, where gzip's checksum is."""
    behind = 0
    while data := plain.read(_CHUNK):
        behind += len(data)
        if data.strip(b"\0") or behind > _MAX_PAX:
            raise _Refused("more behind its end")


def _parts(name, is_folder):
    """Returns the parts of a name; refuses one that leads out of the folder."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    odd = not name.isprintable() or _ODD & set(name)
    ends = any(part[-1] in ". " for part in parts)  # ".." is one
    is_none = not parts and not is_folder
    if name.startswith("/") or odd or ends or is_none:
        raise _Refused(f"the name {name!r}")
    return parts


def _claim(name, parts, is_folder, taken):
    """Refuses a second file of a name, case and Unicode form ignored."""
    key = ""
    for level, part in enumerate(parts, 1):
        key += "/" + unicodedata.normalize("NFKC", part).casefold()
        folder = is_folder or level < len(parts)
        if key in taken and not (taken[key] and folder):
            raise _Refused(f"two of the name {name!r}")
        taken[key] = folder
