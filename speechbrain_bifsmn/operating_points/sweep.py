"""False rejects against false alarms per hour, at every threshold at once.

The counts are those of a ``Detector``: a test compares the two. One pass serves
all thresholds, for two reasons. Which keyword is best in a window does not
depend on the threshold. And a window begins a detection exactly if its score
reaches the threshold while its keyword has not reached it in the refractory
time before: that is, for all thresholds above the keyword's highest score in
that time, the window's ``floor``, up to the window's score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bifsmn_engine.detection import keywords_of

# Equal steps of the logit, since posteriors crowd near 1.
THRESHOLDS = np.unique((1 / (1 + np.exp(-np.linspace(-3, 12, 151)))).round(5))
WEIGHTS = np.geomspace(1e-3, 1e3, 241)  # of a false alarm, in false rejects
NEVER = np.float32(-1)  # a score below every threshold


def smooth(posteriors: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Averages each window with those before it.

    Sums run in the order of the detector's ring of rows, so that they are
    bit-exact.

    Arguments
    ---------
    posteriors : numpy.ndarray
        [windows][classes], float32.
    size : int
        How many windows are averaged; fewer at the beginning.

    Returns
    -------
    numpy.ndarray
        [windows][classes].

    Example
    -------
    >>> smooth(np.float32([[0], [1], [0]]), 2).ravel().tolist()
    [0.0, 0.5, 0.5]
    """
    count, classes = posteriors.shape
    turns = -(-count // size)
    ring = np.zeros(((1 + turns) * size, classes), np.float32)
    ring[size : size + count] = posteriors
    ring = ring.reshape(1 + turns, size, classes)
    sums = np.zeros((turns, size, classes), np.float32)
    for row in range(size):
        sums[:, row:] += ring[1:, row, None]  # written in this turn
        sums[:, :row] += ring[:-1, row, None]  # still that of the last turn
    rows = np.minimum(np.arange(1, count + 1), size).astype(np.float32)
    return np.divide(sums.reshape(-1, classes)[:count], rows[:, None])


class StreamScores(NamedTuple):
    """The best keyword of each window of a stream, and its scores.

    A window begins a detection for thresholds above ``floor`` up to ``score``.
    """

    keyword: NDArray[np.intp]  # [windows], index among the keywords
    score: NDArray[np.float32]  # [windows], smoothed posterior
    floor: NDArray[np.float32]  # [windows], best score shortly before

    def detections(
        self, thresholds: ArrayLike, keyword: int | None = None
    ) -> NDArray[np.intp]:
        """Counts detections.

        Arguments
        ---------
        thresholds : array_like
            [thresholds].
        keyword : int, optional
            Index of the keyword that counts; without it, all do.

        Returns
        -------
        numpy.ndarray
            Detections at each threshold, [thresholds].
        """
        score, floor = self.score, self.floor
        if keyword is not None:
            is_it = self.keyword == keyword
            score, floor = score[is_it], floor[is_it]
        high = count_reached(score, thresholds)
        return high - count_reached(np.minimum(floor, score), thresholds)

    def best(self, keywords: int) -> NDArray[np.float32]:
        """Returns the highest score of each keyword, or ``NEVER``."""
        best = np.full(keywords, NEVER)
        np.maximum.at(best, self.keyword, self.score)
        return best


def score_stream(
    posteriors: ArrayLike,
    labels: Sequence[str],
    smoothing: int,
    hop_s: float,
    refractory_s: float,
) -> StreamScores:
    """Computes the scores by which a detector detects keywords in a stream.

    Arguments
    ---------
    posteriors : array_like
        [windows][classes].
    labels : sequence of str
        The label of each class.
    smoothing : int
        How many windows are averaged.
    hop_s : float
        Seconds from one window to the next.
    refractory_s : float
        Seconds in which a keyword does not begin another detection.

    Returns
    -------
    StreamScores

    Example
    -------
    >>> stream = np.float32([[0.25], [0.75], [0.5], [0.25], [0.625]])
    >>> scores = score_stream(stream, ["yes"], 1, hop_s=1, refractory_s=3)
    >>> scores.floor.tolist()
    [-1.0, 0.25, 0.75, 0.75, 0.5]
    >>> scores.detections([0.25, 0.6, 0.7, 0.8]).tolist()
    [1, 2, 1, 0]
    """
    columns = [labels.index(keyword) for keyword in keywords_of(labels)]
    means = smooth(np.asarray(posteriors, np.float32)[:, columns], smoothing)
    keyword = means.argmax(1)
    score = means[np.arange(len(means)), keyword]
    before = _windows_before(hop_s, refractory_s)
    floor = np.full(len(score), NEVER)
    for k in range(len(columns)):
        there = keyword == k
        scores = np.where(there, score, NEVER)
        padded = np.concatenate([np.full(before, NEVER), scores])
        runs = np.lib.stride_tricks.sliding_window_view(padded, before)[:-1]
        floor[there] = runs[there].max(1)
    return StreamScores(keyword, score, floor)


def _windows_before(hop_s, refractory_s):
    """How many windows back a keyword keeps another detection from beginning.

    At least one, from which a run goes on; the comparison is the detector's.
    """
    before = 1
    while (before + 1) * hop_s < refractory_s:
        before += 1
    return before


def count_reached(
    scores: NDArray[np.float32], thresholds: ArrayLike
) -> NDArray[np.intp]:
    """Counts the scores that reach each threshold, compared in float32."""
    bounds = np.asarray(thresholds, np.float32)
    return len(scores) - np.searchsorted(np.sort(scores), bounds)


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
