"""Torch in eager mode, for ``scale_peer``: it takes any batch."""

import numpy as np
import torch
import torch_eager


class Model(torch_eager.Model):
    """A ``weights_*.npz``."""

    def set_input(self, x):
        """Takes features (T, F), or a batch."""
        x = np.array(x, np.float32)
        self.x = torch.from_numpy(x).reshape(-1, 1, *x.shape[-2:])
