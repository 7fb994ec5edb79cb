"""Learning-rate schedule."""

from __future__ import annotations

import math


class WarmupCosine:
    """Linear warm-up, then half a cosine to zero.

    The rate depends on the step alone, so there is nothing to checkpoint.

    Arguments
    ---------
    peak : float
        Highest rate.
    warmup : float
        Share of all steps that the warm-up takes.

    Example
    -------
    >>> schedule = WarmupCosine(peak=0.1, warmup=0.1)
    >>> [round(schedule(step, 100), 3) for step in (0, 9, 55, 100)]
    [0.01, 0.1, 0.05, 0.0]
    """

    def __init__(self, peak: float, warmup: float = 0.0) -> None:
        self.peak, self.warmup = peak, warmup

    def __call__(self, step: int, total: int) -> float:
        """Returns the rate of step ``step`` of ``total``, counted from 0."""
        rising = self.warmup * total
        if step < rising:
            return self.peak * min(1.0, (step + 1) / rising)
        progress = (step - rising) / max(1.0, total - rising)
        return self.peak * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
