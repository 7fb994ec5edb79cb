"""The integers that devices compute with, in torch.

What is deployed has activations of 16 bits, in units of ``UNIT``, and numbers
of 8 bits that share an exponent of 2. Whole numbers are held in floating point
here, where every operation on them is exact. The rules are those of
``arm_kernel/FORMAT.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch

UNIT = 2.0**-7  # of an activation between blocks
INT16 = (-32768.0, 32767.0)
MAX_CODE = 127
MAX_EXPONENT = 8
SLOPES = 128  # a slope is a whole number of so many parts of 1


class Shared(NamedTuple):
    """Whole numbers ``codes * 2**exponent``, with one exponent for all."""

    codes: torch.Tensor
    exponent: torch.Tensor  # ()

    @property
    def values(self) -> torch.Tensor:
        """The numbers themselves."""
        return self.codes * 2.0**self.exponent


def share_exponent(
    values: torch.Tensor,
    cost: Callable[[torch.Tensor], torch.Tensor] | None = None,
) -> Shared:
    """Rounds numbers to codes of 8 bits with the exponent that costs least.

    Arguments
    ---------
    values : torch.Tensor
        Numbers to round, of any shape.
    cost : callable, optional
        Returns what each of the numbers costs that they may become, given these
        with one more dimension before; otherwise it is the squared error.

    Returns
    -------
    Shared

    Example
    -------
    >>> share_exponent(torch.tensor([-300.0, 2.0, 100.0])).values.tolist()
    [-300.0, 0.0, 100.0]
    """
    steps = 2.0 ** torch.arange(MAX_EXPONENT + 1, device=values.device)
    steps = steps.to(values.dtype).view(-1, *[1] * values.dim())
    codes = (values / steps).round().clamp(-MAX_CODE, MAX_CODE)
    rounded = codes * steps
    costs = cost(rounded) if cost else (rounded - values).square()
    best = costs.flatten(1).sum(1).argmin()
    best_codes = codes.index_select(0, best[None])[0]  # a graph can, too
    return Shared(best_codes, best.to(values.dtype))


def multiply_high(a: torch.Tensor, b: torch.Tensor | float) -> torch.Tensor:
    """Computes ``(a b + 2**14) >> 15``, a rounded product of 16-bit numbers.

    It is exact in single precision where one of them has 8 bits times a power
    of 2.

    Example
    -------
    >>> multiply_high(torch.tensor([-3.0, 3.0]), 16384.0).tolist()
    [-1.0, 2.0]
    """
    return torch.floor((a * b + 2.0**14) / 2.0**15)


def shift_of(max_dot: int) -> int:
    """Returns by how many bits dot products up to ``max_dot`` are shifted up.

    Example
    -------
    >>> shift_of(15), shift_of(384), shift_of(768)
    (7, 6, 5)
    """
    return min(7, (32767 // max_dot).bit_length() - 1)


class Affine(NamedTuple):
    """Gain, shift and PReLU of the 16-bit numbers that dot products become."""

    gains: Shared
    shifts: Shared
    slope: torch.Tensor  # (), whole, in parts of ``SLOPES``


def apply_affine(
    dots: torch.Tensor,
    max_dot: int,
    gains: torch.Tensor,
    shifts: torch.Tensor,
    slope: torch.Tensor,
) -> torch.Tensor:
    """Turns dot products into activations of 16 bits.

    Arguments
    ---------
    dots : torch.Tensor
        Whole numbers (..., N).
    max_dot : int
        Their largest magnitude.
    gains, shifts : torch.Tensor
        Whole numbers (N,) of 16 bits.
    slope : torch.Tensor
        Of the PReLU, (), in parts of ``SLOPES``.

    Returns
    -------
    torch.Tensor
        Whole numbers (..., N).

    Example
    -------
    >>> dots, gains = torch.tensor([-8.0, 8.0]), torch.tensor([16384.0] * 2)
    >>> apply_affine(dots, 15, gains, gains * 0, torch.tensor(32.0)).tolist()
    [-128.0, 512.0]
    """
    products = multiply_high(dots * 2.0 ** shift_of(max_dot), gains)
    y = (products + shifts).clamp(*INT16)
    return torch.maximum(y, multiply_high(y, slope * (2**15 // SLOPES)))


class _StraightThrough(torch.autograd.Function):
    """``x + (rounded - x)`` would not be quite ``rounded``."""

    @staticmethod
    def forward(ctx, x, rounded):
        return rounded.clone()

    @staticmethod
    def backward(ctx, grad):
        return grad, None


def straight_through(x: torch.Tensor, rounded: torch.Tensor) -> torch.Tensor:
    """Returns ``rounded``, with the gradient of ``x``.

    Example
    -------
    >>> x = torch.tensor(0.7, requires_grad=True)
    >>> y = straight_through(x, x.round())
    >>> y.backward()
    >>> y.item(), x.grad.item()
    (1.0, 1.0)
    """
    return _StraightThrough.apply(x, rounded.detach())
