"""Files of a folder that may come from strangers."""

from __future__ import annotations

from pathlib import Path


def inside(folder: str | Path, name: str) -> Path:
    """Returns the path of a file, unless a link leads out of its folder.

    A hub's cache is made of links: ``snapshots/REVISION/NAME`` is one to a file
    in ``blobs`` beside ``snapshots``. These count as inside.

    Arguments
    ---------
    folder : str | Path
        Whoever made it.
    name : str
        Of a file in it, which need not be there.

    Returns
    -------
    Path

    Example
    -------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "model.bifsmn").symlink_to("/etc/passwd")
    >>> inside(folder, "model.bifsmn")
    Traceback (most recent call last):
        ...
    ValueError: /tmp/...: expected a file of that folder, found a link out of...
    """
    folder = Path(folder)
    path, home = folder / name, folder.resolve()
    rooms = [home]
    if home.parent.name == "snapshots":
        rooms.append(home.parents[1] / "blobs")
    try:
        target = path.resolve()
    except (OSError, RuntimeError):  # links in a circle
        target = Path("/")
    if not any(room in target.parents for room in rooms):
        raise ValueError(
            f"{path}: expected a file of that folder, found a link out of it; "
            "put a copy of the file there if you trust it"
        )
    return path
