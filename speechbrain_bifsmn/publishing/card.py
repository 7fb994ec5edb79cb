"""The model card of a hub-shaped folder, from the JSON files in it.

No figure in a card is written by hand: all are read from these files.
"""

from __future__ import annotations

from pathlib import Path

from bifsmn_engine.files.json_object import read_object
from bifsmn_engine.printable import code_span, each_text, markdown
from speechbrain_bifsmn.publishing import card_sections as sections

# The files of a card; the sections of those that are missing are left out.
SOURCES = ("results", "data", "evaluation", "tune", "engine")
CODE = ("command", "yaml")  # keys whose values are shown as code


def make_card(folder: str | Path) -> str:
    """Returns the text of a folder's ``README.md``, its model card.

    Arguments
    ---------
    folder : str | Path
        Holds ``results.json``, and maybe ``data.json``, ``evaluation.json``,
        ``tune.json`` and ``engine.json``.

    Returns
    -------
    str
    """
    folder = Path(folder)
    found = {
        name: _read(folder / f"{name}.json")
        for name in SOURCES
        if (folder / f"{name}.json").is_file()
    }
    parts = []
    for name, section in (
        ("results", sections.front_matter),
        ("results", sections.introduction),
        ("evaluation", sections.headline),
        ("results", sections.use),
        ("data", sections.data),
        ("evaluation", sections.accuracy),
        ("evaluation", sections.robustness),
        ("evaluation", sections.speakers),
        ("evaluation", sections.false_alarms),
        ("tune", sections.operating_point),
        ("results", sections.size),
        ("engine", sections.speed),
        ("results", sections.limits),
        ("results", sections.training),
        ("results", sections.licence),
    ):
        if name not in found:
            continue
        try:
            parts.append(section(found, folder))
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(
                f"{folder / name}.json: expected what a card can be made of, "
                f"found something else ({error!r}); measure again"
            ) from None
    return "\n\n".join(part for part in parts if part) + "\n"


def _read(path):
    """Reads a file, with its texts escaped for Markdown."""
    content = read_object(path)
    codes = {key: code_span(content[key]) for key in CODE if key in content}
    return each_text(content, markdown) | codes
