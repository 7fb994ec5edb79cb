"""Words: those of Speech Commands and its tasks, and keywords of one's own."""

import unicodedata

COMMANDS = "yes no up down left right on off stop go".split()
DIGITS = "zero one two three four five six seven eight nine".split()
ADDED_IN_0_02 = "backward follow forward learn visual".split()
OTHERS = [*"bed bird cat dog happy house marvin sheila tree wow".split()]
OTHERS += ADDED_IN_0_02
UNKNOWN, SILENCE = "unknown", "silence"
CLASSES = (12, 20, 35)  # of the known tasks


def words_of(version):
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


def task_labels(classes=12, words=""):
    """Returns the labels of a task.

    Arguments
    ---------
    classes : int
        12 (ten commands, unknown, silence), 20 (commands and digits) or 35
        (all words of version 0.02; version 0.01 has 30 of them).
    words : str | sequence of str
        Keywords of one's own in their place, as for ``parse_words``; unknown
        and silence are added.

    Returns
    -------
    list of str
        In the order of the network's outputs.

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


def folded(name):
    """What names that mean the same have in common.

    Example
    -------
    >>> folded("Hey_Robot"), folded("wi-fi")
    ('hey robot', 'wi fi')
    """
    name = unicodedata.normalize("NFC", name).casefold()
    return " ".join(name.replace("_", " ").replace("-", " ").split())


def check_word(word):
    """Refuses what cannot be both said and the name of a folder."""
    if not any(letter.isalnum() for letter in word):
        fault = "has nothing to say"
    elif word[0] in "_." or word != word.strip():
        fault = "must not start with '_' or '.', nor have spaces around it"
    elif not word.isprintable() or set(word) & set('/\\:*?"<>|'):
        fault = 'must not hold a line break, nor any of / \\ : * ? " < > |'
    else:
        return
    raise ValueError(f"words: {word!r} is to name a folder, but {fault}")


def parse_words(words):
    """Lists keywords.

    Arguments
    ---------
    words : str | sequence of str
        Words and short phrases; in a text, with commas between them.

    Returns
    -------
    list of str
        In the same order.

    Example
    -------
    >>> parse_words("hey robot, lights on")
    ['hey robot', 'lights on']
    """
    listed = words.split(",") if isinstance(words, str) else words
    if (
        not isinstance(listed, (list, tuple))
        or not listed
        or not all(isinstance(word, str) for word in listed)
    ):
        # Without quotes, YAML may take yes, no, on and off for truth values.
        raise ValueError(
            "words: expected a text like 'hey robot, lights on', got "
            f"{words!r}; put it in quotes"
        )
    listed = [unicodedata.normalize("NFC", word.strip()) for word in listed]
    for word in listed:
        check_word(word)
        if folded(word) in (UNKNOWN, SILENCE):
            raise ValueError(
                f"words: {word!r} is a class of its own; choose another word"
            )
    if len({folded(word) for word in listed}) < len(listed):
        raise ValueError(f"words: expected different words, got {listed!r}")
    return listed
