"""The block of a thinnable DFSMN.

Shapes: B batch, T frames, C channels.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from speechbrain_bifsmn.nnet.activations import PReLU
from speechbrain_bifsmn.nnet.separable import DepthwiseConv1d, PointwiseConv1d


def normalise(batch_norm: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Batch-normalises the channels of ``x`` (B, T, C)."""
    return batch_norm(x.flatten(0, 1)).view_as(x)


def _norms(thinnings, channels, norm=nn.BatchNorm1d):
    """One batch normalisation for each thinning."""
    return nn.ModuleDict({str(d): norm(channels) for d in thinnings})


def over_time(conv: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Runs a 1-D convolution, which wants (B, C, T), on ``x`` (B, T, C)."""
    return conv(x.transpose(1, 2)).transpose(1, 2)


class DFSMNBlock(nn.Module):
    """Memory convolution and two pointwise convolutions, both with a residual.

    Arguments
    ---------
    channels : int
        C, of input and output.
    hidden : int
        Channels between the two pointwise convolutions.
    taps : sequence of int
        Two numbers: frames that the memory sees before and after the present
        one.
    thinnings : sequence of int
        The thinnings at which this block runs; each has its own
        normalisations and output activation.
    activation : type
        Class of the activation between the pointwise convolutions.
    dropout : float
        Probability of dropout between the pointwise convolutions.
    norm : type
        Class of the batch normalisations between the pointwise convolutions.

    Example
    -------
    >>> block = DFSMNBlock(16, 24, (2, 2), thinnings=[1, 2])
    >>> block(torch.randn(3, 8, 16), thinning=2).shape
    torch.Size([3, 8, 16])
    """

    def __init__(
        self,
        channels: int,
        hidden: int,
        taps: Sequence[int],
        thinnings: Sequence[int] = (1,),
        activation: type[nn.Module] = PReLU,
        dropout: float = 0.0,
        norm: type[nn.Module] = nn.BatchNorm1d,
    ) -> None:
        super().__init__()
        self.taps = tuple(taps)
        self.memory = DepthwiseConv1d(channels, sum(taps) + 1)
        self.memory_norms = _norms(thinnings, channels)
        self.memory_activation = PReLU()
        self.expand = PointwiseConv1d(channels, hidden)
        self.expand_norms = _norms(thinnings, hidden, norm)
        self.expand_activation = activation()
        self.dropout = nn.Dropout(dropout)
        self.project = PointwiseConv1d(hidden, channels)
        self.norms = _norms(thinnings, channels)
        self.activations = nn.ModuleDict({str(d): PReLU() for d in thinnings})

    def forward(self, x: torch.Tensor, thinning: int = 1) -> torch.Tensor:
        """Maps (B, T, C) to (B, T, C) with the norms of a thinning."""
        key = str(thinning)
        padded = F.pad(x, (0, 0, *self.taps))
        memory = normalise(
            self.memory_norms[key], over_time(self.memory, padded)
        )
        x = x + self.memory_activation(memory)
        y = normalise(self.expand_norms[key], over_time(self.expand, x))
        y = self.dropout(self.expand_activation(y))
        y = normalise(self.norms[key], over_time(self.project, y))
        return x + self.activations[key](y)
