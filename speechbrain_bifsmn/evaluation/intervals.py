"""Confidence intervals of what is counted."""

from __future__ import annotations

import math


def wilson_interval(
    correct: int, total: int, z: float = 1.96
) -> tuple[float, float]:
    """Wilson's score interval of a proportion.

    Arguments
    ---------
    correct, total : int
        Successes and trials.
    z : float
        Half-width in standard deviations; 1.96 is 95 %.

    Returns
    -------
    low, high : float
        In percent.

    Example
    -------
    >>> [round(bound, 1) for bound in wilson_interval(90, 100)]
    [82.6, 94.5]
    """
    if not 0 <= correct <= total or total == 0:
        raise ValueError(
            f"expected 0 <= correct <= total and total > 0, got {correct} of "
            f"{total}; evaluate on at least one clip"
        )
    # Here, because it takes half a second and few who import this need it.
    from scipy.stats import binomtest

    confidence = math.erf(z / math.sqrt(2))
    bounds = binomtest(correct, total).proportion_ci(confidence, "wilson")
    return 100 * float(bounds.low), 100 * float(bounds.high)


def poisson_interval(
    events: int, hours: float, confidence: float = 0.95
) -> tuple[float, float]:
    """The exact (Garwood) interval of a rate.

    Arguments
    ---------
    events : int
        Number of events.
    hours : float
        Duration in which they were counted.
    confidence : float
        Of the two-sided interval, whose tails are equal.

    Returns
    -------
    low, high : float
        Events per hour.

    Example
    -------
    >>> [round(bound, 2) for bound in poisson_interval(4, 2.0)]
    [0.54, 5.12]
    """
    from scipy.stats import chi2  # late, as above

    if events < 0 or hours <= 0:
        raise ValueError(
            f"expected events >= 0 and hours > 0, got {events} in {hours}"
        )
    tail = (1 - confidence) / 2
    low = chi2.ppf(tail, 2 * events) / 2 if events else 0.0
    high = chi2.isf(tail, 2 * events + 2) / 2
    return float(low / hours), float(high / hours)


def hours_needed(rate: float, confidence: float = 0.95) -> float:
    """Hours without an event that show that a rate is not exceeded.

    Arguments
    ---------
    rate : float
        Events per hour.
    confidence : float
        One-sided; at 95 % this is the rule of three.

    Returns
    -------
    float

    Example
    -------
    >>> round(hours_needed(0.5), 1)
    6.0
    """
    return -math.log(1 - confidence) / rate
