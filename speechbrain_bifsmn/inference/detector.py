"""From the posteriors of a stream to detections of keywords. Needs numpy only.

The rule is that of ``arm_kernel/tools/detector.h``, rounding included: equal
posteriors give equal detections.
"""

import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np

from speechbrain_bifsmn.dataio.words import SILENCE, UNKNOWN

REFRACTORY_S = 0.5
SMOOTHINGS = range(1, 65)  # as in a model file
LONGEST_REFRACTORY_S = 3600


class Detection(NamedTuple):
    """A keyword that was heard.

    ``score`` is the best smoothed posterior; ``start`` and ``end`` are those of
    the first and the last window that says so, in seconds.
    """

    keyword: str
    score: float
    start: float
    end: float


class Detector:
    """Detects keywords in the posteriors of windows that move over audio.

    The posteriors of the last windows are averaged. A keyword is heard in a
    window where its average reaches the threshold and is the best of all
    keywords ("silence" and "unknown" are none); a run of such windows is one
    detection. It is dropped where the same keyword was heard less than the
    refractory time before its first window: that is one utterance still.

    Arguments
    ---------
    labels : sequence of str
        Of the posteriors, in their order.
    hop_s : float
        From one window to the next, in seconds.
    window_s : float
        Length of a window, in seconds.
    threshold : float | dict
        From which a keyword counts; a dict says it for each keyword.
    smoothing : int
        How many windows are averaged, 1 to 64.
    refractory_s : float
        From the last window in which a keyword was heard to the first of its
        next detection, at least, in seconds, up to an hour.
    early : bool
        Tell a detection as soon as it begins, as it is then, and not when it
        has ended.

    Example
    -------
    >>> detector = Detector(["yes", "silence"], 0.5, 1.0, 0.6, smoothing=1)
    >>> for posterior in (0.125, 0.75, 0.875, 0.25):
    ...     print(detector.add([posterior, 1 - posterior]))
    []
    []
    []
    [Detection(keyword='yes', score=0.875, start=0.5, end=2.0)]
    """

    def __init__(
        self,
        labels,
        hop_s,
        window_s,
        threshold=0.5,
        smoothing=4,
        refractory_s=REFRACTORY_S,
        early=False,
    ):
        _check(smoothing, hop_s=hop_s, window_s=window_s)
        check_refractory(refractory_s)
        self.labels = list(labels)
        self.hop_s, self.window_s, self.early = hop_s, window_s, early
        self.refractory_s = refractory_s
        names = enumerate(self.labels)
        self._columns = [k for k, n in names if n not in (SILENCE, UNKNOWN)]
        self.threshold = threshold
        shape = (smoothing, len(self._columns))
        self._history = np.zeros(shape, np.float32)  # a ring
        self.reset()

    @property
    def keywords(self):
        """The labels that can be detected."""
        return [self.labels[k] for k in self._columns]

    @property
    def threshold(self):
        """As given; may be set at any time."""
        return self._threshold

    @threshold.setter
    def threshold(self, threshold):
        keywords = self.keywords
        if isinstance(threshold, Mapping):
            _check_keywords(threshold, keywords)
            values = [threshold[keyword] for keyword in keywords]
        else:
            values = [threshold] * len(keywords)
        for value in [threshold] if not keywords else values:
            if not (isinstance(value, Real) and 0 <= value <= 1):
                raise ValueError(
                    "threshold: expected 0 to 1, the range of posteriors, got "
                    f"{value}"
                )
        self._threshold = threshold
        self._thresholds = np.array(values, np.float32)

    def reset(self):
        """Starts again at time 0."""
        self._windows = 0
        self._heard = {}  # keyword -> the last window that it was heard in
        self._run = None  # the keyword of the run that the last window is in
        self._current = None  # its Detection, unless dropped or told already

    def add(self, posteriors):
        """Takes the posteriors of the next window.

        Arguments
        ---------
        posteriors : array
            [classes], in the order of the labels.

        Returns
        -------
        list of Detection
            None or one: what has ended before this window; of an early
            detector, what begins with it.
        """
        posteriors = np.asarray(posteriors, np.float32)
        if posteriors.shape != (len(self.labels),):
            raise ValueError(
                f"posteriors: expected [{len(self.labels)}], one for each "
                f"label, got {posteriors.shape}"
            )
        window, size = self._windows, len(self._history)
        self._history[window % size] = posteriors[self._columns]
        self._windows += 1
        keyword, score = self._best(min(self._windows, size))
        goes_on = keyword is not None and keyword == self._run
        told = [] if goes_on else self.finish()
        if keyword is None:
            return told
        start = window * self.hop_s
        if not goes_on:
            since = (window - self._heard.get(keyword, -np.inf)) * self.hop_s
            if since >= self.refractory_s:
                self._current = Detection(keyword, score, start, 0.0)
        self._run, self._heard[keyword] = keyword, window
        if self._current is not None:
            self._current = self._current._replace(
                score=max(score, self._current.score), end=start + self.window_s
            )
        if self.early and self._current is not None:
            told, self._current = [self._current], None
        return told

    def finish(self):
        """Ends the stream.

        Returns
        -------
        list of Detection
            None or one: that which the end cuts off.
        """
        told = [] if self._current is None else [self._current]
        self._run = self._current = None
        return told

    def _best(self, rows):
        """Returns the keyword that is heard now and its score, or None, 0."""
        if not self._columns:
            return None, 0.0
        # Row after row in the ring's order, as the C++ does; sum() does not.
        sums = self._history[:rows].cumsum(axis=0)[-1]
        means = sums / np.float32(rows)
        best = int(means.argmax())
        if means[best] < self._thresholds[best]:
            return None, 0.0
        return self.labels[self._columns[best]], float(means[best])


def check_refractory(seconds):
    """Raises ValueError where a ``Detector`` would not take a time.

    Example
    -------
    >>> check_refractory(float("inf"))
    Traceback (most recent call last):
        ...
    ValueError: refractory_s: expected 0 to 3600 seconds, got inf
    """
    is_time = isinstance(seconds, Real) and 0 <= seconds
    if not is_time or seconds > LONGEST_REFRACTORY_S:
        raise ValueError(
            f"refractory_s: expected 0 to {LONGEST_REFRACTORY_S} seconds, got "
            f"{seconds}"
        )


def _check(smoothing, **seconds):
    is_whole = isinstance(smoothing, Integral) and smoothing is not True
    if not is_whole or smoothing not in SMOOTHINGS:
        raise ValueError(
            f"smoothing: expected 1 to {SMOOTHINGS[-1]} windows, got "
            f"{smoothing}"
        )
    for name, value in seconds.items():
        if not 0 < value < math.inf:
            raise ValueError(
                f"{name}: expected more than 0 seconds, got {value}"
            )


def _check_keywords(threshold, keywords):
    lacking = [keyword for keyword in keywords if keyword not in threshold]
    others = [keyword for keyword in threshold if keyword not in keywords]
    if lacking or others:
        found = f"none for {lacking[0]}" if lacking else f"one for {others[0]}"
        raise ValueError(
            f"threshold: expected one for each of the model's {len(keywords)} "
            f"keywords and no other, found {found}; take those that were "
            "tuned for this model"
        )
