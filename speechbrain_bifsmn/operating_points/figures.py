"""The counts of a ``Sweep`` as plain data: parts of ``tune.json``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from speechbrain_bifsmn.evaluation.intervals import (
    poisson_interval,
    wilson_interval,
)
from speechbrain_bifsmn.operating_points.sweep import (
    THRESHOLDS,
    Sweep,
    first_allowed,
)

RATES = (0.1, 0.5, 1, 5)  # false alarms per hour, as others give them


def figures(sweep: Sweep, threshold: ArrayLike) -> dict[str, Any]:
    """Returns the rates of a ``Sweep`` at a threshold, for JSON.

    Arguments
    ---------
    sweep : Sweep
        The counts.
    threshold : float | array_like
        One for all keywords, or [keywords].

    Returns
    -------
    dict
        Rates of all keywords together; by keyword; by stream of negative
        audio; and the confusions.
    """
    hours, each = sum(sweep.hours.values()), list(enumerate(sweep.keywords))
    thresholds = np.broadcast_to(threshold, len(each))
    rejects, alarms = sweep.at(thresholds)
    clips = [sweep.clips(k) for k, _ in each]
    confusions = sweep.confusions(thresholds)
    return {
        **_rates(sum(clips), rejects.sum(), alarms.sum(), hours),
        "hours": hours,
        "keywords": {
            name: _rates(clips[k], rejects[k], alarms[k], hours)
            for k, name in each
        },
        "negatives": {
            name: {
                "hours": sweep.hours[name],
                "false_alarms": int(
                    sum(sweep.alarms(thresholds[k], k, name) for k, _ in each)
                ),
            }
            for name in sweep.streams
        },
        "confusions": {
            spoken: {
                other: int(confusions[row, k])
                for k, other in each
                if k != row and confusions[row, k]
            }
            for row, spoken in each
        },
    }


def at_rates(
    sweep: Sweep, table: NDArray[np.floating]
) -> dict[str, dict[str, Any]]:
    """Returns the false rejects at each of ``RATES``, for JSON.

    Arguments
    ---------
    sweep : Sweep
        The counts.
    table : numpy.ndarray
        Thresholds [rows][keywords], which rise.

    Returns
    -------
    dict
        By false alarms per hour, as text: false rejects, and, by keyword, the
        percentage of its clips that is missed where it has as many false alarms
        by itself. Rates for which there is too little audio to hear one are
        left out.
    """
    rejects, alarms = sweep.at(table)
    hours, clips = sum(sweep.hours.values()), sweep.clips()
    found = {}
    for rate in RATES:
        row = first_allowed(alarms.sum(1), rate * hours)
        if row is None or rate * hours < 1:
            continue
        missed = int(rejects[row].sum())
        found[f"{rate:g}"] = {
            "false_rejects": missed,
            "rejects_percent": 100 * missed / clips,
            "rejects_interval": wilson_interval(missed, clips),
            "keywords": _alone(sweep, rate * hours),
        }
    return found


def _alone(sweep, allowed):
    """The percentage that is missed of each keyword, by itself."""
    found = {}
    for k, name in enumerate(sweep.keywords):
        row = first_allowed(sweep.alarms(THRESHOLDS, k), allowed)
        if row is not None and sweep.clips(k):
            missed = sweep.rejects(THRESHOLDS[row : row + 1], k)[0]
            found[name] = 100 * int(missed) / sweep.clips(k)
    return found


def _rates(clips, rejects, alarms, hours):
    rates = {
        "clips": clips,
        "false_rejects": int(rejects),
        "false_alarms": int(alarms),
        "per_hour": alarms / hours,
        "per_hour_interval": poisson_interval(alarms, hours),
    }
    if clips:
        rates["rejects_percent"] = 100 * rejects / clips
        rates["rejects_interval"] = wilson_interval(rejects, clips)
    return rates


def curve(sweep: Sweep, table: NDArray[np.floating]) -> dict[str, Any]:
    """Returns the counts of a ``Sweep`` at each row of thresholds, for JSON.

    Arguments
    ---------
    sweep : Sweep
        The counts.
    table : numpy.ndarray
        Thresholds [rows][keywords].

    Returns
    -------
    dict
        Counts of all keywords together, and of each.
    """
    rejects, alarms = sweep.at(table)
    return {
        "false_rejects": rejects.sum(1).tolist(),
        "false_alarms": alarms.sum(1).tolist(),
        "keywords": {
            keyword: {
                "thresholds": table[:, k].tolist(),
                "false_rejects": rejects[:, k].tolist(),
                "false_alarms": alarms[:, k].tolist(),
            }
            for k, keyword in enumerate(sweep.keywords)
        },
    }
