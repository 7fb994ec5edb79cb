"""The choice of thresholds and smoothing, from posteriors."""

from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from speechbrain_bifsmn.operating_points.figures import curve, figures
from speechbrain_bifsmn.operating_points.sweep import (
    THRESHOLDS,
    Sweep,
    first_allowed,
    hear,
    keywords_of,
    own_thresholds,
    shared_thresholds,
)

# What a model file can hold, and what detectors in Python take as well.
RULES = {"shared": shared_thresholds, "own": own_thresholds}


class Setting(NamedTuple):
    """What decides between equal posteriors, but for the threshold."""

    labels: list
    hop_s: float
    refractory_s: float

    @property
    def keywords(self):
        """What can be detected."""
        return keywords_of(self.labels)

    def sweep(self, posteriors, smoothing):
        """Returns the counts of a ``Part`` of posteriors."""
        arguments = self.labels, smoothing, self.hop_s, self.refractory_s
        clips, negatives = posteriors
        return Sweep(
            [(k, hear(stream, *arguments)) for k, stream in clips],
            {name: hear(s, *arguments) for name, s in negatives.items()},
            self.keywords,
            self.hop_s,
        )


class _Choice(NamedTuple):
    """What a smoothing allows, by one of ``RULES``."""

    smoothing: int
    table: np.ndarray  # [rows][keywords], thresholds
    row: int | None  # the first with few enough false alarms
    rejects: int | None  # false ones, with it


def choose(setting, heard, smoothings, wanted, figures_of):
    """Chooses thresholds and smoothing, and measures them.

    Arguments
    ---------
    setting : Setting
        Of the detector.
    heard : dict
        {thinning: {"choose" and perhaps "confirm": Part of posteriors}}.
    smoothings : sequence of int
        What to choose from.
    wanted : float
        False alarms per hour, at most, at each thinning.
    figures_of : str
        What the figures are of.

    Returns
    -------
    dict
        By ``RULES``: their parts of ``tune.json``.
    """
    choices = {rule: [] for rule in RULES}
    for smoothing in tqdm(smoothings, "thresholds"):
        sweeps = [setting.sweep(h["choose"], smoothing) for h in heard.values()]
        for rule, make in RULES.items():
            table = make(sweeps)
            row, rejects = _allowed(sweeps, table, wanted)
            choices[rule].append(_Choice(smoothing, table, row, rejects))
    return {
        rule: _measure(tried, setting, heard, wanted, figures_of)
        for rule, tried in choices.items()
    }


def _allowed(sweeps, table, wanted):
    """The first row with few enough false alarms, and its false rejects."""
    rows = []
    for sweep in sweeps:
        _, alarms = sweep.at(table)
        allowed = wanted * sum(sweep.hours.values())
        rows.append(first_allowed(alarms.sum(1), allowed))
    if None in rows:
        return None, None
    row = max(rows)
    rejects = sum(sweep.at(table[row])[0].sum() for sweep in sweeps)
    return row, int(rejects)


def _measure(choices, setting, heard, wanted, figures_of):
    able = [choice for choice in choices if choice.row is not None]
    if not able:
        raise ValueError(
            f"expected a threshold with at most {wanted:g} false alarms per "
            f"hour, found more even at {THRESHOLDS[-1]:g}; allow more of them, "
            "smooth over more windows, or train with more unknown words"
        )
    smoothing, table, row, _ = min(able, key=lambda choice: choice.rejects)
    measured = {
        str(thinning): setting.sweep(h[figures_of], smoothing)
        for thinning, h in heard.items()
    }
    named = zip(setting.keywords, table[row].tolist(), strict=True)
    return {
        "thresholds": dict(named),
        "smoothing": smoothing,
        "candidates": [
            {"smoothing": choice.smoothing, "false_rejects": choice.rejects}
            for choice in choices
        ],
        "thinnings": {d: figures(s, table[row]) for d, s in measured.items()},
        "curves": {d: curve(s, table) for d, s in measured.items()},
    }
