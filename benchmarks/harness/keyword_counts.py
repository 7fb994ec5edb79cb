"""Misses and false alarms of a keyword spotter, from its scores."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.keyword_runner import CLIPS, OTHER
from bifsmn_engine.detection import REFRACTORY_S
from speechbrain_bifsmn.operating_points.choose import Posteriors, Setting
from speechbrain_bifsmn.operating_points.figures import at_rates, figures

COUNTED = ("false_rejects", "rejects_percent", "rejects_interval")


def of_keywords(
    scores: Mapping[str, NDArray[np.float32]], about: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Counts each keyword by itself, as a detector would (``Setting``).

    Arguments
    ---------
    scores : mapping
        Of each file [steps][keywords], by its folder and name.
    about : mapping
        What ``keyword_runner.about`` returned.

    Returns
    -------
    dict
        By keyword: false rejects at rates of false alarms, at the best
        threshold for each; both at the spotter's own threshold.

    Example
    -------
    >>> scores = {
    ...     "clips/yes/0": np.float32([[0.1], [0.9], [0.2]]),
    ...     "clips/yes/1": np.float32([[0.1], [0.4], [0.2]]),
    ...     "other/radio": np.float32([[0.5], [0.1], [0.7], [0.1]]),
    ... }
    >>> about = {"thresholds": {"yes": 0.6}, "hop_s": 1800, "smoothing": 1}
    >>> found = of_keywords(scores, about)["yes"]
    >>> {rate: r["false_rejects"] for rate, r in found["rates"].items()}
    {'0.5': 1, '1': 0, '5': 0}
    >>> found["at_own"]["false_rejects"], found["at_own"]["false_alarms"]
    (1, 1)
    """
    return {
        word: _counted(scores, about, k, word)
        for k, word in enumerate(about["thresholds"])
    }


def _counted(scores, about, k, word):
    setting = Setting([word], about["hop_s"], REFRACTORY_S)
    alone = {name: rows[:, k : k + 1] for name, rows in scores.items()}
    posteriors = Posteriors(
        [
            (0, rows)
            for name, rows in alone.items()
            if name.startswith(f"{CLIPS}/{word}/")
        ],
        {n: rows for n, rows in alone.items() if n.startswith(f"{OTHER}/")},
        [],
    )
    sweep = setting.sweep(posteriors, about["smoothing"])
    # False rejects change at the clips' scores alone, whatever their scale.
    table = np.append(np.unique(sweep.best), np.inf)[:, None]
    rates = at_rates(sweep, table)
    return {
        "rates": {
            rate: {name: found[name] for name in COUNTED}
            for rate, found in rates.items()
        },
        "at_own": figures(sweep, about["thresholds"][word])["keywords"][word],
        "hours": sum(sweep.hours.values()),
    }
