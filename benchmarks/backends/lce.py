"""Larq Compute Engine: its indirect kernels, and XNNPACK in full precision.

With other settings the binary layers are computed by portable loops.
"""

from importlib.machinery import ExtensionFileLoader
from importlib.metadata import files
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.model_runner import main

MODULE = "interpreter_wrapper_lite"


def interpreter() -> Any:
    """Returns the class of the interpreter.

    The package itself imports TensorFlow, which this extension does not need.
    """
    (path,) = (
        file.locate()
        for file in files("larq-compute-engine")
        if file.name == f"{MODULE}.so"
    )
    loader = ExtensionFileLoader(MODULE, str(path))
    module = module_from_spec(spec_from_loader(MODULE, loader))
    loader.exec_module(module)
    return module.LiteInterpreter


class Model:
    """A .tflite model; its interpreter copies inputs and outputs."""

    def __init__(
        self,
        path: Path,
        threads: int,
        reference: bool = False,
        indirect: bool = True,
        xnn: bool = True,
    ):
        settings = reference, indirect, xnn
        make = interpreter()
        self.interpreter = make(path.read_bytes(), threads, *settings)
        (self.shape,) = self.interpreter.input_shapes
        self.predict = self.interpreter.predict

    def set_input(self, x: NDArray) -> None:
        """Takes features (T, F)."""
        self.inputs = [x.astype(np.float32).reshape(self.shape)]

    def invoke(self) -> None:
        """Computes the logits."""
        self.outputs = self.predict(self.inputs)

    def logits(self) -> NDArray:
        """Returns the logits (1, classes)."""
        return self.outputs[0]


if __name__ == "__main__":
    main(Model)
