"""Large published archives: downloaded whole, checked, unpacked safely."""

import gzip
import hashlib
import http.client
import os
import platform
import shutil
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
import zlib
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

CHUNK = 1 << 18
PAUSE = 1.0  # seconds after a failed attempt; twice as long each time
PARTIAL, WRONG_RANGE = 206, 416


class Archive(NamedTuple):
    """A file to download, and what is known of it."""

    url: str
    sha256: str  # "" where none is published
    bytes: int = 0  # 0 where unknown
    unpacked_bytes: int = 0  # on disk, roughly


class DiskFull(OSError):
    """There is not enough room."""


def download(archive, path, timeout=30.0, attempts=5):
    """Downloads an archive, or what is left of it.

    What is there is used again. An unfinished download lies in ``path`` with
    ``.part`` behind it, and goes on where it was. Broken connections are tried
    again until ``attempts`` in a row bring nothing new.

    Arguments
    ---------
    archive : Archive
        What to download.
    path : str | Path
        Where to.
    timeout : float
        Seconds of silence that end an attempt.
    attempts : int
        See above.

    Returns
    -------
    Path
        ``path``. Raises OSError where network or disk fail, ValueError where
        the file is not what it should be.

    Example
    -------
    >>> path = Path(tempfile.mkdtemp()) / "archive.tar.gz"
    >>> _ = path.write_bytes(b"whole")
    >>> digest = hashlib.sha256(b"whole").hexdigest()
    >>> download(Archive("http://localhost/x", digest), path) == path
    True
    """
    path = Path(path)
    if not archive.url.startswith(("http://", "https://")):
        raise ValueError(f"url: expected http or https, got {archive.url}")
    if path.exists():
        _check(archive, path)
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    failures = 0
    while True:
        before = _size(part)
        try:
            _go_on(archive, part, timeout)
            break
        except DiskFull:
            raise
        except (OSError, http.client.HTTPException) as error:
            failures = 0 if _size(part) > before else failures + 1
            _give_up_or_wait(archive, error, failures, attempts)
    try:
        _check(archive, part)
    except ValueError:
        part.unlink()  # to go on from it would be wrong again
        raise
    os.replace(part, path)
    return path


def unpack(path, folder, unpacked_bytes=0):
    """Unpacks a tar archive, whole or not at all.

    Arguments
    ---------
    path : str | Path
        The archive.
    folder : str | Path
        Not there yet, or empty. No member may lead out of it.
    unpacked_bytes : int
        Room that it takes; 0 where unknown.

    Returns
    -------
    Path
        ``folder``. Raises OSError or ValueError as ``download`` does.

    Example
    -------
    >>> root = Path(tempfile.mkdtemp())
    >>> with tarfile.open(root / "a.tar.gz", "w:gz") as tar:
    ...     tar.addfile(tarfile.TarInfo("yes/clip.wav"))
    >>> [p.name for p in unpack(root / "a.tar.gz", root / "data").iterdir()]
    ['yes']
    """
    path, folder = Path(path), Path(folder)
    if folder.exists() and (folder.is_file() or any(folder.iterdir())):
        raise FileExistsError(
            f"data folder: expected none or an empty one at {folder}, found "
            "files; move them, or choose another folder"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    _check_room(folder.parent, unpacked_bytes)
    with tempfile.TemporaryDirectory(
        dir=folder.parent, prefix=f".{folder.name}-"
    ) as workshop:
        content = Path(workshop) / "content"
        _extract(path, content)
        if folder.exists():  # empty; not every system replaces it
            folder.rmdir()
        os.replace(content, folder)
    return folder


def _size(path):
    return path.stat().st_size if path.exists() else 0


def _go_on(archive, part, timeout):
    """Asks for what ``part`` lacks, and appends it."""
    have = _size(part)
    if archive.bytes and have == archive.bytes:
        return
    request = urllib.request.Request(archive.url)
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        answer = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code == WRONG_RANGE and have:
            part.unlink()  # longer than the file is, or the server confused
        raise
    with answer:
        if answer.status != PARTIAL:
            have = 0  # the server sends it all
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else archive.bytes
        left = max(0, total - have)
        _check_room(part.parent, left + archive.unpacked_bytes)
        _save(answer, part, have, total)


def _save(answer, part, have, total):
    with (
        open(part, "ab" if have else "wb") as file,
        tqdm(
            desc=part.name.removesuffix(".part"),
            total=total or None,
            initial=have,
            unit="B",
            unit_scale=True,
        ) as bar,
    ):
        # As it comes: a connection that breaks leaves what it has brought.
        while data := answer.read1(CHUNK):
            file.write(data)
            bar.update(len(data))
    if total and _size(part) < total:
        raise ConnectionError(f"it ended after {_size(part)} of {total} bytes")


def _give_up_or_wait(archive, error, failures, attempts):
    """Raises one sentence when there is nothing to hope for."""
    lasting = isinstance(error, urllib.error.HTTPError) and (
        400 <= error.code < 500 and error.code != WRONG_RANGE
    )
    if lasting or failures >= attempts:
        reason = getattr(error, "reason", None) or error or type(error).__name__
        raise OSError(
            f"download: expected {archive.url}, found {reason}; check the "
            "network and start again, it goes on where it was"
        ) from None
    time.sleep(PAUSE * 2**failures)


def _check_room(folder, needed):
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DiskFull(
            f"disk: expected {needed / 1e9:.1f} GB of free space at {folder}, "
            f"found {free / 1e9:.1f} GB; make room or choose another folder"
        )


def _check(archive, path):
    """Compares length and check sum."""
    if archive.bytes and _size(path) != archive.bytes:
        expected, found = f"{archive.bytes} bytes", f"{_size(path)}"
    elif archive.sha256 and (digest := _sha256(path)) != archive.sha256:
        expected, found = f"sha256 {archive.sha256}", digest
    else:
        return
    raise ValueError(
        f"download: expected {expected}, found {found} in {path}; delete it "
        "and download it again"
    )


def _sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while data := file.read(CHUNK):
            digest.update(data)
    return digest.hexdigest()


def _extract(path, folder):
    """Extracts with the filter that keeps members inside the folder."""
    if not hasattr(tarfile, "data_filter"):
        raise OSError(
            "unpack: expected Python 3.10.12, 3.11.4 or later, whose tarfile "
            f"is safe, found {platform.python_version()}; update it, or unpack "
            f"{path} yourself"
        )
    with (
        open(path, "rb") as raw,
        tqdm.wrapattr(
            raw, "read", total=_size(path), desc=f"Unpacking {path.name}"
        ) as file,
    ):
        try:
            with gzip.open(file) as plain:
                with tarfile.open(fileobj=plain, mode="r|") as tar:
                    tar.extractall(folder, filter="data")
                while plain.read(CHUNK):  # the check sum stands at the end
                    pass
        except tarfile.FilterError as error:
            fault = f"a member that leads out of it ({error})"
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile):
            fault = "a damaged one"
        else:
            folder.mkdir(exist_ok=True)
            return
    raise ValueError(
        f"archive: expected a whole tar.gz, found {fault} in {path}; "
        "delete it and download it again"
    )
