"""ExecuTorch with its XNNPACK delegate."""

from pathlib import Path

import numpy as np
import torch
from executorch.runtime import Runtime
from numpy.typing import NDArray

from benchmarks.harness.model_runner import main


class Model:
    """A .pte program; the delegate has the threads that its build gives it."""

    def __init__(self, path: Path, threads: int):
        torch.set_num_threads(threads)
        self.program = Runtime.get().load_program(str(path))
        self.method = self.program.load_method("forward")

    def set_input(self, x: NDArray) -> None:
        """Takes features (T, F)."""
        self.inputs = [torch.from_numpy(np.array(x, np.float32))[None, None]]

    def invoke(self) -> None:
        """Computes the logits."""
        self.outputs = self.method.execute(self.inputs)

    def logits(self) -> NDArray:
        """Returns the logits (1, classes)."""
        return self.outputs[0].numpy()


if __name__ == "__main__":
    main(Model)
