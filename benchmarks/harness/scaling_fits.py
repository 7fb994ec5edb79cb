"""Fits the growth of costs: lines, powers and speed-ups."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from benchmarks.harness.timing import Samples, quantiles
from benchmarks.models.sizes import CURVES, name


def power(sizes: Sequence[float], costs: Sequence[float]) -> dict[str, float]:
    """Returns the exponent of the power that fits best, and its error.

    Example
    -------
    >>> power([1, 2, 4, 8], [3, 12, 48, 192])["exponent"]
    2.0
    """
    (slope, _), covariance = np.polyfit(
        np.log(sizes), np.log(costs), 1, cov=True
    )
    error = float(np.sqrt(covariance[0, 0]))
    return {"exponent": round(float(slope), 3), "error": round(error, 3)}


def line(sizes: Sequence[float], costs: Sequence[float]) -> dict[str, float]:
    """Returns the line that fits best, and what share it explains.

    Example
    -------
    >>> line([1, 2, 3], [5, 7, 9])["us_each"]
    2.0
    """
    slope, fixed = np.polyfit(sizes, costs, 1)
    left = np.var(costs - np.polyval([slope, fixed], sizes))
    return {
        "us_fixed": round(float(fixed), 2),
        "us_each": round(float(slope), 3),
        "r2": round(float(1 - left / np.var(costs)), 5),
    }


def speed_up(
    counts: Sequence[int], clips_per_s: Sequence[float]
) -> dict[str, float]:
    """Returns the speed-up over one thread, by number of threads.

    Example
    -------
    >>> speed_up([1, 2], [100, 150])
    {'1': 1.0, '2': 1.5}
    """
    return {
        str(count): round(rate / clips_per_s[0], 2)
        for count, rate in zip(counts, clips_per_s, strict=True)
    }


FITS = {"batch": line, "layers": line, "channels": power}


def curve(
    samples: Samples, points: Sequence[str], sizes: Iterable[int]
) -> dict[str, Any]:
    """Returns sizes, medians and spread by backend."""
    medians = quantiles(samples, 0.5)
    spread = quantiles(samples, 0.1, 0.9)
    return {
        "sizes": list(sizes),
        "median": {
            key: [by_point[point][0] for point in points]
            for key, by_point in medians.items()
        },
        "p10_p90": {
            key: [by_point[point] for point in points]
            for key, by_point in spread.items()
        },
    }


def summary(
    samples: dict[str, Samples], threads: Sequence[int]
) -> dict[str, Any]:
    """Returns the curves and what was fitted to them."""
    counts = [str(count) for count in threads]
    curves = {
        axis: curve(samples["us"], [name(axis, n) for n in sizes], sizes)
        for axis, sizes in CURVES.items()
    }
    curves["threads"] = curve(samples["clips_per_s"], counts, threads)
    within = samples.get("one_clip_us", {})
    curves["threads_of_one_clip"] = curve(within, counts, threads)
    fits: dict[str, Any] = {
        axis: {
            key: fit(curves[axis]["sizes"], us)
            for key, us in curves[axis]["median"].items()
        }
        for axis, fit in FITS.items()
    }
    fits["threads"] = {
        key: {"speed_up": speed_up(threads, rates)}
        for key, rates in curves["threads"]["median"].items()
    }
    return {"curves": curves, "fits": fits}
