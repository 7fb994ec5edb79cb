"""From decibels to the numbers that networks take.

Shapes: B batch, T frames, F mel bands.
"""

from __future__ import annotations

from typing import NamedTuple

import torch


class InputScaling(NamedTuple):
    """Decibels, relative to something, to numbers of a few units.

    Arguments
    ---------
    is_relative : bool
        Whether decibels are first made relative to the loudest band of the
        whole input. All gains of a recording then give the same numbers.
    mean, std : float
        They are scaled as ``(x - mean) / std``,
    low, high : float
        and limited to this range.

    Example
    -------
    >>> features = torch.tensor([[[-60.0, -30.0], [-45.0, -130.0]]])
    >>> SCALINGS["loudest"](features).tolist()
    [[[0.0, 2.5], [1.25, -2.5]]]
    """

    is_relative: bool
    mean: float
    std: float
    low: float
    high: float

    def __call__(self, features: torch.Tensor) -> torch.Tensor:
        """Scales features (B, T, F) in decibels."""
        if self.is_relative:
            features = features - loudest(features)
        return ((features - self.mean) / self.std).clamp(self.low, self.high)


# By what decibels are relative to: the loudest band, or full scale, as in the
# paper.
SCALINGS = {
    "loudest": InputScaling(True, -30.0, 12.0, -2.5, 2.5),
    "absolute": InputScaling(False, -20.0, 30.0, -2.5, 3.0),
}


def loudest(features: torch.Tensor) -> torch.Tensor:
    """Returns the loudest band of each input (B, T, F), as (B, 1, 1)."""
    return features.amax((1, 2), keepdim=True)


def scaling_of(input_reference: str) -> InputScaling:
    """Returns one of ``SCALINGS``, or raises ValueError.

    Example
    -------
    >>> scaling_of("absolute").mean
    -20.0
    """
    if input_reference not in SCALINGS:
        raise ValueError(
            f"input_reference: expected one of {', '.join(SCALINGS)}, got "
            f"{input_reference!r}"
        )
    return SCALINGS[input_reference]
