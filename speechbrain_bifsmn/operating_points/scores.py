"""The scores of a stream, from which detections are counted at every threshold.

The counts are those of a ``Detector``: a test compares the two. One pass serves
all thresholds, for two reasons. Which keyword is best in a window does not
depend on the threshold. And a window begins a detection exactly if its score
reaches the threshold while its keyword has not reached it in the refractory
time before: that is, for all thresholds above the keyword's highest score in
that time, the window's ``floor``, up to the window's score.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bifsmn_engine.detection import keywords_of

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
