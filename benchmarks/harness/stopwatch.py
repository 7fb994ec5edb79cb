"""Times a function call by call."""

import time
from collections.abc import Callable


def median_us(
    function: Callable[[], object], calls: int, warm_up: int = 300
) -> float:
    """Returns the median duration of a call in microseconds.

    Example
    -------
    >>> median_us(lambda: None, calls=5) < 1000
    True
    """
    for _ in range(warm_up):
        function()
    durations = []
    for _ in range(calls):
        start = time.perf_counter_ns()
        function()
        durations.append(time.perf_counter_ns() - start)
    return sorted(durations)[calls // 2] / 1e3
