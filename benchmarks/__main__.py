"""Runs what ``make bench`` measures, one after another, and fills the tables.

    python -m benchmarks [--data_folder=DATA] [OPTIONS of benchmarks.engine]

Each runs in a process of its own. Where one fails, those after it run all the
same, and the exit code says so.
"""

import subprocess
import sys

from benchmarks import ROOT

MODULES = ("engine", "streaming", "scaling", "reports")


def main() -> None:
    """Runs all; options go to the first."""
    failed = []
    for module in MODULES:
        options = sys.argv[1:] if module == MODULES[0] else []
        command = [sys.executable, "-m", f"benchmarks.{module}", *options]
        if subprocess.run(command, cwd=ROOT).returncode:
            failed.append(module)
    if failed:
        sys.exit(f"expected all benchmarks to run, {', '.join(failed)} did not")


if __name__ == "__main__":
    main()
