"""ONNX Runtime on the CPU."""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.model_runner import main

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # a thread of its own
import onnxruntime


class Model:
    """An .onnx model, with its input and output bound to fixed places."""

    def __init__(self, path: Path, threads: int):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        (given,), (result,) = (
            self.session.get_inputs(),
            self.session.get_outputs(),
        )
        self.x = np.zeros(given.shape, np.float32)
        self.y = np.zeros(result.shape, np.float32)
        self.binding = self.session.io_binding()
        place = onnxruntime.OrtValue.ortvalue_from_numpy
        self.places = place(self.x), place(self.y)
        self.binding.bind_ortvalue_input(given.name, self.places[0])
        self.binding.bind_ortvalue_output(result.name, self.places[1])
        self.run = self.session.run_with_iobinding

    def set_input(self, x: NDArray) -> None:
        """Takes features (T, F), or (B, T, F) where the model has a batch."""
        self.places[0].update_inplace(
            np.ascontiguousarray(x, np.float32).reshape(self.x.shape)
        )

    def invoke(self) -> None:
        """Computes the logits."""
        self.run(self.binding)

    def logits(self) -> NDArray:
        """Returns the logits (B, classes)."""
        return self.places[1].numpy()


if __name__ == "__main__":
    main(Model)
