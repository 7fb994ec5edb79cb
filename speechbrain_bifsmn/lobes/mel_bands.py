"""Triangular bands on the mel scale, in the engine's order. Needs numpy only.

Shapes: F mel bands.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

LANES = 16  # sums of a band, each of every 16th product
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


def triangles(
    corners: NDArray[np.float64], hertz: float, last: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Returns triangular bands of height 1, as rows of bins.

    Arguments
    ---------
    corners : numpy.ndarray
        (F + 2,) in Hz.
    hertz : float
        From one bin to the next.
    last : int
        Index of the last bin.

    Returns
    -------
    weights : numpy.ndarray
        (F, rows, 16), 0 where a band has fewer rows.
    index : numpy.ndarray
        The bin of each weight, (F, rows, 16); ``last + 32`` where there is
        none.
    """
    bins = np.minimum(np.maximum(0, corners / hertz), last).astype(int)
    widths = (bins[2:] + 1 - bins[:-2] + LANES - 1) // LANES * LANES
    index = bins[:-2, None] + np.arange(widths.max())
    f, up, down = index * hertz, np.diff(corners)[:-1], np.diff(corners)[1:]
    with np.errstate(divide="ignore", invalid="ignore"):  # of no width
        rising = (f - corners[:-2, None]) / up[:, None]
        falling = (corners[2:, None] - f) / down[:, None]
    weights = np.fmax(0, np.fmin(rising, falling))  # which pass over NaN
    outside = np.arange(widths.max()) >= widths[:, None]
    weights[outside | (index > last)] = 0
    index[outside | (index > last)] = last + 2 * LANES
    shape = len(widths), -1, LANES
    return weights.reshape(shape), index.reshape(shape)
