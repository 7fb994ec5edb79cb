"""The parts of a run that was stopped, for the run that repeats it."""

import argparse
import hashlib
import json
import platform
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import ROOT
from benchmarks.harness import cache
from speechbrain_bifsmn.files.atomic import atomic_write

SOURCES = ("arm_kernel", "benchmarks", "speechbrain_bifsmn")
KINDS = {".cpp", ".h", ".py", ".txt"}


class Unfinished:
    """Keeps the parts of a run until it is finished.

    A run repeats another if its options, the sources, the files that options
    name and the machine are the same.

    Arguments
    ---------
    options : argparse.Namespace
        Of the command line, with ``output``.
    """

    def __init__(self, options: argparse.Namespace):
        run = hashlib.sha256(f"{platform.node()}\0{options}".encode())
        given = [v for v in vars(options).values() if isinstance(v, Path)]
        files = (v for v in given if v.is_file() and v != options.output)
        for path in (*files, *sources()):
            run.update(path.read_bytes())
        name = f"{options.output.stem}-{run.hexdigest()[:12]}"
        self.folder = cache.CACHE / "unfinished" / name

    def part(
        self, name: str, make: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """Returns what ``make()`` returns, or did before the run stopped."""
        path = self.folder / f"{name}.json"
        if not path.exists():
            found = json.dumps(make())
            with atomic_write(path) as place:
                place.write_text(found)
        return json.loads(path.read_text())

    def forget(self) -> None:
        """Removes all parts: the next run measures anew."""
        shutil.rmtree(self.folder, ignore_errors=True)


def sources() -> Iterator[Path]:
    """Yields the files by which a run is measured, in a fixed order."""
    for name in SOURCES:
        for path in sorted((ROOT / name).rglob("*")):
            if path.suffix in KINDS and path.is_file():
                yield path
