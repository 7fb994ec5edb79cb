"""Torch in eager mode."""

import numpy as np
import torch
from drive import drive
from torch_network import load


class Model:
    """A ``weights_*.npz``."""

    def __init__(self, path, threads):
        torch.set_num_threads(threads)
        self.network = load(path)

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
