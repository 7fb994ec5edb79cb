"""Folders that are made once, and Python environments among them."""

import hashlib
import os
import shutil
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import ROOT
from benchmarks.harness.process import run, say

REQUIREMENTS = ROOT / "benchmarks" / "backends" / "requirements"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
CACHE /= "bifsmn-bench"


def cached(
    name: str,
    sources: Sequence[Path],
    make: Callable[[Path], object],
    made_of: object = "",
) -> Path:
    """Returns a folder that ``make(folder)`` filled, now or earlier.

    Arguments
    ---------
    name : str
        What its name begins with.
    sources : sequence of Path
        It is made anew when one of these files changes.
    make : callable
        Fills the folder.
    made_of : object
        What else it is made of; it is made anew when its text changes.

    Returns
    -------
    Path
    """
    content = b"".join(path.read_bytes() for path in sources)
    content += str(made_of).encode()
    folder = CACHE / f"{name}-{hashlib.sha256(content).hexdigest()[:12]}"
    if not (folder / ".complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make(folder)
        (folder / ".complete").touch()
    return folder


def environment(requirements: str, project_torch: bool = False) -> Path:
    """Returns the Python of an environment with these requirements.

    Arguments
    ---------
    requirements : str
        A file in ``REQUIREMENTS``.
    project_torch : bool
        Torch is that of the environment that runs this.

    Returns
    -------
    Path
    """
    path = REQUIREMENTS / requirements
    here = _folder_of_torch() if project_torch else ""

    def make(folder: Path) -> None:
        say(f"Installing {requirements} into {folder}")
        venv.create(folder, with_pip=True)
        if project_torch:
            (site,) = folder.glob("lib/python*/site-packages")
            (site / "project.pth").write_text(f"{here}\n")
        pip = [folder / "bin" / "python", "-m", "pip", "install", "-q"]
        run([*pip, "-r", path])

    return cached(path.stem, [path], make, here) / "bin" / "python"


def _folder_of_torch():
    import torch

    return Path(torch.__file__).parents[1]


def pins(requirements: str) -> dict[str, str]:
    """Returns the versions that a file of requirements asks for.

    Example
    -------
    >>> sorted(pins("litert.txt"))
    ['ai-edge-litert', 'numpy']
    """
    lines = (REQUIREMENTS / requirements).read_text().splitlines()
    return dict(line.split("==") for line in lines if "==" in line)
