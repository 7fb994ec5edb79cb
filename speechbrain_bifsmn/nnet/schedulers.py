"""Learning-rate schedule."""

from __future__ import annotations

import math


class WarmupCosine:
    """Linear warm-up, then half a cosine to a floor.

    The rate depends on the step alone, so there is nothing to checkpoint.

    Arguments
    ---------
    peak : float
        Highest rate.
    warmup : float
        Share of all steps that the warm-up takes.
    floor : float
        Lowest rate after that, as a share of the peak.

    Example
    -------
    >>> schedule = WarmupCosine(peak=0.1, warmup=0.1, floor=0.2)
    >>> [round(schedule(step, 100), 3) for step in (0, 9, 55, 100)]
    [0.01, 0.1, 0.06, 0.02]
    """

    def __init__(
        self, peak: float, warmup: float = 0.0, floor: float = 0.0
    ) -> None:
        self.peak, self.warmup, self.floor = peak, warmup, floor

    def __call__(self, step: int, total: int) -> float:
        """Returns the rate of step ``step`` of ``total``, counted from 0."""
        rising = self.warmup * total
        if step < rising:
            return self.peak * min(1.0, (step + 1) / rising)
        progress = (step - rising) / max(1.0, total - rising)
        share = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
        return self.peak * (self.floor + (1 - self.floor) * share)
