"""What figures were measured with: the commit, and versions of packages."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path


def git_commit(folder: str | Path) -> str:
    """Returns the commit that is checked out in a folder.

    Arguments
    ---------
    folder : str | Path
        Any folder of the work tree.

    Returns
    -------
    str
        The hash, with "-dirty" appended where tracked files differ from it,
        other than those in folders of results; "unknown" outside git.
    """

    def git(*arguments):
        command = ["git", "-C", str(folder), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace"
        )
        return done.stdout.strip() if done.returncode == 0 else None

    try:
        commit = git("rev-parse", "HEAD")
        changes = git(
            *("status", "--porcelain", "--untracked-files=no"),
            *("--", ":/", ":(top,exclude,glob)**/results/**"),
        )
    except OSError:
        return "unknown"
    if commit is None:
        return "unknown"
    return f"{commit}-dirty" if changes else commit


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Returns the versions of Python and of installed packages, by name.

    Example
    -------
    >>> list(versions(["numpy"]))
    ['python', 'numpy']
    """
    return {
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }
