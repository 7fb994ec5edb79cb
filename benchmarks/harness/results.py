"""What every results file says, and how it is written."""

import argparse
import json
import os
import platform
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks import RESULTS, ROOT
from benchmarks.harness.process import Missing, say
from benchmarks.harness.registry import Peer, all_pins
from benchmarks.harness.unfinished import Unfinished
from speechbrain_bifsmn.files.atomic import atomic_write
from speechbrain_bifsmn.provenance import git_commit

Part = tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]


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
    benchmark: Callable[[argparse.Namespace], Iterator[Part]],
    options: argparse.Namespace,
) -> dict[str, Any]:
    """Writes the parts of a benchmark as they come, and returns all of them.

    A part that fails is left out, with the reason in ``missing_parts``. Where a
    run was stopped, the same run goes on after its last part.

    Arguments
    ---------
    benchmark : callable
        Maps the options to parts: a name, and a function of the results so far
        that returns more of them.
    options : argparse.Namespace
        With ``output``, the file.

    Returns
    -------
    dict
    """
    results: dict[str, Any] = {}
    unforeseen: list[Exception] = []
    stopped = Unfinished(options)
    try:
        for name, make in benchmark(options):
            try:
                results |= stopped.part(name, partial(make, results))
            except Exception as error:
                say(f"{name} is missing: {error}")
                results.setdefault("missing_parts", {})[name] = str(error)
                if not isinstance(error, Missing):
                    unforeseen.append(error)
            write(options.output, results)
    except Missing as error:
        sys.exit(f"expected to build and run the engine, found: {error}")
    stopped.forget()
    if unforeseen:
        raise unforeseen[0]
    return results


def write(path: Path, results: Any) -> None:
    """Writes a results file."""
    with atomic_write(path) as place:
        place.write_text(json.dumps(results, indent=2) + "\n", "utf-8")
