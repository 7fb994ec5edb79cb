"""The part of eSpeak NG's data that the voices of one language need."""

from __future__ import annotations

import shutil
from pathlib import Path

ACCENTS = (
    "en-gb",
    "en-029",
    "en-gb-scotland",
    "en-gb-x-gbclan",
    "en-gb-x-gbcwmd",
    "en-gb-x-rp",
    "en-us",
    "en-us-nyc",
)


def accents_of(language: str) -> tuple[str, ...]:
    """Returns the accents of a language: several of English; else one.

    Example
    -------
    >>> accents_of("de"), len(accents_of("en"))
    (('de',), 8)
    """
    return ACCENTS if language == "en" else (language,)


def copy_voices(source: Path, target: Path, language: str = "en") -> None:
    """Copies what a language needs, and English (1 to 10 MB).

    With each accent in the file that its name asks for, the library opens that
    file instead of reading those of all 140 languages.

    Arguments
    ---------
    source : Path
        The folder ``espeak-ng-data`` of the package.
    target : Path
        A new folder.
    language : str
        "en", or the name of a file in ``lang``, in small letters: "de", "cmn".
    """
    files = {p.name.lower(): p for p in source.glob("lang/**/*") if p.is_file()}
    if language not in files:
        raise ValueError(
            "language: expected one that eSpeak NG speaks, as en, de or cmn, "
            f"got {language!r}; it knows {', '.join(sorted(files))}"
        )
    names = {*accents_of(language), "en"}
    if language == "en":
        files["en-gb"] = files["en"]
        names.remove("en")
    (target / "lang").mkdir(parents=True)
    shutil.copytree(source / "voices" / "!v", target / "voices" / "!v")
    needed = {"phondata", "phonindex", "phontab", "intonations"}
    for name in names:
        shutil.copyfile(files[name], target / "lang" / name)
        needed.add(_dictionary(files[name]))
    for name in needed:
        shutil.copyfile(source / name, target / name)


def _dictionary(voice):
    """Returns the file of a voice's dictionary."""
    lines = [line.split() for line in voice.read_text("utf-8").splitlines()]
    entries = {line[0]: line[1] for line in reversed(lines) if len(line) > 1}
    name = entries.get("dictionary", entries["language"].partition("-")[0])
    return f"{name}_dict"
