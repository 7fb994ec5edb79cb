"""Triangular bands on the mel scale, in the engine's order. Needs numpy only.

Shapes: F mel bands.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

LANES = 8  # sums of a band, each of every eighth bin
MIN_FLOOR = 2.0**-126  # a lower power_floor counts as this one


def corners(n_mels: int, f_min: float, f_max: float) -> NDArray[np.float64]:
    """Returns the corners of triangles, equally spaced on the HTK mel scale.

    Arguments
    ---------
    n_mels : int
        F.
    f_min, f_max : float
        The first and the last corner, in Hz.

    Returns
    -------
    numpy.ndarray
        (F + 2,) in Hz, ascending.

    Example
    -------
    >>> corners(2, 0, 8000).round().tolist()
    [0.0, 921.0, 3056.0, 8000.0]
    """
    low, high = (2595 * math.log10(1 + f / 700) for f in (f_min, f_max))
    steps = (high - low) / (n_mels + 1)
    mels = [low + i * steps for i in range(n_mels + 2)]
    return np.array([700 * (math.pow(10, mel / 2595) - 1) for mel in mels])


def segments(
    corners: NDArray[np.float64], hertz: float, bins: int
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Returns what lies between corners, as rows of 8 bins.

    A triangle of height 1 rises over one segment and falls over the next one,
    where another triangle rises: no bin has more than two.

    Arguments
    ---------
    corners : numpy.ndarray
        (F + 2,) in Hz.
    hertz : float
        From one bin to the next.
    bins : int
        How many there are.

    Returns
    -------
    index : numpy.ndarray
        (rows, F + 1, 8): the bins of a segment; ``bins`` where there is none.
    rising : numpy.ndarray
        (rows, F + 1, 8): the weights of the triangle that rises; 0 where there
        is no bin.
    falling : numpy.ndarray
        (rows, F + 1, 8): those of the triangle that falls.

    Example
    -------
    >>> index, rising, falling = segments(np.array([0.0, 2, 6]), 1, 20)
    >>> index[0, 1].tolist()
    [2, 3, 4, 5, 20, 20, 20, 20]
    >>> rising[0, 1].tolist()
    [0.0, 0.25, 0.5, 0.75, 0.0, 0.0, 0.0, 0.0]
    >>> falling[0, 1].tolist()
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0, 0.0, 0.0]
    """
    begin = np.minimum(np.ceil(np.maximum(0, corners / hertz)), bins)
    begin = begin.astype(int)[:, None]
    counts = np.maximum(0, np.diff(begin, axis=0))
    nth = np.arange((max(1, counts.max()) + LANES - 1) // LANES * LANES)
    index = begin[:-1] + nth
    left, right = corners[:-1, None], corners[1:, None]
    with np.errstate(divide="ignore", invalid="ignore"):  # of no width
        rising = (index * hertz - left) / (right - left)
        falling = (right - index * hertz) / (right - left)
    outside = nth >= counts
    index[outside], rising[outside], falling[outside] = bins, 0, 0
    shape = len(counts), -1, LANES
    return (
        index.reshape(shape).swapaxes(0, 1),
        rising.reshape(shape).swapaxes(0, 1),
        falling.reshape(shape).swapaxes(0, 1),
    )
