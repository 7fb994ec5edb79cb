"""The two layers that are not binary: devices compute them in few bits."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from speechbrain_bifsmn.nnet.fixed_point import UNIT
from speechbrain_bifsmn.nnet.tied_linear import TiedLinear

INPUT_CODES = 127
MAX_L1 = 258  # of an output's weights: its sums then fit 16 bits
CLASSIFIER_CODES = 7
STEP = 0.42  # of the classifier's weights, in mean magnitudes
RANGE = 4.0  # of the classifier's inputs, in root mean squares


class QuantizableConv2d(nn.Conv2d):
    """A convolution of one channel of codes from 0 to 127.

    Training computes in full precision, devices with ``codes``. The magnitudes
    of an output's codes add up to at most 258.

    Arguments
    ---------
    low, high : float
        What the codes 0 and 127 mean. The code that is next to 0 means exactly
        0, and pads.
    *shape, **named_shape
        Of ``torch.nn.Conv2d``.

    Example
    -------
    >>> conv = QuantizableConv2d(-2.5, 3.0, 1, 8, 5, stride=2, padding=2)
    >>> conv(torch.zeros(1, 1, 16, 16)).shape
    torch.Size([1, 8, 8, 8])
    """

    def __init__(
        self, low: float, high: float, *shape: Any, **named_shape: Any
    ) -> None:
        super().__init__(*shape, **named_shape)
        self.step = (high - low) / INPUT_CODES
        self.pad_code = min(max(round(-low / self.step), 0), INPUT_CODES)
        self.low = -self.pad_code * self.step

    def codes(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the weights as whole numbers, and their scales (N,)."""
        weight = self.weight.detach().double()
        rows = weight.flatten(1).abs()
        # Rounding adds at most half of each weight.
        total = MAX_L1 - 0.5 - rows.size(1) / 2
        scale = torch.maximum(rows.sum(1) / total, rows.amax(1) / 127)
        scale = scale.clamp_min(1e-12)
        return (weight / scale.view(-1, 1, 1, 1)).round(), scale


class QuantizableLinear(TiedLinear):
    """A classifier of 8-bit inputs and 4-bit weights.

    Training computes in full precision, devices with ``codes``. Takes the
    arguments of ``TiedLinear``. Its inputs are whole multiples of the unit of
    activations; the range of their 8 bits follows from their root mean square
    in training.

    Example
    -------
    >>> layer = QuantizableLinear(64, 4)
    >>> layer(torch.randn(2, 64)).shape
    torch.Size([2, 4])
    """

    mean_square: torch.Tensor

    def __init__(self, *shape: Any, **named_shape: Any) -> None:
        super().__init__(*shape, **named_shape)
        self.register_buffer("mean_square", torch.ones(()))

    def shift(self) -> torch.Tensor:
        """Returns by how many bits inputs are shifted down, 1 to 8."""
        high = RANGE * self.mean_square.double().sqrt() / UNIT
        return (high / 127).log2().ceil().clamp(1, 8)

    def codes(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Returns weights and biases as whole numbers, and the logits' unit.

        A mean's weight is that of each of its inputs.
        """
        weight = (self.weight / self.tied).detach().double()
        step = STEP * weight.abs().mean().clamp_min(1e-12)
        codes = (
            (weight / step).round().clamp(-CLASSIFIER_CODES, CLASSIFIER_CODES)
        )
        unit = (step * 2.0 ** self.shift() * UNIT).float()
        biases = (self.bias.detach().double() / unit.double()).round()
        return codes, biases.clamp(-(2.0**30), 2.0**30), unit

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (B, inputs) to logits (B, N)."""
        if self.training:
            self._follow(x.detach())
        return super().forward(x)

    @torch.no_grad()
    def _follow(self, x):
        self.mean_square.lerp_(x.float().square().mean(), 0.01)
