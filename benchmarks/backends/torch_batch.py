"""Torch in eager mode, for ``scaling_runner``: it takes any batch."""

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.backends import torch_eager


class Model(torch_eager.Model):
    """A ``weights_*.npz``."""

    def set_input(self, x: NDArray) -> None:
        """Takes features (T, F), or (B, T, F)."""
        x = np.array(x, np.float32)
        self.x = torch.from_numpy(x).reshape(-1, 1, *x.shape[-2:])
