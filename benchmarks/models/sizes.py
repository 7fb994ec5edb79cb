"""The sizes at which ``scaling.py`` measures; any Python can import this."""

from pathlib import Path

BASE = {"batch": 1, "layers": 8, "channels": 128}
CURVES = {
    "batch": (1, 2, 4, 8, 16, 32, 64),
    "layers": (4, 8, 16, 32),
    "channels": (64, 128, 256, 512),  # twice as many are hidden
}


def name(curve: str, size: int) -> str:
    """Returns what a point of a curve is called; all curves share one.

    Example
    -------
    >>> name("layers", 8), name("layers", 16)
    ('base', 'layers16')
    """
    return "base" if size == BASE[curve] else f"{curve}{size}"


POINTS = {
    name(curve, size): {**BASE, curve: size}
    for curve, sizes in CURVES.items()
    for size in sizes
}


def of_file(path: Path) -> str:
    """Returns the point that a file is of: its name ends with it."""
    return path.stem.rpartition("_")[2]


def thread_counts(cores: int) -> list[int]:
    """Returns 1, 2, 4, ... and the number of cores.

    Example
    -------
    >>> thread_counts(6)
    [1, 2, 4, 6]
    """
    counts = {1 << n for n in range(cores.bit_length()) if 1 << n <= cores}
    return sorted(counts | {cores})
