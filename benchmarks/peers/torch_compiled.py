"""Torch, compiled ahead of time: no Python between its kernels."""

import numpy as np
import torch
from drive import drive


class Model:
    """A package of AOTInductor."""

    def __init__(self, path, threads):
        torch.set_num_threads(threads)
        self.network = torch._inductor.aoti_load_package(str(path))

    def set_input(self, x):
        """Takes features (T, F)."""
        self.x = torch.from_numpy(np.array(x, np.float32))[None, None]

    @torch.inference_mode()
    def invoke(self):
        """Computes the logits."""
        self.y = self.network(self.x)

    def logits(self):
        """Returns an array."""
        return self.y.numpy()


if __name__ == "__main__":
    drive(Model)
