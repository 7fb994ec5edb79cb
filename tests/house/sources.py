"""The text files of the project, and searches in them."""

import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple


class Rule(NamedTuple):
    """Words that are not used any more.

    ``old`` is a regular expression, ``new`` what is said instead, and ``where``
    the ends of the names of files that it is about; "" is all.
    """

    old: str
    new: str
    where: str | tuple[str, ...] = ""


def list_files(root: Path) -> list[Path]:
    """Lists what git keeps, or would keep, relative to ``root``."""
    command = ["git", "ls-files", "-z", "--cached", "--others"]
    listed = subprocess.run(
        [*command, "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    found = {Path(name) for name in listed.stdout.split("\0") if name}
    return sorted(path for path in found if (root / path).is_file())


def read_lines(path: Path) -> list[str]:
    """Returns the lines of a text file, none of any other file."""
    content = path.read_bytes()
    if b"\0" in content:
        return []
    try:
        return content.decode().splitlines()
    except UnicodeDecodeError:
        return []


def _written(path: Path) -> list[str]:
    """Returns the lines that people write; those of generated tables are empty.

    What generates them is searched. They quote commands as they were run.
    """
    lines, is_table = [], False
    for line in read_lines(path):
        if line.startswith("<!-- table:"):
            is_table = True
        lines.append("" if is_table else line)
        if line.startswith("<!-- end"):
            is_table = False
    return lines


def find_words(
    root: Path, files: Iterable[Path], rules: Iterable[Rule]
) -> list[str]:
    """Returns a sentence for each line, and each name, with an old word.

    Arguments
    ---------
    root : Path
        The folder that ``files`` are relative to.
    files : iterable of Path
        To search.
    rules : iterable of Rule
        To keep.

    Returns
    -------
    list of str
    """
    wrong = []
    compiled = [(re.compile(r.old), r.new, r.where) for r in rules]
    for path in files:
        name = path.as_posix()
        here = [(old, new) for old, new, end in compiled if name.endswith(end)]
        for number, line in enumerate([name, *_written(root / path)]):
            wrong += [
                f"{name}:{number}: expected {new!r}, found {found[0]!r}"
                for old, new in here
                if (found := old.search(line))
            ]
    return wrong


def find_excess(lengths: Mapping[str, int], allowed: Iterable[str]) -> set[str]:
    """Returns which files are too long, or are allowed to be and are not.

    Arguments
    ---------
    lengths : mapping of str to int
        Lines of each file.
    allowed : iterable of str
        Files that may be longer.

    Returns
    -------
    set of str
    """
    long = {name for name, lines in lengths.items() if lines > MAX_LINES}
    return long ^ {*allowed}


MAX_LINES = 300
PATH_EDIT = re.compile(
    r"sys\.path(\.(insert|append|extend|remove|pop|clear)\(|\[[^]]*\]\s*=[^=]"
    r"|\s*\+?=[^=])|\bsyspath_prepend\(|setattr\(sys, .path.,"
    r"|from sys import (.*, )?path\b"
)


def find_path_edits(root: Path, files: Iterable[Path]) -> dict[str, list[int]]:
    """Returns the lines that change where Python looks for modules, by file."""
    found = {}
    for path in files:
        lines = [
            number
            for number, line in enumerate(read_lines(root / path), 1)
            if PATH_EDIT.search(line)
        ]
        if lines:
            found[path.as_posix()] = lines
    return found
