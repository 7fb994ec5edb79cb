"""Writes the networks of each size, for the peers and for the engine."""

from pathlib import Path

import numpy as np
import torch

from benchmarks.harness.cache import cached
from benchmarks.models import network
from benchmarks.models.sizes import POINTS
from speechbrain_bifsmn.deploy import folding
from speechbrain_bifsmn.deploy.writer import write_model

TESTS = 64  # inputs; batches divide it


def sizes(point: dict[str, int]) -> dict[str, int]:
    """Returns the arguments of ``BiDFSMN``."""
    channels = point["channels"]
    return {
        "layers": point["layers"],
        "channels": channels,
        "hidden": 2 * channels,
    }


@torch.no_grad()
def write(folder: Path) -> None:
    """Writes weights and logits as ``network.write`` does, and .bifsmn files.

    The thinning is 1, the activation ReLU. In place of the thinning, names have
    the point. Weights say how large a "batch" the model shall have.
    """
    calibration, inputs = network.features(200), network.features(TESTS)
    for name, point in POINTS.items():
        net = network.random_network(binary=False, relu=True, **sizes(point))
        net.classifier.bias -= net(calibration).mean(0)
        weights = network.folded(net, 1) | {"batch": np.array(point["batch"])}
        np.savez(folder / f"weights_relu_{name}.npz", **weights)
        np.save(folder / f"logits_relu_{name}.npy", net(inputs).numpy())
        model = network.random_model(**sizes(point))
        write_model(model, folder / f"binary_{name}.bifsmn")
    network.write_inputs(folder, net, calibration, inputs)


def networks() -> Path:
    """Returns the folder of what ``write`` writes."""
    here = Path(__file__).resolve().parent
    names = ("network.py", "scaled.py", "sizes.py")
    sources = [here / name for name in names]
    return cached("scaled", [*sources, Path(folding.__file__)], write)
