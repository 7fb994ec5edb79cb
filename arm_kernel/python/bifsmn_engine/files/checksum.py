"""Checksums of files."""

import hashlib

_CHUNK = 1 << 20


def sha256_of(path):
    """Returns the SHA-256 of a file, in hexadecimal; reads it in parts."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while data := file.read(_CHUNK):
            digest.update(data)
    return digest.hexdigest()
