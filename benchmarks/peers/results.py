"""What every results file says, and how it is written."""

import json
import os
import platform
import shlex
import sys
from pathlib import Path

import torch
from peers import prepare
from training import processor

from speechbrain_bifsmn.utils.report import git_commit


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
        "commit": git_commit(Path(__file__).resolve().parents[2]),
        "command": shlex.join(
            ["python", Path(sys.argv[0]).name, *sys.argv[1:]]
        ),
    }


def write(path, results):
    """Writes a results file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=2) + "\n")
