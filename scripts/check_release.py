#!/usr/bin/env python3
"""Checks that a tag, the packages and the changelog name one version.

check_release.py --tag v0.1.0 [--notes FILE]

Each fault is a sentence on stderr, and the exit code is then 1. ``--notes``
writes the section of the changelog, which is the text of the release.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

# Files that state the version, and where.
STATED = {
    "speechbrain_bifsmn/__init__.py": r'^__version__ = "([^"]*)"$',
    "arm_kernel/python/bifsmn_engine/__init__.py": r'^__version__ = "([^"]*)"$',
    "arm_kernel/CMakeLists.txt": r"^project\(\w+ VERSION ([^\s)]*)",
    "CITATION.cff": r"^version: (\S*)$",
}
HEADING = re.compile(r"^## \[([^\]]*)\](.*)$", re.MULTILINE)
DATE = re.compile(r" - \d{4}-\d\d-\d\d")


def find_faults(root: Path, tag: str) -> list[str]:
    """Returns a sentence for each reason why a tag cannot be released.

    Arguments
    ---------
    root : Path
        The repository.
    tag : str
        "v" and the version.

    Returns
    -------
    list of str
    """
    if not re.fullmatch(r"v\d+\.\d+\.\d+", tag):
        return [f"tag: expected one such as v0.1.0, got {tag!r}"]
    version = tag.removeprefix("v")
    return [
        *_version_faults(root, version),
        *_changelog_faults(root, version),
        *_tree_faults(root),
    ]


def _version_faults(root: Path, version: str) -> list[str]:
    faults = []
    for name, pattern in STATED.items():
        found = re.search(pattern, _read(root / name), re.MULTILINE)
        stated = found[1] if found else "no version"
        if stated != version:
            faults.append(
                f"{name}: expected version {version}, that of the tag, found "
                f"{stated}; correct the file or the tag"
            )
    return faults


def _changelog_faults(root: Path, version: str) -> list[str]:
    text = _read(root / "CHANGELOG.md")
    dates = {found[1]: found[2] for found in HEADING.finditer(text)}
    if version not in dates:
        return [
            f"CHANGELOG.md: expected a section [{version}], found none; write "
            "what is new in this version"
        ]
    faults = []
    if not DATE.fullmatch(dates[version]):
        faults.append(
            f"CHANGELOG.md: expected a date such as 2000-12-31 after "
            f"[{version}], found {dates[version].strip(' -') or 'none'!r}; "
            "enter the day of the release"
        )
    if not release_notes(text, version):
        faults.append(
            f"CHANGELOG.md: expected text below [{version}], found none; write "
            "what is new in this version"
        )
    return faults


def release_notes(changelog: str, version: str) -> str:
    """Returns what the changelog says of a version; "" if nothing.

    Example
    -------
    >>> release_notes("## [1.1.0]\\n\\n- New\\n\\n## [1.0.0]\\n", "1.1.0")
    '- New'
    """
    _, *sections = re.split(r"^(?=## \[)", changelog, flags=re.MULTILINE)
    for section in sections:
        heading, _, text = section.partition("\n")
        if heading.startswith(f"## [{version}]"):
            has_text = re.search(r"^[^#\s]", text, re.MULTILINE)
            return text.strip() if has_text else ""
    return ""


def _tree_faults(root: Path) -> list[str]:
    status = subprocess.run(
        ["git", "status", "--porcelain"],
        cwd=root,
        capture_output=True,
        text=True,
    )
    if status.returncode:
        return [f"{root}: expected a git repository, found none; clone it"]
    if changed := status.stdout.splitlines():
        return [
            f"{root}: expected a tree without changes, found {len(changed)}, "
            f"among them {changed[0][3:]}; commit or remove them"
        ]
    return []


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def main() -> int:
    """Checks the repository that this script is in."""
    summary, _, usage = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary,
        epilog=usage,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--tag", required=True, help="such as v0.1.0")
    parser.add_argument("--notes", type=Path, help="file for the text")
    options = parser.parse_args()
    root = Path(__file__).resolve().parents[1]
    faults = find_faults(root, options.tag)
    for fault in faults:
        print(fault, file=sys.stderr)
    if options.notes and not faults:
        text = _read(root / "CHANGELOG.md")
        notes = release_notes(text, options.tag.removeprefix("v"))
        options.notes.write_text(f"{notes}\n", encoding="utf-8")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
