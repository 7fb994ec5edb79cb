"""Makes the .onnx models of ``scaling.py``, with a batch in their shape.

    python -m benchmarks.models.make_scaled_onnx NETWORKS OUT

They are exported for any batch and quantised at batch 1, as ``make_onnx`` does;
then the batch is fixed, so that ONNX Runtime can plan for it.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime.tools.onnx_model_utils import (
    fix_output_shapes,
    make_dim_param_fixed,
)
from torch import Tensor, nn

from benchmarks.models.make_onnx import quantize
from benchmarks.models.torch_network import load


def export(network: nn.Module, path: Path, example: Tensor) -> None:
    """Writes a network that takes any batch of what is like (B, 1, T, F)."""
    torch.onnx.export(
        network,
        (example,),
        path,
        input_names=["x"],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        external_data=False,
    )


def fix_batch(path: Path, batch: int) -> None:
    """Writes how many clips a call of a model takes."""
    model = onnx.load(path)
    make_dim_param_fixed(model.graph, "batch", batch)
    fix_output_shapes(model)
    onnx.save(model, path)


def main(networks: Path, out: Path) -> None:
    """Makes both forms of each network."""
    inputs = np.load(networks / "calibration.npy")
    example = torch.from_numpy(inputs[:2, None])
    for path in sorted(networks.glob("weights_*.npz")):
        name = path.stem.removeprefix("weights")
        real, int8 = (out / f"{form}{name}.onnx" for form in ("fp32", "int8"))
        export(load(path), real, example)
        quantize(real, int8, inputs)
        for model in (real, int8):
            fix_batch(model, int(np.load(path)["batch"]))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
