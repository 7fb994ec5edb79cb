"""What thinnable networks give, and their training objective takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch


class NetworkOutput(NamedTuple):
    """What a thinnable network gives at one thinning.

    Shapes: B batch, T frames, C channels.
    """

    logits: torch.Tensor  # (B, classes)
    hidden: list[torch.Tensor]  # outputs of the blocks that ran, (B, T, C)


def check_thinning(thinning: object, thinnings: Sequence[int]) -> None:
    """Raises ValueError for a thinning that a network does not have.

    Example
    -------
    >>> check_thinning(3, (1, 2, 4))
    Traceback (most recent call last):
        ...
    ValueError: thinning: expected one of [1, 2, 4], got 3
    """
    if thinning not in thinnings:
        raise ValueError(
            f"thinning: expected one of {list(thinnings)}, got {thinning!r}"
        )


class Thinnable(torch.nn.Module):
    """A network with thinnings, to derive from."""

    thinnings: tuple[int, ...]

    @property
    def thinning(self) -> int:
        """The thinning that a plain call uses; may be set at any time."""
        return self._thinning

    @thinning.setter
    def thinning(self, thinning: int) -> None:
        check_thinning(thinning, self.thinnings)
        self._thinning = thinning
