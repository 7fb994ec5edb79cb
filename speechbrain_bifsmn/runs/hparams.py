"""Hyperparameter files that are small changes of another one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hyperpyyaml.core import recursive_update
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import YAMLError

BASE, PLACEHOLDER = "base", "!PLACEHOLDER"
_REFERENCE = re.compile("<[^>]*>")
_MAX_NODES = 100_000


def base_and_overrides(
    path: str | Path, overrides: str = ""
) -> tuple[Path, dict[str, Any]]:
    """Finds the file that a hyperparameter file is based on.

    A file with the key ``base`` names another one, relative to itself, whose
    values its other keys override. (HyperPyYAML's own ``!include``
    puts a file under a key, where overrides from a command line do not reach.)

    Arguments
    ---------
    path : str | Path
        The file that a user named.
    overrides : str
        YAML text that overrides both, as from a command line.

    Returns
    -------
    base : Path
        The file to load.
    overrides : dict
        The overrides to load it with.

    Example
    -------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "all.yaml").write_text("classes: 12\\nseed: 1\\n")
    >>> _ = (folder / "v2.yaml").write_text("base: all.yaml\\nclasses: 35\\n")
    >>> base, overrides = base_and_overrides(folder / "v2.yaml", "seed: 5")
    >>> base.name, dict(overrides)
    ('all.yaml', {'classes': 35, 'seed': 5})
    """
    base, contents = _read(path)
    given = _parse(overrides, "the command line") or {}
    found: dict[str, Any] = {}
    for change in (*reversed(contents[:-1]), given):
        recursive_update(found, change)
    for name, value in {**contents[-1], **found}.items():
        if _is_placeholder(value):
            raise ValueError(
                f"{name}: expected a value, got none; write --{name}=VALUE"
            )
    return base, found


def quote_texts(path: str | Path, arguments: Sequence[str]) -> list[str]:
    """Quotes the text settings of a command line, so that YAML keeps them.

    A setting is text if its value in the file is a text, a ``!PLACEHOLDER``, or
    a reference with letters around it: ``--words=no``, ``--name="a: b"`` and
    ``--data_folder=2024-01-01`` mean exactly these characters.

    Arguments
    ---------
    path : str | Path
        The file that a user named.
    arguments : sequence of str
        The command line: ``--name=value``, or ``--name`` and words up to the
        next option.

    Returns
    -------
    list of str
        The command line for SpeechBrain's parser.

    Example
    -------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "all.yaml")
    >>> _ = path.write_text("words: !PLACEHOLDER\\nseed: 1\\n")
    >>> quote_texts(path, ["--words", "a:", "b", "--seed=2"])
    ['--words="a: b"', '--seed=2']
    """
    settings: dict[str, Any] = {}
    for content in reversed(_read(path)[1]):
        settings.update(content)
    quoted = []
    for words in _options(arguments, str(path)):
        name = words[0].partition("=")[0].removeprefix("--")
        if words[0].startswith("--") and _is_text(settings, name):
            words = [f"--{name}={_quoted(settings[name], name, words)}"]
        quoted += words
    return quoted


def _read(path):
    """Returns the base file, and the contents of the files that lead there."""
    path, contents = Path(path), []
    while True:
        contents.append(_load(path) or {})
        if BASE not in contents[-1]:
            return path, contents
        path = path.parent / contents[-1].pop(BASE)
        if len(contents) > 10:
            raise ValueError(f"base: expected a file without it, found {path}")


def _options(arguments, path):
    """Returns each option with the words that belong to it."""
    options: list[list[str]] = []
    for word in arguments:
        if not options or word.startswith("--") or word == path:
            options.append([])
        options[-1].append(word)
    return options


def _is_text(settings, name):
    value = settings.get(name)
    if not isinstance(value, TaggedScalar):
        return isinstance(value, str)
    if value.tag.value == "!ref":
        named = _REFERENCE.fullmatch(value.value)
        if named:
            others = {k: v for k, v in settings.items() if k != name}
            return _is_text(others, named[0][1:-1])
        return any(map(str.isalpha, _REFERENCE.sub("", value.value)))
    return _is_placeholder(value)


def _is_placeholder(value):
    return isinstance(value, TaggedScalar) and value.tag.value == PLACEHOLDER


def _quoted(value, name, words):
    """Returns the value of an option as a quoted YAML text."""
    _, is_given, text = words[0].partition("=")
    text = " ".join([text, *words[1:]] if is_given else words[1:])
    is_needed = isinstance(value, TaggedScalar) and not text.strip()
    if is_needed or not (is_given or words[1:]):
        raise ValueError(
            f"{name}: expected a text, got none; write --{name}=TEXT"
        )
    if _REFERENCE.search(text):
        raise ValueError(
            f"{name}: expected a text without <...>, which stands for another "
            f"setting, got {text!r}; choose another"
        )
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise ValueError(f"{name}: expected text in UTF-8, got {text!r}")
    # SpeechBrain's parser splits at "=", and joins with spaces.
    return '"{}"'.format(
        "".join(
            c if c.isprintable() and c not in '\\"=' else f"\\U{ord(c):08x}"
            for c in text
        )
    )


def _load(path):
    if not path.is_file():
        raise FileNotFoundError(
            f"hyperparameters: expected a YAML file, found none at {path}"
        )
    return _parse(path.read_text(encoding="utf-8"), path)


def _parse(text, where):
    try:
        yaml = YAML()
        yaml.preserve_quotes = True  # else HyperPyYAML would read them anew
        nodes = yaml.load(text)
        as_plain(nodes)  # ends where references repeat without bound
        if not isinstance(nodes, dict | None):
            raise ValueError
        return nodes
    except DuplicateKeyError as error:
        fault = str(error.problem).partition(" with value")[0]
        todo = "give it once"
    except (YAMLError, RecursionError, ValueError) as error:
        fault = getattr(error, "problem", None) or "found something else"
        todo = "write lines of `name: value`, with texts in quotes"
    raise ValueError(
        f"hyperparameters: expected YAML in {where}, {fault}; {todo}"
    )


def as_plain(node: object) -> Any:
    """Returns YAML, as ruamel.yaml loads it, as plain data.

    The object of a tag is not built: it becomes ``{tag: arguments}``.

    Arguments
    ---------
    node : object
        A node of a round-trip load.

    Returns
    -------
    dict | list | str | int | float | bool | None

    Example
    -------
    >>> as_plain(YAML().load("a: !new:os.system\\n    command: ls"))
    {'a': {'!new:os.system': {'command': 'ls'}}}
    """
    return _plain(node, [_MAX_NODES])


def _plain(node, left):
    left[0] -= 1
    if left[0] < 0:
        raise ValueError(f"expected at most {_MAX_NODES:,} values, found more")
    if isinstance(node, TaggedScalar):
        value = node.value
    elif isinstance(node, dict):
        value = {str(key): _plain(node[key], left) for key in node}
    elif isinstance(node, (list, tuple)):
        value = [_plain(item, left) for item in node]
    elif node is None or isinstance(node, bool):
        return node
    else:
        kinds = (int, float, str)
        return next((k(node) for k in kinds if isinstance(node, k)), str(node))
    tag = None
    if isinstance(node, (CommentedMap, CommentedSeq, TaggedScalar)):
        tag = node.tag.value
    return value if tag is None else {tag: value}
