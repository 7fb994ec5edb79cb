"""The networks and models that the backends run, made once and cached."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.cache import REQUIREMENTS, cached, environment
from benchmarks.harness.process import run, say
from benchmarks.harness.registry import Peer
from benchmarks.models import network, trained

MODELS = Path(__file__).resolve().parent


def networks(data: Path | None = None) -> Path:
    """Returns the folder of the weights that the peers get.

    Arguments
    ---------
    data : Path, optional
        Speech Commands, to train the networks on; else they are random.

    Returns
    -------
    Path
    """
    sources = [MODELS / "network.py"]
    if data is None:
        return cached("networks", sources, network.write)

    def make(folder: Path) -> None:
        found = trained.write(folder, data)
        (folder / "accuracy.json").write_text(json.dumps(found))

    sources.append(MODELS / "trained.py")
    return cached("trained", sources, make, data.resolve())


def describe(networks: Path, data: Path | None = None) -> dict[str, Any]:
    """Returns what the networks were compared on, for the results."""
    inputs = len(np.load(networks / "inputs.npy", mmap_mode="r"))
    if data is None:
        return {"compared_on": f"{inputs} generated inputs"}
    return {
        "compared_on": f"{inputs} test clips",
        "peers_accuracy": json.loads((networks / "accuracy.json").read_text()),
    }


def models(peer: Peer, networks: Path) -> Path:
    """Returns the folder of a peer's models.

    Arguments
    ---------
    peer : Peer
        Whose.
    networks : Path
        The folder of the networks that they are of.

    Returns
    -------
    Path
    """

    def make(folder: Path) -> None:
        python = environment(peer.made_with, peer.project_torch)
        say(f"Making the models of {peer.title} in {folder}")
        maker = f"benchmarks.models.{peer.maker}"
        run([python, "-m", maker, networks, folder])
        if peer.made_with != peer.requirements:
            shutil.rmtree(python.parents[1])  # large, needed once

    names = (peer.maker, *peer.sources)
    sources = [MODELS / f"{name}.py" for name in names]
    sources.append(REQUIREMENTS / peer.made_with)
    return cached(peer.maker, sources, make, networks.name)
