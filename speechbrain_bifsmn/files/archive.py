"""Tar archives of strangers, unpacked whole or not at all.

Python's ``tarfile`` reads the heads of members here, and writes nothing: what
keeps its own extraction inside a folder was not safe before CVE-2025-4517 was
mended. Files and folders are taken; anything else is refused by its name.
"""

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
_MAX_NOTES = 1 << 16  # bytes of a member's pax header, or behind the end
_ODD = frozenset('\\:*?"<>|')  # of which some systems make other names
_NOTES = (tarfile.XHDTYPE, tarfile.XGLTYPE)
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
    """What is found instead of a good archive."""


def unpack(path, folder, max_bytes):
    """Unpacks a tar.gz archive, whole or not at all.

    Arguments
    ---------
    path : str | Path
        The archive.
    folder : str | Path
        Not there yet, or empty.
    max_bytes : int
        What its files may have, all together. So much room must be free.

    Returns
    -------
    Path
        ``folder``. Raises OSError where the disk fails, ValueError where the
        archive is damaged or holds anything but files and folders.

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
    taken, left = {}, max_bytes
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
    """Yields name, size and whether it is a folder, of each member.

    The file is then to be read.
    """
    for _ in range(_MAX_MEMBERS):
        block = plain.read(_BLOCK)
        try:
            head = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.EOFHeaderError:
            return
        if head.size < 0 or (head.isdir() and head.size):
            raise _Refused(f"{head.name!r} of {head.size} bytes")
        if head.type in _NOTES:
            _check_notes(plain, head)
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


def _check_notes(plain, head):
    """Takes a pax header of times and owners, which nobody needs."""
    if head.size > _MAX_NOTES:
        raise _Refused(f"{head.name!r}, a header of {head.size} bytes,")
    notes = b"".join(_read(plain, head.size))
    if any(word in notes for word in _CHANGING):
        raise _Refused(f"{head.name!r}, a header that changes the next,")
    _skip_padding(plain, head.size)


def _read(plain, size):
    """Yields so many bytes."""
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
    """Reads on to the checksum, which stands at the end."""
    behind = 0
    while data := plain.read(_CHUNK):
        behind += len(data)
        if data.strip(b"\0") or behind > _MAX_NOTES:
            raise _Refused("more behind its end")


def _parts(name, is_folder):
    """Returns the folders and the file of a name that leads nowhere else."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    odd = not name.isprintable() or _ODD & set(name)
    ends = any(part[-1] in ". " for part in parts)  # ".." is one
    is_none = not parts and not is_folder
    if name.startswith("/") or odd or ends or is_none:
        raise _Refused(f"the name {name!r}")
    return parts


def _claim(name, parts, is_folder, taken):
    """Refuses a second file of a name, also where case makes no difference."""
    key = ""
    for thinning, part in enumerate(parts, 1):
        key += "/" + unicodedata.normalize("NFKC", part).casefold()
        folder = is_folder or thinning < len(parts)
        if key in taken and not (taken[key] and folder):
            raise _Refused(f"two of the name {name!r}")
        taken[key] = folder
