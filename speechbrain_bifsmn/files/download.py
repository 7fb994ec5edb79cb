"""Large published files: downloaded whole, or not at all.

Their lengths and checksums are known beforehand: no more bytes than that are
read from a server, and a file with another checksum is deleted.
"""

from __future__ import annotations

import http.client
import ipaddress
import os
import re
import shutil
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from filelock import FileLock
from tqdm import tqdm

from bifsmn_engine.files.checksum import sha256_of

CHUNK = 1 << 18
PAUSE = 1.0  # seconds after a failed attempt; twice as long each time
MIN_RATE = 1000  # bytes a second, below which a server is given up
PARTIAL, WRONG_RANGE = 206, 416


class Archive(NamedTuple):
    """A file to download: its address, checksum and sizes."""

    url: str
    sha256: str
    bytes: int
    unpacked_bytes: int  # upper limit, on disk


class DiskFull(OSError):
    """There is not enough free space."""


def download(
    archive: Archive,
    path: str | Path,
    timeout: float = 30.0,
    attempts: int = 5,
) -> Path:
    """Downloads an archive, or resumes its download.

    A complete file is used again. An unfinished download is in ``path`` with
    ``.part`` appended, and is resumed. Broken connections are retried until
    ``attempts`` in a row bring next to nothing. Of several processes, one
    downloads, and the others wait for it.

    Arguments
    ---------
    archive : Archive
        What to download, by https; by http from this machine only.
    path : str | Path
        Where to.
    timeout : float
        Seconds without data, or with less than 1 kB each, that end an attempt.
    attempts : int
        Failed attempts in a row after which it gives up.

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    OSError
        Network or disk fail.
    ValueError
        The file has another length or checksum.

    Example
    -------
    >>> import hashlib, tempfile
    >>> path = Path(tempfile.mkdtemp()) / "archive.tar.gz"
    >>> _ = path.write_bytes(b"whole")
    >>> digest = hashlib.sha256(b"whole").hexdigest()
    >>> archive = Archive("https://localhost/x", digest, 5, 5)
    >>> download(archive, path) == path
    True
    """
    path = Path(path)
    _check_url(archive.url, _is_local(archive.url))
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f".{path.name}.lock")
    with FileLock(lock):
        if path.exists():
            _check(archive, path)
        else:
            part = path.with_name(path.name + ".part")
            _fetch(archive, part, timeout, attempts)
            os.replace(part, path)
    lock.unlink(missing_ok=True)  # who still waits for it finds the file
    return path


def check_room(folder: str | Path, needed: int) -> None:
    """Raises DiskFull where a disk has less than ``needed`` bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DiskFull(
            f"disk: expected {needed / 1e9:.1f} GB of free space at {folder}, "
            f"found {free / 1e9:.1f} GB; make room or choose another folder"
        )


def _check_url(url, local):
    """Refuses an address whose data could be read or changed on the way."""
    if not (url.startswith("https://") or (local and _is_local(url))):
        raise ValueError(
            f"download: expected an address of https, got {url}; give another"
        )


def _is_local(url):
    """Whether it is http from this machine."""
    place = urlsplit(url)
    try:
        address = ipaddress.ip_address(place.hostname or "")
    except ValueError:
        return False
    return place.scheme == "http" and address.is_loopback


def _fetch(archive, part, timeout, attempts):
    """Completes ``part``, in one attempt or several."""
    failures = 0
    while True:
        before = _size(part)
        try:
            _Attempt(archive, part, timeout).complete()
            break
        except DiskFull:
            raise
        except (OSError, http.client.HTTPException) as error:
            progress = _size(part) - before >= MIN_RATE * timeout
            failures = 0 if progress else failures + 1
            _give_up_or_wait(archive, error, failures, attempts)
    try:
        _check(archive, part)
    except ValueError:
        part.unlink()  # to go on from it would be wrong again
        raise


class _Attempt(threading.Thread):
    """One connection, in a thread that is abandoned when it hangs."""

    def __init__(self, archive, part, timeout):
        super().__init__(daemon=True)
        self._archive, self._part, self._timeout = archive, part, timeout
        self._lock, self._left = threading.Lock(), False
        self._error: Exception | None = None

    def complete(self) -> None:
        """Raises what goes wrong; ``part`` is not written to afterwards."""
        expected, size = MIN_RATE * self._timeout, _size(self._part)
        self.start()
        try:
            while self.is_alive():
                self.join(self._timeout)
                before, size = size, _size(self._part)
                if self.is_alive() and 0 <= size - before < expected:
                    raise TimeoutError(f"less than {MIN_RATE} bytes a second")
        finally:
            with self._lock:
                self._left = True
        if self._error:
            raise self._error

    def run(self) -> None:
        try:
            self._go_on()
        except Exception as error:
            self._error = error

    def _go_on(self):
        """Requests what ``part`` lacks, and appends it."""
        archive, part = self._archive, self._part
        have = _size(part)
        if have > archive.bytes:
            part.unlink()
            have = 0
        check_room(part.parent, archive.bytes - have + archive.unpacked_bytes)
        if have == archive.bytes:
            return
        request = urllib.request.Request(archive.url)
        if have:
            request.add_header("Range", f"bytes={have}-")
        opener = urllib.request.build_opener(_Redirects(archive.url))
        try:
            answer = opener.open(request, timeout=self._timeout)
        except urllib.error.HTTPError as error:
            if error.code == WRONG_RANGE and have:
                part.unlink()  # the server has another file, or is confused
            raise
        with answer:
            self._save(answer, _start(answer, have))

    def _save(self, answer, have):
        total = self._archive.bytes
        with (
            open(self._part, "ab" if have else "wb", buffering=0) as file,
            tqdm(
                desc=self._part.name.removesuffix(".part"),
                total=total,
                initial=have,
                unit="B",
                unit_scale=True,
            ) as bar,
        ):
            # As it comes: a connection that breaks leaves what it has brought.
            while have < total:
                data = answer.read1(min(CHUNK, total - have))
                if not data:
                    raise ConnectionError(
                        f"it ended after {have} of {total} bytes"
                    )
                with self._lock:
                    if self._left:
                        return
                    file.write(data)
                have += len(data)
                bar.update(len(data))


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirections to such addresses only as are allowed directly."""

    def __init__(self, url):
        self._local = _is_local(url)

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        _check_url(newurl, self._local)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _start(answer, have):
    """Where in the file an answer begins: as requested, or at the beginning."""
    if answer.status == PARTIAL:
        range_ = answer.headers.get("Content-Range", "")
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", range_)
        if not found or int(found[1]) != have:
            raise ConnectionError(
                f"bytes from {have} on, as {range_ or 'none'}"
            )
        return have
    if answer.status != http.client.OK:
        raise ConnectionError(f"answer {answer.status}")
    return 0


def _size(path):
    return path.stat().st_size if path.exists() else 0


def _give_up_or_wait(archive, error, failures, attempts):
    """Raises one sentence where another attempt would not help."""
    lasting = isinstance(error, urllib.error.HTTPError) and (
        error.code < 500 and error.code != WRONG_RANGE
    )
    if lasting or failures >= attempts:
        reason = getattr(error, "reason", None) or error or type(error).__name__
        raise OSError(
            f"download: expected {archive.url}, found {reason}; check the "
            "network and start again, it goes on where it was"
        ) from None
    time.sleep(PAUSE * 2**failures)


def _check(archive, path):
    """Compares length and checksum."""
    if _size(path) != archive.bytes:
        expected, found = f"{archive.bytes} bytes", f"{_size(path)}"
    elif (digest := sha256_of(path)) != archive.sha256:
        expected, found = f"sha256 {archive.sha256}", digest
    else:
        return
    raise ValueError(
        f"download: expected {expected}, found {found} in {path}; delete it "
        "and download it again"
    )
