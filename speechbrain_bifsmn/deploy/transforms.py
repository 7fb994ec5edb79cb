"""Parts of a real Fourier transform, every rounding in the engine's order.

Complex numbers are pairs (re, im) of tensors. The transform of n real numbers
has n parts: bin k of less than n / 2 has its real part at 2 k and its imaginary
part at 2 k + 1, where bin n / 2 has its real part in place of the 0 of bin 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

Complex = tuple[torch.Tensor, torch.Tensor]

EIGHTH = float(np.float32(math.sqrt(0.5)))  # cos and sin of an eighth turn


def sizes(points: int) -> list[int]:
    """Returns the sizes of transforms whose combination takes turns.

    Arguments
    ---------
    points : int
        The size of the last one, a power of 2.

    Returns
    -------
    list of int

    Example
    -------
    >>> sizes(256), sizes(128)
    ([16, 64, 256], [32, 128])
    """
    smallest = 32 if math.log2(points) % 2 else 16
    return [n for n in (smallest * 4**k for k in range(5)) if n <= points]


def halve(parts: torch.Tensor) -> torch.Tensor:
    """Makes transforms of two numbers.

    Arguments
    ---------
    parts : torch.Tensor
        (..., 1, 2 s, lanes).

    Returns
    -------
    torch.Tensor
        (..., 2, s, lanes).

    Example
    -------
    >>> halve(torch.tensor([[[1.0], [2]]])).flatten()
    tensor([ 3., -1.])
    """
    a, b = parts.chunk(2, dim=-2)
    return torch.cat([a + b, a - b], dim=-3)


def combine(
    parts: torch.Tensor,
    cos: torch.Tensor | None = None,
    sin: torch.Tensor | None = None,
) -> torch.Tensor:
    """Combines four transforms of m numbers to one of 4 m.

    Arguments
    ---------
    parts : torch.Tensor
        (..., m, 4 s, lanes): transforms q, q + s, q + 2 s and q + 3 s, of every
        fourth number each, make transform q.
    cos, sin : torch.Tensor
        (m / 2, 3): of the angles by which bin k of all but the first is turned;
        not for m of 1 and 2.

    Returns
    -------
    torch.Tensor
        (..., 4 m, s, lanes).

    Example
    -------
    >>> combine(torch.tensor([[[1.0], [2], [3], [4]]])).flatten()
    tensor([10., -2., -2.,  2.])
    """
    m = parts.size(-3)
    parts = parts.unflatten(-2, (4, -1))
    out = parts.new_empty(*parts.shape[:-4], 4 * m, *parts.shape[-2:])
    rows = out.unbind(-3)
    # Bin 0.
    a, b, c, d = parts[..., 0, :, :, :].unbind(-3)
    e, f = a + c, b + d
    rows[0].copy_(e + f)
    rows[1].copy_(e - f)
    rows[2 * m].copy_(a - c)
    rows[2 * m + 1].copy_(d - b)
    if m > 1:  # bin m / 2
        a, b, c, d = parts[..., 1, :, :, :].unbind(-3)
        u, v = (b - d) * EIGHTH, (b + d) * -EIGHTH
        rows[m].copy_(a + u)
        rows[m + 1].copy_(v - c)
        rows[3 * m].copy_(a - u)
        rows[3 * m + 1].copy_(c + v)
    if cos is not None and sin is not None:
        _combine_bins(
            parts, cos[1:, :, None, None], sin[1:, :, None, None], out
        )
    return out


def _combine_bins(parts, cos, sin, out):
    """Combines the bins between 0 and m / 2, four quarters of the output."""
    re, im = (parts[..., first::2, :, :, :].unbind(-3) for first in (2, 3))
    cos, sin = cos.unbind(1), sin.unbind(1)
    y = re[0], im[0]
    t1, t2, t3 = (
        times((re[r], im[r]), cos[r - 1], sin[r - 1]) for r in (1, 2, 3)
    )
    e, f, g = _add(y, t2), _subtract(y, t2), _add(t1, t3)
    h = t3[0] - t1[0], t1[1] - t3[1]
    made = [
        _add(e, g),  # k
        (f[0] - h[1], h[0] - f[1]),  # m - k
        (f[0] + h[1], f[1] + h[0]),  # m + k
        (e[0] - g[0], g[1] - e[1]),  # 2 m - k
    ]
    for quarter, bins in enumerate(made):
        to = out.unflatten(-3, (4, -1))[..., quarter, 2:, :, :]
        for first, part in enumerate(bins):
            to[..., first::2, :, :] = part.flip(-3) if quarter % 2 else part


def transform_of_8(y: Sequence[Complex]) -> list[Complex]:
    """Returns the complex transform of 8 numbers.

    Arguments
    ---------
    y : sequence
        8 pairs.

    Returns
    -------
    list
        8 pairs.

    Example
    -------
    >>> one, zero = torch.ones(1), torch.zeros(1)
    >>> made = transform_of_8([(one, zero)] + 7 * [(zero, zero)])
    >>> [float(re) for re, im in made]
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    even, odd = (_transform_of_4(*y[first::2]) for first in (0, 1))
    re, im = odd[1]
    odd[1] = (re + im) * EIGHTH, (im - re) * EIGHTH
    re, im = odd[2]
    odd[2] = im, -re
    re, im = odd[3]
    odd[3] = (im - re) * EIGHTH, (re + im) * -EIGHTH
    return [*map(_add, even, odd), *map(_subtract, even, odd)]


def _transform_of_4(a, b, c, d):
    e, f, g = _add(a, c), _subtract(a, c), _add(b, d)
    re, im = _subtract(b, d)
    h = im, -re
    return [_add(e, g), _add(f, h), _subtract(e, g), _subtract(f, h)]


def _add(a, b):
    return a[0] + b[0], a[1] + b[1]


def _subtract(a, b):
    return a[0] - b[0], a[1] - b[1]


def times(a: Complex, re: torch.Tensor, im: torch.Tensor) -> Complex:
    """Returns the product of a and (re, im).

    Example
    -------
    >>> times((torch.ones(1), torch.ones(1)), torch.ones(1), torch.ones(1))
    (tensor([0.]), tensor([2.]))
    """
    return a[0] * re - a[1] * im, a[0] * im + a[1] * re


def square(a: Complex) -> torch.Tensor:
    """Returns the square of the magnitude.

    Example
    -------
    >>> square((torch.tensor(3.0), torch.tensor(4.0)))
    tensor(25.)
    """
    return a[0] * a[0] + a[1] * a[1]


def in_order(terms: torch.Tensor, dim: int) -> torch.Tensor:
    """Adds up one by one, from the first.

    Arguments
    ---------
    terms : torch.Tensor
        Any shape.
    dim : int
        The dimension that goes.

    Returns
    -------
    torch.Tensor

    Example
    -------
    >>> in_order(torch.ones(3, 2), 0)
    tensor([3., 3.])
    """
    total, *others = terms.unbind(dim)
    for other in others:
        total = total + other
    return total
