"""The lists of a folder that name its clips for validation and for test.

They come from editors, spreadsheets and other systems, so a line means a clip
where its folder and name do, whatever the case, the slashes or the encoding.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from speechbrain_bifsmn.dataio.words import canonical_name

LISTS = {"validation": "validation_list.txt", "test": "testing_list.txt"}
KINDS = (".wav", ".flac", ".ogg", ".mp3")
_NEARLY = re.compile(r"(valid|dev|eval|test)[a-z]*[-_ ]?lists?(\.txt)*")
_SHOWN = 3  # lines of a list in a message


def has_lists(folder: str | Path) -> bool:
    """Whether a folder has the lists; refuses one without the other.

    Arguments
    ---------
    folder : str | Path
        A folder with clips, in folders of their words.

    Returns
    -------
    bool
    """
    found = _find(folder)
    if any(found.values()):
        _check_both(folder, found, LISTS)
    return all(found.values())


def read_split_lists(
    folder: str | Path,
    clips: Collection[str],
    splits: Collection[str] = tuple(LISTS),
) -> tuple[dict[str, str], dict[Path, list[str]]]:
    r"""Finds the clips that a folder's lists name.

    A line is a path of which the last two parts count, the folder and the
    file. What is nearest is taken: the same, else the same but for case,
    Unicode's normal form and ``_``, ``-`` or a space in the folder, else but
    for the ending as well. Empty lines and repeated ones do no harm.

    Arguments
    ---------
    folder : str | Path
        Where the lists are, of UTF-8 or UTF-16, their names in any case.
    clips : collection of str
        What is there, as ``word/file``.
    splits : collection of str
        Which lists to read: "validation", "test" or both. These must be there.

    Returns
    -------
    split_of : dict
        {clip: split}; other clips are for training.
    missing : dict
        {path of a list: its lines that name no clip}. A clip in two lists is
        a ValueError.

    Example
    -------
    >>> import tempfile
    >>> home = Path(tempfile.mkdtemp())
    >>> _ = (home / "validation_list.txt").write_text("./Hey_Robot\\A.WAV\n")
    >>> _ = (home / "testing_list.txt").write_text("hey robot/gone.wav\n")
    >>> split_of, missing = read_split_lists(home, ["hey robot/a.flac"])
    >>> split_of, list(missing.values())
    ({'hey robot/a.flac': 'validation'}, [['hey robot/gone.wav']])
    """
    found = _find(folder)
    _check_both(folder, found, splits)
    split_of: dict[str, str] = {}
    missing: dict[Path, list[str]] = {}
    for split in splits:
        for path in found[split]:
            lines = dict.fromkeys(filter(None, _lines(path)))
            named = _match(lines, clips)
            for clip in (clip for line in named for clip in named[line]):
                if split_of.setdefault(clip, split) != split:
                    raise ValueError(
                        f"expected each clip in one list, found {clip} in "
                        f"both of {folder}; remove it from one"
                    )
            lacking = [line for line in lines if line not in named]
            if lacking:
                missing[path] = lacking
    return split_of, missing


def refuse_missing(
    folder: str | Path, missing: Mapping[Path, Sequence[str]]
) -> None:
    """Raises ValueError where lists name what is not there.

    Arguments
    ---------
    folder : str | Path
        Where the clips are.
    missing : dict
        What ``read_split_lists`` found missing.
    """
    for path, lines in missing.items():
        shown = ", ".join(lines[:_SHOWN]) + ", ..." * (len(lines) > _SHOWN)
        raise ValueError(
            f"{path}: expected a clip in {folder} for each line, found none "
            f"for {len(lines)} ({shown}); correct or remove these lines, or "
            "add the files"
        )


def without_ending(name: str) -> str:
    """Returns a file's name without the endings of audio.

    Example
    -------
    >>> without_ending("ann_nohash_0.wav.WAV"), without_ending("2024.05.01")
    ('ann_nohash_0', '2024.05.01')
    """
    while name.lower().endswith(KINDS):
        name = name.rpartition(".")[0]
    return name


def _find(folder):
    """Returns {split: lists}; refuses one whose name is nearly right."""
    found: dict[str, list[Path]] = {split: [] for split in LISTS}
    nearly = []
    names = {name: found[split] for split, name in LISTS.items()}
    for path in sorted(p for p in Path(folder).iterdir() if p.is_file()):
        name = path.name.casefold()
        if name in names:
            names[name].append(path)
        elif _NEARLY.fullmatch(name):
            nearly.append(path)
    if nearly and not all(found.values()):
        raise ValueError(
            f"{nearly[0]}: expected {' and '.join(names)} as the names of the "
            "lists of clips, found another; rename it"
        )
    return found


def _check_both(folder, found, splits):
    lacking = [LISTS[split] for split in splits if not found[split]]
    if lacking:
        raise FileNotFoundError(
            f"expected {' and '.join(LISTS[split] for split in splits)} in "
            f"{folder}, found no {' and no '.join(lacking)}; add what is "
            "missing (a list may be empty)"
        )


def _lines(path):
    content = path.read_bytes()
    encoding = "utf-8-sig"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif b"\0" in content[:2]:
        encoding = "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise ValueError(
            f"{path}: expected UTF-8, found something else; save the list as "
            "UTF-8"
        ) from None
    return [line.strip() for line in re.split("[\r\n]+", text)]


def _match(lines, clips):
    """Returns {line: the clips that are nearest to it}."""
    named = {}
    for key in (_path, _regardless_of_case, _regardless_of_ending):
        index = defaultdict(list)
        for clip in clips:
            index[key(clip)].append(clip)
        for line in lines:
            if line not in named and (there := index.get(key(line))):
                named[line] = there
        if len(named) == len(lines):
            break
    return named


def _path(name):
    return "/".join(name.replace("\\", "/").split("/")[-2:])


def _regardless_of_case(name):
    folder, _, file = _path(name).rpartition("/")
    file = unicodedata.normalize("NFC", file).casefold()
    return f"{canonical_name(folder)}/{file}"


def _regardless_of_ending(name):
    return without_ending(_regardless_of_case(name))
