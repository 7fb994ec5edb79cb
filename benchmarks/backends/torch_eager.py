"""Torch in eager mode."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.harness.model_runner import main
from benchmarks.models.torch_network import load


class Model:
    """A ``weights_*.npz``."""

    def __init__(self, path: Path, threads: int):
        torch.set_num_threads(threads)
        self.network = load(path)

    def set_input(self, x: NDArray) -> None:
        """Takes features (T, F)."""
        self.x = torch.from_numpy(np.array(x, np.float32))[None, None]

    @torch.inference_mode()
    def invoke(self) -> None:
        """Computes the logits."""
        self.y = self.network(self.x)

    def logits(self) -> NDArray:
        """Returns the logits (1, classes)."""
        return self.y.numpy()


if __name__ == "__main__":
    main(Model)
