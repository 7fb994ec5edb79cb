"""What every results file says, and how it is written."""

import argparse
import json
import os
import platform
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import torch

from benchmarks import RESULTS, ROOT
from benchmarks.harness.process import Missing
from benchmarks.harness.registry import Peer, all_pins
from speechbrain_bifsmn.provenance import git_commit


def processor() -> str:
    """Returns the processor's name."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line for line in lines if line.startswith("model name")]
    return names[0].split(":")[1].strip() if names else platform.processor()


def command() -> str:
    """Returns what repeats this run in the root folder of the project."""
    script = Path(sys.argv[0]).resolve().relative_to(ROOT).with_suffix("")
    return shlex.join(["python", "-m", ".".join(script.parts), *sys.argv[1:]])


def machine() -> dict[str, Any]:
    """Returns what the numbers depend on."""
    return {
        "processor": processor(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.system(),
    }


def provenance(peers: Iterable[Peer], **versions: Any) -> dict[str, Any]:
    """Returns machine, versions, commit and command.

    Arguments
    ---------
    peers : iterable of Peer
        Whose pinned versions are listed.
    **versions
        Of what else was measured.

    Returns
    -------
    dict
    """
    return {
        "machine": machine(),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            **versions,
            **all_pins(peers),
        },
        "commit": git_commit(ROOT),
        "command": command(),
    }


def make_parser(text: str, name: str) -> argparse.ArgumentParser:
    """Returns the command line of a benchmark.

    Arguments
    ---------
    text : str
        What its help says.
    name : str
        Of its results file.

    Returns
    -------
    argparse.ArgumentParser
    """
    parser = argparse.ArgumentParser(
        description=text,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--output", type=Path, default=RESULTS / f"{name}.json")
    return parser


def run_and_save(
    benchmark: Callable[[argparse.Namespace], Iterator[dict[str, Any]]],
    options: argparse.Namespace,
) -> dict[str, Any]:
    """Writes what a benchmark yields, as it comes, and returns all of it.

    Arguments
    ---------
    benchmark : callable
        Maps the options to parts of the results.
    options : argparse.Namespace
        With ``output``, the file.

    Returns
    -------
    dict
    """
    results: dict[str, Any] = {}
    try:
        for part in benchmark(options):
            results |= part
            write(options.output, results)
    except Missing as error:
        sys.exit(f"expected to build and run all backends, found: {error}")
    return results


def write(path: Path, results: Any) -> None:
    """Writes a results file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
