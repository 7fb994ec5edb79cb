"""JSON objects in files that may come from anybody."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from typing import Any

MAX_BYTES = 1 << 26


def read_object(path: str | PathLike) -> dict[str, Any]:
    """Returns the object in a JSON file.

    Arguments
    ---------
    path : str | Path
        The file; at most 64 MB of it are read.

    Returns
    -------
    dict
        Raises ValueError where there is something else, FileNotFoundError where
        there is no file.

    Example
    -------
    >>> read_object("/dev/zero")
    Traceback (most recent call last):
        ...
    FileNotFoundError: /dev/zero: expected a JSON file, found none; check the...
    """
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"{path}: expected a JSON file, found none; check the path"
        )
    with open(path, "rb") as file:
        content = file.read(MAX_BYTES + 1)
    try:
        found = json.loads(content) if len(content) <= MAX_BYTES else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ValueError(
            f"{path}: expected a JSON object, found something else; write the "
            "file again"
        )
    return found
