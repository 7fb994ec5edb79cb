"""A linear layer whose inputs share weights."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class TiedLinear(nn.Linear):
    """A linear layer of the means of its inputs, so many at a time.

    It is one of all inputs in which those that are averaged share a weight, and
    has as few weights as means.

    Arguments
    ---------
    inputs, outputs : int
        Sizes; ``inputs`` a multiple of ``tied``.
    tied : int
        Inputs of a mean, which lie side by side; with 1 this is
        ``torch.nn.Linear``.
    **options
        Any other arguments of ``torch.nn.Linear``.

    Example
    -------
    >>> layer = TiedLinear(64, 4, tied=8)
    >>> layer.weight.shape, layer.untied().shape
    (torch.Size([4, 8]), torch.Size([4, 64]))
    >>> x = torch.randn(2, 64)
    >>> whole = torch.nn.functional.linear(x, layer.untied(), layer.bias)
    >>> torch.allclose(layer(x), whole, atol=1e-5)
    True
    """

    def __init__(
        self, inputs: int, outputs: int, tied: int = 1, **options: Any
    ) -> None:
        if inputs % tied:
            raise ValueError(
                f"inputs: expected a multiple of tied, {tied}, got {inputs}"
            )
        super().__init__(inputs // tied, outputs, **options)
        self.tied = tied

    def means(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (B, inputs) to means (B, inputs / tied)."""
        return x.unflatten(-1, (-1, self.tied)).mean(-1)

    def untied(self) -> torch.Tensor:
        """Returns the weight (outputs, inputs) of all inputs."""
        return (self.weight / self.tied).repeat_interleave(self.tied, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (B, inputs) to (B, outputs)."""
        return super().forward(self.means(x))
