"""Hyperparameter files that are small changes of another one."""

from pathlib import Path

from hyperpyyaml.core import recursive_update
from ruamel.yaml import YAML

BASE = "base"


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
    changes = [YAML().load(overrides) or {}]
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
    return YAML().load(path.read_text(encoding="utf-8"))
