"""False rejects against false alarms per hour, at every threshold at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from speechbrain_bifsmn.operating_points.scores import (
    StreamScores,
    count_reached,
)

# Equal steps of the logit, since posteriors crowd near 1.
THRESHOLDS = np.unique((1 / (1 + np.exp(-np.linspace(-3, 12, 151)))).round(5))
WEIGHTS = np.geomspace(1e-3, 1e9, 481)  # of a false alarm, in false rejects
ENOUGH = 10  # false alarms, to say how fast their number falls


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


def expected_alarms(counts: ArrayLike) -> NDArray[np.float64]:
    """Estimates the false alarms that as much other audio would have.

    Where few are left, the score of the loudest says little of the next hour's.
    So from the highest threshold that ``ENOUGH`` of them reach, their number is
    taken to fall exponentially with the logit, as fast as it does on average:
    peaks over a threshold, as in statistics of extremes.

    Arguments
    ---------
    counts : array_like
        False alarms at each of ``THRESHOLDS``.

    Returns
    -------
    numpy.ndarray
        Of the same shape; no threshold has more than a lower one.

    Example
    -------
    >>> counts = np.zeros(len(THRESHOLDS))
    >>> counts[:5] = 80, 40, 20, 10, 5
    >>> expected_alarms(counts)[:6].round(1).tolist()
    [80.0, 40.0, 20.0, 10.0, 3.3, 1.1]
    """
    # At low thresholds a detection may last for minutes and be counted once.
    alarms = np.maximum.accumulate(np.asarray(counts, float)[::-1])[::-1]
    (enough,) = np.nonzero(alarms >= ENOUGH)
    tail = alarms[enough[-1] if len(enough) else 0 :]
    if tail[0]:
        ratio = 1 - tail[0] / tail.sum()  # of a geometric series
        tail[:] = tail[0] * ratio ** np.arange(len(tail))
    return alarms


class Candidates(NamedTuple):
    """Thresholds of keywords to choose from, and what they would cost."""

    thresholds: NDArray[np.float64]  # [rows][keywords]; rows rise
    alarms: NDArray[np.float64]  # [rows][sweeps], expected of all keywords


def best_thresholds(sweeps: Sequence[Sweep]) -> Candidates:
    """Finds the best thresholds of keywords, each its own.

    The detections of a keyword do not depend on the thresholds of others. Hence
    no thresholds have fewer false rejects with as few false alarms than those
    that minimise, keyword by keyword, false rejects + weight * false alarms.
    A keyword without clips is judged by the mean of the others.

    Arguments
    ---------
    sweeps : sequence of Sweep
        One for each thinning; their counts are added.

    Returns
    -------
    Candidates
        A row for each of ``WEIGHTS``, but for rows that repeat.
    """
    keywords = range(len(sweeps[0].keywords))
    alarms = np.array(
        [
            [expected_alarms(s.alarms(THRESHOLDS, k)) for k in keywords]
            for s in sweeps
        ]
    )
    rejects = np.array(
        [
            np.sum([s.rejects(THRESHOLDS, k) for s in sweeps], 0, float)
            for k in keywords
        ]
    )
    is_spoken = np.array([sweeps[0].clips(k) > 0 for k in keywords])
    rejects[~is_spoken] = rejects[is_spoken].mean(0)
    weighted = WEIGHTS[:, None, None] * alarms.sum(0)
    rows = np.unique((rejects + weighted).argmin(2), axis=0)
    by_keyword = [alarms[:, k, rows[:, k]] for k in keywords]
    return Candidates(THRESHOLDS[rows], np.sum(by_keyword, 0).T)
