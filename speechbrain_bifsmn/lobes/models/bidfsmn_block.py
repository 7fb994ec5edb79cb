"""The block of BiDFSMN, which can round as devices do."""

from __future__ import annotations

from typing import Any

import torch

from speechbrain_bifsmn.lobes.models import integers
from speechbrain_bifsmn.lobes.models.dfsmn_block import (
    DFSMNBlock,
    normalise,
    over_time,
)
from speechbrain_bifsmn.nnet.fixed_point import (
    INT16,
    UNIT,
    apply_affine,
    straight_through,
)


def rounded_activation(
    out: torch.Tensor,
    y: torch.Tensor,
    layer: Any,
    norm: Any,
    activation: Any,
) -> torch.Tensor:
    """Rounds what follows a binary layer, with the gradient as it was.

    Arguments
    ---------
    out : torch.Tensor
        What the layer gave (..., N).
    y : torch.Tensor
        The same after normalisation and activation.
    layer : nn.Module
        A binary layer.
    norm : nn.Module, optional
        Its batch normalisation, in ``eval()``.
    activation : nn.Module
        Its PReLU.

    Returns
    -------
    torch.Tensor
        (..., N), whole multiples of ``UNIT``.
    """
    with torch.no_grad():
        affine = integers.affine(layer, norm, activation)
        scale, bias = integers.scale_and_bias(layer)
        dots = ((out.double() - bias) / scale).round().to(out.dtype)
        max_dot = integers.max_dot(layer)
        gains, shifts = (numbers.values.to(out.dtype) for numbers in affine[:2])
        z = apply_affine(dots, max_dot, gains, shifts, affine.slope.to(out))
    return straight_through(y, z * UNIT)


class BiDFSMNBlock(DFSMNBlock):
    """A block of ``BiDFSMN``: its sums are what devices have, if ``rounded``.

    Takes the arguments of ``DFSMNBlock``.

    Example
    -------
    >>> block = BiDFSMNBlock(16, 32, (2, 2))
    >>> block(torch.randn(3, 8, 16)).shape
    torch.Size([3, 8, 16])
    """

    rounded = False

    def _step(self, layer, norm, activation, x):
        out = over_time(layer, x)
        y = activation(normalise(norm, out))
        if not self.rounded:
            return y
        return rounded_activation(out, y, layer, norm, activation)

    def _sum(self, x, y):
        total = super()._sum(x, y)
        if not self.rounded:
            return total
        return total.clamp(*(limit * UNIT for limit in INT16))
