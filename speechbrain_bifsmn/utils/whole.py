"""Files that are written whole, or not at all."""

import os
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path):
    """Has a file written beside its place, and then put there.

    Whatever stops the writing, what was there before is still there, and
    nothing half-written is. The folder is made.

    Arguments
    ---------
    path : str | Path
        The file.

    Yields
    ------
    Path
        Where to write it.

    Example
    -------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with written_whole(f"{folder}/new/notes.txt") as place:
    ...         _ = place.write_text("all of it")
    ...     [path.name for path in Path(folder, "new").iterdir()]
    ['notes.txt']
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path, text):
    """Writes a text file, whole or not at all."""
    with written_whole(path) as place:
        place.write_text(text, encoding="utf-8")
