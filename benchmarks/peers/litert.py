"""Runs .tflite models with LiteRT: one thread, its XNNPACK kernels.

    python litert.py INPUTS.npy MODEL... [--calls=N]

Prints a JSON object by model: the outputs of all inputs, or with --calls the
median microseconds of an ``invoke()`` whose input was set before.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from stopwatch import median_us


class Model:
    """A model whose inputs and outputs are real numbers."""

    def __init__(self, path):
        self.interpreter = Interpreter(str(path), num_threads=1)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]
        self.output = self.interpreter.get_output_details()[0]
        self.invoke = self.interpreter.invoke

    def set_input(self, x):
        """Takes features (T, F)."""
        dtype, (scale, zero) = self.input["dtype"], self.input["quantization"]
        if dtype == np.int8:
            x = np.clip(np.rint(x / scale) + zero, -128, 127)
        x = x.astype(dtype).reshape(self.input["shape"])
        self.interpreter.set_tensor(self.input["index"], x)

    def __call__(self, x):
        """Returns logits."""
        self.set_input(x)
        self.invoke()
        y = self.interpreter.get_tensor(self.output["index"])[0]
        if y.dtype == np.int8:
            scale, zero = self.output["quantization"]
            y = scale * (y.astype(float) - zero)
        return y.tolist()


def main():
    """Runs or times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", type=Path)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--calls", type=int, default=0)
    options = parser.parse_args()
    inputs, results = np.load(options.inputs), {}
    for path in options.models:
        model = Model(path)
        if options.calls:
            model.set_input(inputs[0])
            results[path.name] = median_us(model.invoke, options.calls)
        else:
            results[path.name] = [model(x) for x in inputs]
    print(json.dumps(results))


if __name__ == "__main__":
    main()
