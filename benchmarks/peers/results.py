"""What every results file says, and how it is written."""

import json
import os
import platform
import shlex
import sys
from pathlib import Path

import torch
from peers import prepare

from speechbrain_bifsmn.runs.report import git_commit

ROOT = Path(__file__).resolve().parents[2]


def processor():
    """Returns the processor's name."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line for line in lines if line.startswith("model name")]
    return names[0].split(":")[1].strip() if names else platform.processor()


def command():
    """Returns what repeats this run in the folder of the project."""
    script = Path(sys.argv[0]).resolve().relative_to(ROOT)
    return shlex.join(["python", str(script), *sys.argv[1:]])


def machine():
    """Returns what the numbers depend on."""
    return {
        "processor": processor(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.system(),
    }


def provenance(peers, **versions):
    """Returns machine, versions, commit and command.

    Arguments
    ---------
    peers : sequence of registry.Peer
        Whose pinned versions are listed.
    **versions
        Of what else was measured.
    """
    return {
        "machine": machine(),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            **versions,
            **prepare.all_pins(peers),
        },
        "commit": git_commit(ROOT),
        "command": command(),
    }


def carried_out(benchmark, options):
    """Returns what a benchmark of all sides found, and writes it.

    Arguments
    ---------
    benchmark : callable
        Maps the options to the results.
    options : argparse.Namespace
        With ``output``, the file.
    """
    try:
        results = benchmark(options)
    except prepare.Missing as error:
        sys.exit(f"expected to build and run all sides, found: {error}")
    write(options.output, results)
    return results


def write(path, results):
    """Writes a results file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=2) + "\n")
