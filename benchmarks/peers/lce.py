"""Larq Compute Engine: its indirect kernels, and XNNPACK for real numbers.

With other settings the binary layers are computed by portable loops.
"""

from importlib.machinery import ExtensionFileLoader
from importlib.metadata import files
from importlib.util import module_from_spec, spec_from_loader

import numpy as np
from drive import drive

MODULE = "interpreter_wrapper_lite"


def interpreter():
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

    def __init__(self, path, threads, reference=False, indirect=True, xnn=True):
        settings = reference, indirect, xnn
        make = interpreter()
        self.interpreter = make(path.read_bytes(), threads, *settings)
        (self.shape,) = self.interpreter.input_shapes
        self.predict = self.interpreter.predict

    def set_input(self, x):
        """Takes features (T, F)."""
        self.inputs = [x.astype(np.float32).reshape(self.shape)]

    def invoke(self):
        """Computes the logits."""
        self.outputs = self.predict(self.inputs)

    def logits(self):
        """Returns an array."""
        return self.outputs[0]


if __name__ == "__main__":
    drive(Model)
