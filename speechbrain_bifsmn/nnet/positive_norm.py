"""Batch normalisation that never falls."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from speechbrain_bifsmn.nnet.binarizer import positive


class PositiveGainBatchNorm(nn.Module):
    """Batch normalisation whose gains are positive, whatever is learned.

    A bit of the next layer is then its input below a limit (as with
    ``PositiveSlopePReLU``), and a device need compute neither. The signs of the
    binary layer before it can still turn its outputs over.

    Arguments
    ---------
    channels : int
        Size of axis 1.
    eps : float
        Added to variances.
    momentum : float
        Share of a batch in the running statistics.

    Example
    -------
    >>> norm = PositiveGainBatchNorm(8)
    >>> norm(torch.randn(4, 8)).shape, norm(torch.randn(4, 8, 5, 5)).shape
    (torch.Size([4, 8]), torch.Size([4, 8, 5, 5]))
    """

    running_mean: torch.Tensor
    running_var: torch.Tensor

    def __init__(
        self, channels: int, eps: float = 1e-5, momentum: float = 0.1
    ) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    @property
    def gain(self) -> torch.Tensor:
        """What normalised inputs are multiplied by (channels,)."""
        return positive(self.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalises (B, channels, ...) over all axes but the second."""
        return F.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.gain,
            self.bias,
            self.training,
            self.momentum,
            self.eps,
        )
