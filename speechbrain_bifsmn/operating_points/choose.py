"""The choice of thresholds and smoothing, from posteriors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from bifsmn_engine.detection import keywords_of
from speechbrain_bifsmn.evaluation.intervals import hours_needed
from speechbrain_bifsmn.operating_points.figures import at_rates, curve, figures
from speechbrain_bifsmn.operating_points.scores import score_stream
from speechbrain_bifsmn.operating_points.sweep import (
    THRESHOLDS,
    Sweep,
    best_thresholds,
    first_allowed,
)

BORNE = 0.05  # share of the clips that may be missed to be on the safe side


class Posteriors(NamedTuple):
    """Posteriors [windows][classes] of recordings."""

    clips: list[tuple[int, NDArray[np.float32]]]  # with index of the keyword
    negatives: dict[str, NDArray[np.float32]]  # of audio without keywords
    noisy: list[tuple[int, NDArray[np.float32]]]  # the clips, in noise

    def in_noise(self) -> Posteriors:
        """Returns those of the clips in noise, and of the same negatives."""
        return self._replace(clips=self.noisy, noisy=[])


class Setting(NamedTuple):
    """Options of a detector, but for threshold and smoothing."""

    labels: list[str]
    hop_s: float
    refractory_s: float

    @property
    def keywords(self) -> list[str]:
        """The labels that can be detected."""
        return keywords_of(self.labels)

    def sweep(self, posteriors: Posteriors, smoothing: int) -> Sweep:
        """Returns the counts of posteriors at every threshold."""
        arguments = self.labels, smoothing, self.hop_s, self.refractory_s
        clips, negatives, _ = posteriors
        return Sweep(
            [(k, score_stream(stream, *arguments)) for k, stream in clips],
            {
                name: score_stream(s, *arguments)
                for name, s in negatives.items()
            },
            self.keywords,
            self.hop_s,
        )


class _Choice(NamedTuple):
    """The thresholds that are found with a smoothing."""

    smoothing: int
    table: NDArray[np.float64]  # [rows][keywords], thresholds
    row: int | None  # the first with few enough false alarms, or above it
    rejects: int | None  # false rejects with the first one


def choose(
    setting: Setting,
    posteriors: Mapping[int, Mapping[str, Posteriors]],
    smoothings: Sequence[int],
    wanted: float,
    figures_of: str,
) -> dict[str, Any]:
    """Chooses thresholds and smoothing, and measures them.

    Arguments
    ---------
    setting : Setting
        Options of the detector.
    posteriors : dict
        Posteriors by thinning and part: "choose", and "confirm" where that is
        what the figures are of.
    smoothings : sequence of int
        Numbers of averaged windows to choose from.
    wanted : float
        False alarms per hour of all keywords together, at each thinning.
    figures_of : str
        The part on which the choice is measured: "confirm" or "choose".

    Returns
    -------
    dict
        Plain data of ``tune.json``.
    """
    choices = []
    for smoothing in tqdm(smoothings, "thresholds"):
        sweeps = [
            setting.sweep(h["choose"], smoothing) for h in posteriors.values()
        ]
        choices.append(_choice(sweeps, smoothing, wanted))
    return _measure(choices, setting, posteriors, wanted, figures_of)


def _choice(sweeps, smoothing, wanted):
    """The first thresholds with few enough false alarms."""
    table, expected = best_thresholds(sweeps)
    hours = np.array([sum(sweep.hours.values()) for sweep in sweeps])
    row = first_allowed((expected / (wanted * hours)).max(1), 1)
    if row is None:
        return _Choice(smoothing, table, None, None)
    rejects = np.sum([sweep.at(table)[0].sum(-1) for sweep in sweeps], axis=0)
    first = int(rejects[row])
    if hours.min() < hours_needed(wanted):
        row = max(row, _highest_borne(sweeps, rejects))
    return _Choice(smoothing, table, row, first)


def _highest_borne(sweeps, rejects):
    """The last thresholds at which few of the clips are missed.

    Too little audio promises nothing of other audio. So where the clips are not
    missed for it, thresholds had better be high.
    """
    clips = sum(sweep.clips() for sweep in sweeps)
    (borne,) = np.nonzero(rejects <= BORNE * clips)
    return int(borne[-1]) if len(borne) else 0


def _measure(choices, setting, posteriors, wanted, figures_of):
    able = [choice for choice in choices if choice.row is not None]
    if not able:
        raise ValueError(
            f"expected thresholds with at most {wanted:g} false alarms per "
            f"hour, found more even at {THRESHOLDS[-1]:g}; allow more of them, "
            "smooth over more windows, or train with more unknown words"
        )
    smoothing, table, row, _ = min(able, key=lambda choice: choice.rejects)
    measured = {
        str(thinning): setting.sweep(h[figures_of], smoothing)
        for thinning, h in posteriors.items()
    }
    in_noise = {
        str(thinning): setting.sweep(h[figures_of].in_noise(), smoothing)
        for thinning, h in posteriors.items()
        if h[figures_of].noisy
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
        "rates": {d: at_rates(s, table) for d, s in measured.items()},
        "noise": {d: figures(s, table[row]) for d, s in in_noise.items()},
        "curves": {d: curve(s, table) for d, s in measured.items()},
    }
