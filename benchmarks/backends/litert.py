"""LiteRT, with its XNNPACK kernels."""

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from benchmarks.harness.model_runner import main


class Model:
    """A .tflite model; in int8, numbers are converted on the way."""

    def __init__(self, path: Path, threads: int):
        self.interpreter = Interpreter(str(path), num_threads=threads)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]
        self.output = self.interpreter.get_output_details()[0]
        self.invoke = self.interpreter.invoke

    def set_input(self, x: NDArray) -> None:
        """Takes features (T, F), or (B, T, F) where the model has a batch."""
        dtype, (scale, zero) = self.input["dtype"], self.input["quantization"]
        if dtype == np.int8:
            x = np.clip(np.rint(x / scale) + zero, -128, 127)
        x = x.astype(dtype).reshape(self.input["shape"])
        self.interpreter.set_tensor(self.input["index"], x)

    def logits(self) -> NDArray:
        """Returns the logits (B, classes)."""
        y = self.interpreter.get_tensor(self.output["index"])
        if y.dtype == np.int8:
            scale, zero = self.output["quantization"]
            y = scale * (y.astype(float) - zero)
        return y


if __name__ == "__main__":
    main(Model)
