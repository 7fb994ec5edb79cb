"""ExecuTorch with its XNNPACK delegate."""

import numpy as np
import torch
from drive import drive
from executorch.runtime import Runtime


class Model:
    """A .pte program; the delegate has the threads that its build gives it."""

    def __init__(self, path, threads):
        torch.set_num_threads(threads)
        self.program = Runtime.get().load_program(str(path))
        self.method = self.program.load_method("forward")

    def set_input(self, x):
        """Takes features (T, F)."""
        x = torch.from_numpy(np.array(x, np.float32))[None, None]
        self.inputs = [x]

    def invoke(self):
        """Computes the logits."""
        self.outputs = self.method.execute(self.inputs)

    def logits(self):
        """Returns an array."""
        return self.outputs[0].numpy()


if __name__ == "__main__":
    drive(Model)
