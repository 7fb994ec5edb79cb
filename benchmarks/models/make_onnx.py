"""Makes the .onnx models that ONNX Runtime runs.

    python -m benchmarks.models.make_onnx NETWORKS OUT

In full precision ("fp32"), and with weights (one scale per output channel) and
activations in int8, with scales that are found beforehand ("int8").
"""

import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from benchmarks.models.torch_network import load


class Inputs(CalibrationDataReader):
    """Hands out the calibration inputs (N, T, F)."""

    def __init__(self, inputs: NDArray):
        self.left = iter(inputs)

    def get_next(self) -> dict[str, NDArray] | None:
        """Returns the next input by name, or None."""
        x = next(self.left, None)
        return None if x is None else {"x": x[None, None]}


def quantize(real: Path, path: Path, inputs: NDArray) -> None:
    """Writes the int8 form of a model, calibrated on inputs (N, T, F)."""
    ready = path.with_suffix(".ready")
    quant_pre_process(real, ready)
    quantize_static(
        ready,
        path,
        Inputs(inputs),
        per_channel=True,
        activation_type=QuantType.QUInt8,  # else not all layers are in int8
        weight_type=QuantType.QInt8,
    )
    ready.unlink()


def main(networks: Path, out: Path) -> None:
    """Makes both forms of each network."""
    inputs = np.load(networks / "calibration.npy")
    example = torch.from_numpy(inputs[:1, None])
    for path in sorted(networks.glob("weights_*.npz")):
        name = path.stem.removeprefix("weights")
        real = out / f"fp32{name}.onnx"
        torch.onnx.export(
            load(path),
            (example,),
            real,
            input_names=["x"],
            external_data=False,
        )
        quantize(real, out / f"int8{name}.onnx", inputs)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
