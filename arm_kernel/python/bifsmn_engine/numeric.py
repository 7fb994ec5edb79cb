"""Numbers of callers, of whatever type they are."""

from __future__ import annotations

from numbers import Real


def is_within(value: object, low: float, high: float) -> bool:
    """Whether this is a number from ``low`` to ``high``.

    Example
    -------
    >>> is_within(0.5, 0, 1), is_within("0.5", 0, 1), is_within(True, 0, 1)
    (True, False, False)
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return value <= high and not value < low  # of whole numbers of any size
