"""Sizes of networks, and such networks with random weights and statistics.

Shapes: B batch, T frames, F mel bands.
"""

from pathlib import Path
from typing import NamedTuple

import torch
from random_networks import decibels, random_network

from bifsmn_engine.format import model_file
from speechbrain_bifsmn.deploy.folding import fold
from speechbrain_bifsmn.deploy.network import DeployedBiDFSMN
from speechbrain_bifsmn.deploy.writer import write_model
from speechbrain_bifsmn.lobes.features import LogMel

# Classes and sizes; front end where it is not the default.
NETWORKS = {
    "default": {"classes": 12},
    "small": {
        "classes": 2,
        "layers": 4,
        "front_channels": 8,
        "channels": 16,
        "hidden": 16,
    },
    "odd": {
        "classes": 7,
        "n_mels": 12,
        "frames": 20,
        "hop_length": 840,
        "layers": 6,
        "max_thinning": 2,
        "front_channels": 24,
        "channels": 48,
        "hidden": 80,
        "taps": (1, 3),
    },
    "wide": {
        "classes": 35,
        "n_mels": 40,
        "layers": 8,
        "max_thinning": 8,
        "front_channels": 16,
        "channels": 144,
        "hidden": 272,
        "taps": (7, 7),
    },
    "no_taps": {
        "classes": 3,
        "layers": 1,
        "max_thinning": 1,
        "front_channels": 8,
        "channels": 32,
        "hidden": 48,
        "taps": (0, 0),
    },
    "one_plane": {"classes": 12, "planes": 1},
}


class Exported(NamedTuple):
    """A network's file, its twin in torch, and what the twin computes."""

    path: Path
    twin: DeployedBiDFSMN
    front_end: LogMel
    features: torch.Tensor  # (B, T, F): 6 random ones, then 6 flat ones
    logits: dict  # from thinning to the twin's (B, classes)


def export(path, options):
    """Makes a network of some sizes, and its file."""
    options = dict(options)
    front_end = LogMel(
        n_mels=options.get("n_mels", 32),
        hop_length=options.pop("hop_length", 512),
    )
    net = random_network(seed=len(path.stem), **options)
    folded = fold(
        net,
        [f"word {k}" for k in range(net.classes)],
        name=f"random {path.stem}",
        licence="CC0-1.0",
        provenance="Randomly made: knöws nothing.",
        threshold=0.75,
        smoothing=3,
        features=front_end,
    )
    write_model(folded, path)
    twin = DeployedBiDFSMN(model_file.read(path)).eval()
    flat = torch.tensor([-1e6, -100.0, -20.0, 0.0, 70.0, 1e6])
    random = decibels(6, net.frames, net.n_mels)
    features = torch.cat([random, random * 0 + flat[:, None, None]])
    logits = {}
    for thinning in reversed(twin.thinnings):
        twin.thinning = thinning
        with torch.no_grad():
            logits[thinning] = twin(features)
    return Exported(path, twin, front_end, features, logits)
