"""Times a function call by call."""

import time


def median_us(function, calls, warm_up=300):
    """Returns the median duration of a call in microseconds."""
    for _ in range(warm_up):
        function()
    durations = []
    for _ in range(calls):
        start = time.perf_counter_ns()
        function()
        durations.append(time.perf_counter_ns() - start)
    return sorted(durations)[calls // 2] / 1e3
