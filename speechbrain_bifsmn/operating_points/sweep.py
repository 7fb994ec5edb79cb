"""False rejects against false alarms per hour, at every threshold at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from speechbrain_bifsmn.operating_points.scores import (
    StreamScores,
    count_reached,
)

# Equal steps of the logit, since posteriors crowd near 1.
THRESHOLDS = np.unique((1 / (1 + np.exp(-np.linspace(-3, 12, 151)))).round(5))
WEIGHTS = np.geomspace(1e-3, 1e3, 241)  # of a false alarm, in false rejects


class Sweep:
    """False rejects and false alarms of a set of recordings.

    Arguments
    ---------
    clips : sequence of (int, StreamScores)
        Index of the keyword that is spoken, and the scores of the clip.
    streams : dict of str to StreamScores
        Scores of audio without keywords, by its name.
    keywords : sequence of str
        Names of the keywords.
    hop_s : float
        Seconds from one window to the next.
    """

    def __init__(
        self,
        clips: Sequence[tuple[int, StreamScores]],
        streams: Mapping[str, StreamScores],
        keywords: Sequence[str],
        hop_s: float,
    ) -> None:
        self.keywords, self.streams = list(keywords), streams
        self.spoken = np.array([k for k, _ in clips], int)
        best = [scores.best(len(self.keywords)) for _, scores in clips]
        self.best = np.reshape(best, (len(clips), len(self.keywords)))
        self.hours = {
            name: len(scores.score) * hop_s / 3600
            for name, scores in streams.items()
        }

    def clips(self, keyword: int | None = None) -> int:
        """Returns the number of clips, or of those of a keyword."""
        if keyword is None:
            return len(self.spoken)
        return int(np.count_nonzero(self.spoken == keyword))

    def rejects(
        self, thresholds: ArrayLike, keyword: int | None = None
    ) -> NDArray[np.intp]:
        """Counts false rejects at each threshold.

        These are clips in which the spoken keyword is not detected: all of
        them, or those of a keyword.
        """
        chosen = np.arange(self.clips())
        if keyword is not None:
            chosen = np.flatnonzero(self.spoken == keyword)
        scores = self.best[chosen, self.spoken[chosen]]
        return len(scores) - count_reached(scores, thresholds)

    def alarms(
        self,
        thresholds: ArrayLike,
        keyword: int | None = None,
        stream: str | None = None,
    ) -> NDArray[np.intp]:
        """Counts false alarms at each threshold.

        These are detections in audio without keywords: all of them, or those
        of a keyword, of a stream, or both.
        """
        names = self.streams if stream is None else [stream]
        counts = [
            self.streams[n].detections(thresholds, keyword) for n in names
        ]
        return np.sum(counts, axis=0, dtype=int)

    def at(
        self, thresholds: ArrayLike
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Counts with a threshold for each keyword.

        Arguments
        ---------
        thresholds : array_like
            [...][keywords].

        Returns
        -------
        rejects, alarms : numpy.ndarray
            [...][keywords].
        """
        columns = list(enumerate(np.moveaxis(np.asarray(thresholds), -1, 0)))
        rejects, alarms = (
            np.stack([count(column, k) for k, column in columns], -1)
            for count in (self.rejects, self.alarms)
        )
        return rejects, alarms

    def confusions(self, threshold: ArrayLike) -> NDArray[np.intp]:
        """Counts the clips of each keyword in which each keyword is detected.

        Arguments
        ---------
        threshold : float | array_like
            One for all keywords, or [keywords].

        Returns
        -------
        numpy.ndarray
            [spoken][detected]. A clip counts in as many columns as keywords
            are detected in it, which may be none.
        """
        counts = np.zeros((len(self.keywords),) * 2, int)
        np.add.at(
            counts, self.spoken, self.best >= np.asarray(threshold, np.float32)
        )
        return counts


def first_allowed(alarms: ArrayLike, allowed: float) -> int | None:
    """Finds the lowest threshold from which on all have few enough alarms.

    At low thresholds a detection may last for minutes and be counted once: a
    low threshold qualifies only if all higher ones do.

    Arguments
    ---------
    alarms : array_like
        False alarms at each of the thresholds, which rise.
    allowed : float
        How many are allowed.

    Returns
    -------
    int or None
        The index of that threshold; None if the last has too many.

    Example
    -------
    >>> first_allowed([1, 5, 2, 0], 2)
    2
    """
    is_too_many = np.asarray(alarms) > allowed
    (too_many,) = np.nonzero(is_too_many)
    place = int(too_many[-1]) + 1 if len(too_many) else 0
    return place if place < len(is_too_many) else None


def shared_thresholds(sweeps: Sequence[Sweep]) -> NDArray[np.float64]:
    """Returns ``THRESHOLDS``, each for all keywords: [thresholds][keywords]."""
    return np.tile(THRESHOLDS[:, None], len(sweeps[0].keywords))


def thresholds_per_keyword(sweeps: Sequence[Sweep]) -> NDArray[np.float64]:
    """Finds the best separate thresholds of keywords.

    The detections of a keyword do not depend on the thresholds of others. Hence
    no thresholds have fewer false rejects with as few false alarms than those
    that minimise, keyword by keyword, false rejects + weight * false alarms.

    Arguments
    ---------
    sweeps : sequence of Sweep
        One for each thinning; their counts are added.

    Returns
    -------
    numpy.ndarray
        [weights][keywords]; the weights, ``WEIGHTS``, rise.
    """
    keywords = len(sweeps[0].keywords)
    thresholds = np.empty((len(WEIGHTS), keywords))
    for k in range(keywords):
        alarms = np.sum([s.alarms(THRESHOLDS, k) for s in sweeps], 0)
        rejects = np.sum([s.rejects(THRESHOLDS, k) for s in sweeps], 0)
        # As in first_allowed, a threshold counts with all higher ones.
        alarms = np.maximum.accumulate(alarms[::-1])[::-1]
        costs = rejects + np.multiply.outer(WEIGHTS, alarms)
        thresholds[:, k] = THRESHOLDS[costs.argmin(1)]
    return thresholds
