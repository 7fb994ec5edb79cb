"""Finds functions that a loaded library does not export (Linux, 64 bits).

A library that was not stripped still names them, in its table of symbols.
"""

from pathlib import Path

import numpy as np

HEADER = np.dtype(
    {
        "names": ["magic", "sections", "section_bytes", "section_count"],
        "formats": ["S4", "<u8", "<u2", "<u2"],
        "offsets": [0, 40, 58, 60],
        "itemsize": 64,
    }
)
SECTION = np.dtype(
    {
        "names": ["type", "offset", "bytes", "link"],
        "formats": ["<u4", "<u8", "<u8", "<u4"],
        "offsets": [4, 24, 32, 40],
        "itemsize": 64,
    }
)
SYMBOL = np.dtype(
    {
        "names": ["name", "value"],
        "formats": ["<u4", "<u8"],
        "offsets": [0, 8],
        "itemsize": 24,
    }
)
SYMBOLS = 2  # the type of the section that has them


def offset_of(library: Path, name: str) -> int:
    """Returns where a symbol is, in bytes from the place of the library.

    Arguments
    ---------
    library : Path
        An ELF file.
    name : str
        Of the symbol.

    Returns
    -------
    int
    """
    data = library.read_bytes()
    header = np.frombuffer(data, HEADER, 1)[0]
    count, at = int(header["section_count"]), int(header["sections"])
    sections = np.frombuffer(data, SECTION, count, at)
    for table in sections[sections["type"] == SYMBOLS]:
        names = sections[table["link"]]
        text = data[names["offset"] : names["offset"] + names["bytes"]]
        place = text.find(f"\0{name}\0".encode()) + 1
        count = int(table["bytes"]) // SYMBOL.itemsize
        symbols = np.frombuffer(data, SYMBOL, count, int(table["offset"]))
        found = symbols[symbols["name"] == place]["value"]
        if place and len(found):
            return int(found[0])
    raise LookupError(f"{library.name}: expected a symbol {name}, found none")


def place_of(library: Path) -> int:
    """Returns the address at which this process has loaded a library."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    found = [line for line in lines if line.endswith(f" {library}")]
    if not found:
        raise LookupError(f"{library.name}: expected it loaded, found it not")
    return int(found[0].partition("-")[0], 16)  # in rising order


def address_of(library: Path, name: str) -> int:
    """Returns the address of a symbol of a loaded library."""
    return place_of(library) + offset_of(library, name)
