"""False rejects against false alarms per hour, at every threshold at once.

What is counted is what ``Detector`` detects: a test compares the two. Nothing
is detected again for another threshold, for two reasons. Which keyword is best
in a window does not depend on it. And a window begins a detection exactly if
its score reaches the threshold while its keyword has not reached it in the
refractory time before: that is, for all thresholds above the keyword's highest
score in that time, the window's ``floor``, up to its own score.
"""

from typing import NamedTuple

import numpy as np

from bifsmn_engine.labels import SILENCE, UNKNOWN

# Equal steps of the logit, since posteriors crowd near 1.
THRESHOLDS = np.unique((1 / (1 + np.exp(-np.linspace(-3, 12, 151)))).round(5))
WEIGHTS = np.geomspace(1e-3, 1e3, 241)  # false rejects that an alarm is worth
NEVER = np.float32(-1)  # the score of what is not heard at any threshold


def keywords_of(labels):
    """Returns the labels that can be detected, as in ``Detector``."""
    return [label for label in labels if label not in (SILENCE, UNKNOWN)]


def smooth(posteriors, size):
    """Averages each window and those before it.

    Sums run in the order of the detector's ring of rows, so that they round as
    the detector's do.

    Arguments
    ---------
    posteriors : numpy.ndarray
        [windows][classes], single precision.
    size : int
        How many windows are averaged; the first have fewer before them.

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
    return sums.reshape(-1, classes)[:count] / rows[:, None]


class Heard(NamedTuple):
    """The best keyword of each window of a stream."""

    keyword: np.ndarray  # [windows], index among the keywords
    score: np.ndarray  # [windows]
    floor: np.ndarray  # [windows]; the module's docstring says what it is

    def count(self, thresholds, keyword=None):
        """Counts detections.

        Arguments
        ---------
        thresholds : array
            Any number of them.
        keyword : int, optional
            Of this one only.

        Returns
        -------
        numpy.ndarray
            One number for each threshold.
        """
        chosen = slice(None) if keyword is None else self.keyword == keyword
        score, floor = self.score[chosen], self.floor[chosen]
        high = count_reached(score, thresholds)
        return high - count_reached(np.minimum(floor, score), thresholds)

    def best(self, keywords):
        """Returns the highest score of each keyword, ``NEVER`` without one."""
        best = np.full(keywords, NEVER)
        np.maximum.at(best, self.keyword, self.score)
        return best


def hear(posteriors, labels, smoothing, hop_s, refractory_s):
    """Finds what a detector can hear in a stream.

    Arguments
    ---------
    posteriors : numpy.ndarray
        [windows][classes].
    labels, smoothing, hop_s, refractory_s
        As for ``Detector``.

    Returns
    -------
    Heard

    Example
    -------
    >>> stream = np.float32([[0.25], [0.75], [0.5], [0.25], [0.625]])
    >>> heard = hear(stream, ["yes"], 1, hop_s=1, refractory_s=3)
    >>> heard.floor.tolist()
    [-1.0, 0.25, 0.75, 0.75, 0.5]
    >>> heard.count([0.25, 0.6, 0.7, 0.8]).tolist()
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
    return Heard(keyword, score, floor)


def _windows_before(hop_s, refractory_s):
    """How many windows back a keyword keeps another detection from beginning.

    At least one, from which a run goes on; the comparison is the detector's.
    """
    before = 1
    while (before + 1) * hop_s < refractory_s:
        before += 1
    return before


def count_reached(scores, thresholds):
    """Counts the scores that reach each threshold, in single precision."""
    thresholds = np.asarray(thresholds, np.float32)
    return len(scores) - np.searchsorted(np.sort(scores), thresholds)


class Sweep:
    """False rejects and false alarms of a set of recordings.

    Arguments
    ---------
    clips : list of (int, Heard)
        The keyword that is said, and what is heard.
    streams : dict of str to Heard
        Audio in which no keyword is said.
    keywords : sequence of str
        Names.
    hop_s : float
        From one window to the next.
    """

    def __init__(self, clips, streams, keywords, hop_s):
        self.keywords, self.streams = list(keywords), streams
        self.said = np.array([k for k, _ in clips], int)
        best = [heard.best(len(self.keywords)) for _, heard in clips]
        self.best = np.reshape(best, (len(clips), len(self.keywords)))
        self.hours = {
            name: len(heard.score) * hop_s / 3600
            for name, heard in streams.items()
        }

    def clips(self, keyword=None):
        """Returns the number of clips, or of those of a keyword."""
        if keyword is None:
            return len(self.said)
        return int(np.count_nonzero(self.said == keyword))

    def rejects(self, thresholds, keyword=None):
        """Counts clips in which what is said is not detected."""
        chosen = np.arange(self.clips())
        if keyword is not None:
            chosen = np.flatnonzero(self.said == keyword)
        scores = self.best[chosen, self.said[chosen]]
        return len(scores) - count_reached(scores, thresholds)

    def alarms(self, thresholds, keyword=None, stream=None):
        """Counts detections where no keyword is said."""
        names = self.streams if stream is None else [stream]
        counts = [self.streams[n].count(thresholds, keyword) for n in names]
        return np.sum(counts, axis=0, dtype=int)

    def at(self, thresholds):
        """Counts with a threshold for each keyword.

        Arguments
        ---------
        thresholds : array
            [...][keywords].

        Returns
        -------
        rejects, alarms : numpy.ndarray
            [...][keywords].
        """
        columns = list(enumerate(np.moveaxis(np.asarray(thresholds), -1, 0)))
        return tuple(
            np.stack([count(column, k) for k, column in columns], -1)
            for count in (self.rejects, self.alarms)
        )

    def confusions(self, threshold):
        """Counts the clips of each keyword in which each keyword is detected.

        Arguments
        ---------
        threshold : float | array
            From which a keyword counts, or [keywords].

        Returns
        -------
        numpy.ndarray
            [said][detected]. A clip counts in as many columns as there are
            keywords detected in it, hence in none too.
        """
        counts = np.zeros((len(self.keywords),) * 2, int)
        np.add.at(
            counts, self.said, self.best >= np.asarray(threshold, np.float32)
        )
        return counts


def first_allowed(alarms, allowed):
    """Chooses among thresholds that rise.

    Where they are low, a detection may last for minutes and be counted once, so
    that all higher ones have to do as well.

    Arguments
    ---------
    alarms : array
        False alarms with each of them.
    allowed : float
        How many there may be.

    Returns
    -------
    int or None
        The first that does; None where the last does not.

    Example
    -------
    >>> first_allowed([1, 5, 2, 0], 2)
    2
    """
    (too_many,) = np.nonzero(np.asarray(alarms) > allowed)
    place = int(too_many[-1]) + 1 if len(too_many) else 0
    return place if place < len(alarms) else None


def shared_thresholds(sweeps):
    """Returns ``THRESHOLDS``, each for all keywords: [thresholds][keywords]."""
    return np.tile(THRESHOLDS[:, None], len(sweeps[0].keywords))


def own_thresholds(sweeps):
    """Finds the best thresholds of keywords, each its own.

    The detections of a keyword do not depend on the thresholds of others. Hence
    no thresholds have fewer false rejects with as few false alarms than those
    that, keyword by keyword, have the smallest sum of false rejects and so many
    times the false alarms.

    Arguments
    ---------
    sweeps : sequence of Sweep
        Their counts are added.

    Returns
    -------
    numpy.ndarray
        [so many times, rising][keywords].
    """
    keywords = len(sweeps[0].keywords)
    thresholds = np.empty((len(WEIGHTS), keywords))
    for k in range(keywords):
        alarms = sum(sweep.alarms(THRESHOLDS, k) for sweep in sweeps)
        rejects = sum(sweep.rejects(THRESHOLDS, k) for sweep in sweeps)
        # As for first_allowed: all higher ones have to do as well.
        alarms = np.maximum.accumulate(alarms[::-1])[::-1]
        costs = rejects + np.multiply.outer(WEIGHTS, alarms)
        thresholds[:, k] = THRESHOLDS[costs.argmin(1)]
    return thresholds
