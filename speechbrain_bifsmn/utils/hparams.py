"""Hyperparameter files that are small changes of another one."""

from pathlib import Path

from hyperpyyaml.core import recursive_update
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import YAMLError

BASE = "base"
_MAX_NODES = 100_000


def base_and_overrides(path, overrides=""):
    """Finds the file that a hyperparameter file is based on.

    A file with the key ``base`` names another one, relative to itself; its
    other keys take the place of that file's. (HyperPyYAML's own ``!include``
    puts a file under a key, where overrides from a command line do not reach.)

    Arguments
    ---------
    path : str | Path
        The file that a user named.
    overrides : str
        YAML text of what comes before both, as from a command line.

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
    path, found = Path(path), {}
    changes = [_parse(overrides, "the command line") or {}]
    while (content := _load(path)) is not None and BASE in content:
        path = path.parent / content.pop(BASE)
        changes.append(content)
        if len(changes) > 10:
            raise ValueError(f"base: expected a file without it, found {path}")
    for change in reversed(changes):
        recursive_update(found, change)
    return path, found


def _load(path):
    if not path.is_file():
        raise FileNotFoundError(
            f"hyperparameters: expected a YAML file, found none at {path}"
        )
    return _parse(path.read_text(encoding="utf-8"), path)


def _parse(text, where):
    try:
        nodes = YAML().load(text)
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


def as_plain(node):
    """Returns YAML, as ruamel.yaml loads it, as plain data.

    What a tag would make is not made: it becomes ``{tag: arguments}``.

    Arguments
    ---------
    node : object
        Of a round-trip load.

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
