"""Checksums of files."""

from __future__ import annotations

import hashlib
from os import PathLike

_CHUNK = 1 << 20


def sha256_of(path: str | PathLike) -> str:
    """Returns the SHA-256 of a file, in hexadecimal; reads it in parts."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while data := file.read(_CHUNK):
            digest.update(data)
    return digest.hexdigest()
