"""Confidence intervals of what is counted."""

import math


def wilson_interval(correct, total, z=1.96):
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
    share = correct / total
    middle = share + z * z / (2 * total)
    half = z * math.sqrt(
        share * (1 - share) / total + z * z / (4 * total * total)
    )
    scale = 100 / (1 + z * z / total)
    return max(0.0, (middle - half) * scale), min(
        100.0, (middle + half) * scale
    )


def poisson_interval(events, hours, confidence=0.95):
    """The exact (Garwood) interval of a rate.

    Arguments
    ---------
    events : int
        How many were counted.
    hours : float
        In how long.
    confidence : float
        Two-sided: half of the rest lies below, half above.

    Returns
    -------
    low, high : float
        Events per hour.

    Example
    -------
    >>> [round(bound, 2) for bound in poisson_interval(4, 2.0)]
    [0.54, 5.12]
    """
    # Here, because it takes half a second and few who import this need it.
    from scipy.stats import chi2

    if events < 0 or hours <= 0:
        raise ValueError(
            f"expected events >= 0 and hours > 0, got {events} in {hours}"
        )
    tail = (1 - confidence) / 2
    low = chi2.ppf(tail, 2 * events) / 2 if events else 0.0
    high = chi2.isf(tail, 2 * events + 2) / 2
    return float(low / hours), float(high / hours)


def hours_needed(rate, confidence=0.95):
    """How long must nothing happen to show that a rate is not exceeded.

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
