"""LiteRT, with its XNNPACK kernels."""

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from drive import drive


class Model:
    """A .tflite model; in int8, numbers are converted on the way."""

    def __init__(self, path, threads):
        self.interpreter = Interpreter(str(path), num_threads=threads)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]
        self.output = self.interpreter.get_output_details()[0]
        self.invoke = self.interpreter.invoke

    def set_input(self, x):
        """Takes features (T, F), or a batch where the model has one."""
        dtype, (scale, zero) = self.input["dtype"], self.input["quantization"]
        if dtype == np.int8:
            x = np.clip(np.rint(x / scale) + zero, -128, 127)
        x = x.astype(dtype).reshape(self.input["shape"])
        self.interpreter.set_tensor(self.input["index"], x)

    def logits(self):
        """Returns an array."""
        y = self.interpreter.get_tensor(self.output["index"])
        if y.dtype == np.int8:
            scale, zero = self.output["quantization"]
            y = scale * (y.astype(float) - zero)
        return y


if __name__ == "__main__":
    drive(Model)
