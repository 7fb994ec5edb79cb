"""Makes the .pte programs that ExecuTorch runs.

    python -m benchmarks.models.make_executorch NETWORKS OUT

In full precision ("fp32"), and with weights (one scale per output channel) and
activations in int8, with scales that are found beforehand ("int8"), of which
PReLU cannot be (leaky ReLU leaves XNNPACK).
"""

import sys
from pathlib import Path

import numpy as np
import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import (
    XnnpackPartitioner,
)
from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import (
    XNNPACKQuantizer,
    get_symmetric_quantization_config,
)
from executorch.exir import to_edge_transform_and_lower
from torch import Tensor, nn
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

from benchmarks.models.torch_network import load


def write(network: nn.Module, example: Tensor, path: Path) -> None:
    """Lowers a network of the example's shape (1, 1, T, F) and writes it."""
    exported = torch.export.export(network, (example,))
    lowered = to_edge_transform_and_lower(
        exported, partitioner=[XnnpackPartitioner()]
    )
    path.write_bytes(lowered.to_executorch().buffer)


def quantized(network: nn.Module, inputs: Tensor) -> nn.Module:
    """Returns the network in int8, calibrated on inputs (N, 1, T, F)."""
    quantizer = XNNPACKQuantizer().set_global(
        get_symmetric_quantization_config(is_per_channel=True)
    )
    graph = torch.export.export(network, (inputs[:1],)).module()
    graph = prepare_pt2e(graph, quantizer)
    for x in inputs.split(1):
        graph(x)
    return convert_pt2e(graph)


def main(networks: Path, out: Path) -> None:
    """Makes the programs of each network."""
    inputs = torch.from_numpy(np.load(networks / "calibration.npy"))
    inputs = inputs.unsqueeze(1)
    for path in sorted(networks.glob("weights_*.npz")):
        name, network = path.stem.removeprefix("weights"), load(path)
        write(network, inputs[:1], out / f"fp32{name}.pte")
        if "_relu" in name:
            write(
                quantized(network, inputs), inputs[:1], out / f"int8{name}.pte"
            )


if __name__ == "__main__":
    with torch.no_grad():
        main(*map(Path, sys.argv[1:]))
