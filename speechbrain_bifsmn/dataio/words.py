"""Words: those of Speech Commands and its tasks, and custom keywords."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

COMMANDS = "yes no up down left right on off stop go".split()
DIGITS = "zero one two three four five six seven eight nine".split()
ADDED_IN_0_02 = "backward follow forward learn visual".split()
OTHERS = [*"bed bird cat dog happy house marvin sheila tree wow".split()]
OTHERS += ADDED_IN_0_02
UNKNOWN, SILENCE = "unknown", "silence"
CLASSES = (12, 20, 35)  # how many the tasks of Speech Commands have
MAX_WORDS = 1022  # a model file has up to 1024 labels
MAX_NAME_BYTES = 120  # of a file system's 255, names of clips take some
_COMMAS = re.compile("[,;\n\r\uff0c\u3001\uff1b\u060c]")  # ，、；،
_BRACKETS = re.compile(r"\s*\[(.*)\]\s*", re.DOTALL)
_QUOTES = ('""', "''", "“”", "‘’", "«»", "„“", "「」")
_UNSAFE = r'/\:*?"<>|'  # not in names on some systems


def words_of(version: str) -> list[str]:
    """Returns the words of a version of Speech Commands.

    Arguments
    ---------
    version : str
        "0.01" (30 words), or anything else (35).

    Returns
    -------
    list of str
        Sorted.

    Example
    -------
    >>> len(words_of("0.01")), len(words_of("0.02"))
    (30, 35)
    """
    left_out = ADDED_IN_0_02 if str(version) == "0.01" else ()
    words = {*COMMANDS, *DIGITS, *OTHERS}
    return sorted(words.difference(left_out))


def task_labels(
    classes: int = 12, words: str | Sequence[str] = ""
) -> list[str]:
    """Returns the labels of a task.

    Arguments
    ---------
    classes : int
        12 (ten commands, unknown, silence), 20 (commands and digits) or 35
        (all words of version 0.02; version 0.01 has 30 of them).
    words : str | sequence of str
        Custom keywords in their place, as ``parse_words`` takes them; unknown
        and silence are added.

    Returns
    -------
    list of str
        Names of the network's outputs, in their order.

    Example
    -------
    >>> task_labels(12)[9:]
    ['go', 'unknown', 'silence']
    >>> task_labels(words="lights on")
    ['lights on', 'unknown', 'silence']
    """
    if words:
        return [*parse_words(words), UNKNOWN, SILENCE]
    if classes not in CLASSES:
        raise ValueError(f"classes: expected 12, 20 or 35, got {classes}")
    if classes == 12:
        return [*COMMANDS, UNKNOWN, SILENCE]
    return [*COMMANDS, *DIGITS] if classes == 20 else words_of("0.02")


def canonical_name(name: str) -> str:
    """Returns what all spellings of a name have in common.

    It is casefolded, in Unicode's form NFC, with single spaces for ``_``, ``-``
    and other spaces.

    Example
    -------
    >>> canonical_name("Hey_Robot"), canonical_name("wi-fi")
    ('hey robot', 'wi fi')
    """
    name = unicodedata.normalize("NFC", name).casefold()
    return " ".join(name.replace("_", " ").replace("-", " ").split())


def check_word(word: str) -> None:
    """Refuses what cannot be both spoken and the name of a folder."""
    safe = " ".join("".join(" " if c in _UNSAFE else c for c in word).split())
    if not any(letter.isalnum() for letter in word):
        fault = "has nothing to say; write it in letters"
    elif word[0] in "_." or word != word.strip():
        fault = "must not start with '_' or '.', nor have spaces around it"
    elif not word.isprintable():
        fault = "must not hold what is no text, such as a control character"
    elif set(word) & set(_UNSAFE):
        fault = f"must not hold any of {' '.join(_UNSAFE)}; write {safe!r}"
    elif len(word.encode()) > MAX_NAME_BYTES:
        fault = f"is longer than {MAX_NAME_BYTES} bytes; choose a shorter one"
    else:
        return
    shown = word if len(word) <= 60 else f"{word[:57]}..."
    raise ValueError(f"words: {shown!r} is to name a folder, but {fault}")


def parse_words(words: str | Sequence[str]) -> list[str]:
    """Lists keywords.

    Arguments
    ---------
    words : str | sequence of str
        Words and short phrases; in a text, with commas between them, also
        those of other scripts, semicolons or ends of lines. There, quotes
        around a word, brackets around all, and commas without a word do not
        count.

    Returns
    -------
    list of str
        In the same order, a single space for any other.

    Example
    -------
    >>> parse_words("hey robot, lights on")
    ['hey robot', 'lights on']
    """
    listed = _split(words) if isinstance(words, str) else words
    if not isinstance(listed, (list, tuple)) or not all(
        isinstance(word, str) for word in listed
    ):
        # Without quotes, YAML may take true, 12 and 2024-01-01 for no texts.
        raise ValueError(
            "words: expected a text like 'hey robot, lights on', got "
            f"{words!r}; put it in quotes"
        )
    listed = [
        " ".join(unicodedata.normalize("NFC", word).split()) for word in listed
    ]
    if not 0 < len(listed) <= MAX_WORDS:
        raise ValueError(
            f"words: expected 1 to {MAX_WORDS} keywords, got "
            f"{len(listed) or 'none'}; write them like 'hey robot, lights on'"
        )
    for word in listed:
        check_word(word)
        if canonical_name(word) in (UNKNOWN, SILENCE):
            raise ValueError(
                f"words: {word!r} is a class of its own; choose another word"
            )
    if len({canonical_name(word) for word in listed}) < len(listed):
        raise ValueError(f"words: expected different words, got {listed!r}")
    return listed


def _split(text):
    whole = _BRACKETS.fullmatch(text)
    parts = _COMMAS.split(whole[1] if whole else text)
    return [word for word in map(_unquoted, parts) if word]


def _unquoted(word):
    word = word.strip()
    if len(word) > 1 and word[0] + word[-1] in _QUOTES:
        word = word[1:-1].strip()
    return word


def task_name(classes: int, words: str | Sequence[str] = "") -> str:
    """Returns a task's name, which a folder can have.

    Arguments
    ---------
    classes : int
        12, 20 or 35.
    words : str | sequence of str
        Custom keywords in their place, as ``parse_words`` takes them.

    Returns
    -------
    str
        The keywords, or how many classes there are. Where the keywords are too
        long for a name, their beginning and a checksum.

    Example
    -------
    >>> task_name(12), task_name(12, ["hey robot", "on"])
    ('12', 'hey robot, on')
    """
    if not words:
        return str(classes)
    name = ", ".join(parse_words(words))
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    start = name.encode()[: MAX_NAME_BYTES - 12].decode(errors="ignore")
    return f"{start.rstrip(' ,')}... {digest}"
