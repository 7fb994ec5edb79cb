"""The network that the peers run, as a module of torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn


class Network(nn.Module):
    """A network that ``network.folded`` wrote.

    All convolutions have two dimensions, (B, C, T, 1) after the front end, for
    which every exporter has a way.

    Arguments
    ---------
    weights : mapping
        Arrays by name.
    """

    def __init__(self, weights: Mapping[str, NDArray]):
        super().__init__()
        self.slopes = {}
        for name, array in weights.items():
            if name.endswith(".slope"):
                self.slopes[name.removesuffix(".slope")] = float(array)
            elif name != "input_shape":
                tensor = torch.from_numpy(np.ascontiguousarray(array))
                if tensor.ndim == 4:  # (T, F, inputs, outputs) in TensorFlow
                    order = (2, 3, 0, 1) if "memory" in name else (3, 2, 0, 1)
                    tensor = tensor.permute(order)
                elif tensor.ndim == 2:  # (inputs, outputs)
                    tensor = tensor.T
                # A copy: of an axis of size 1, any stride is contiguous, but
                # not all exporters take any.
                tensor = tensor.clone(memory_format=torch.contiguous_format)
                self.register_buffer(name.replace(".", "_"), tensor)
        self.blocks = sum(name.endswith(".expand") for name in self.slopes)

    def forward(self, x: Tensor) -> Tensor:
        """Takes scaled features (B, 1, T, F); returns logits (B, classes)."""
        x = self.layer("conv1", x, stride=2, padding=2)
        x = self.layer("conv2", x, stride=2, padding=2)
        x = x.permute(0, 3, 1, 2)  # (B, bands, channels, T)
        x = x.reshape(x.shape[0], -1, x.shape[3], 1)
        x = self.layer("projection", x)
        for b in range(self.blocks):
            around = {"padding": (2, 0), "groups": x.shape[1]}
            x = self.layer(f"{b}.memory", x, **around) + x
            x = self.layer(f"{b}.project", self.layer(f"{b}.expand", x)) + x
        x = x.permute(0, 2, 1, 3).flatten(1)
        return F.linear(x, self.classifier_weight, self.classifier_bias)

    def layer(self, name: str, x: Tensor, **options: Any) -> Tensor:
        """A convolution of (B, C, T, F) and its activation."""
        weight, bias = self.of(name, "weight"), self.of(name, "bias")
        y = F.conv2d(x, weight, bias, **options)
        slope = self.slopes[name]
        return F.leaky_relu(y, slope) if slope else F.relu(y)

    def of(self, name: str, kind: str) -> Tensor:
        """Returns an array of a layer."""
        return getattr(self, f"{name}_{kind}".replace(".", "_"))


def load(path: Path) -> Network:
    """Reads a ``weights_*.npz``."""
    return Network(dict(np.load(path))).eval()
