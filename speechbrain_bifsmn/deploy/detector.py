"""The detector of ``bifsmn_engine``, where its library has not been built.

The rule is that of ``arm_kernel/src/detector``, rounding included: equal
posteriors give equal detections.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from bifsmn_engine.detection import (
    REFRACTORY_S,
    Detection,
    Threshold,
    check_refractory,
    check_smoothing,
    keywords_of,
    thresholds_of,
)


class Detector:
    """Detects keywords in the posteriors of windows that move over audio.

    The posteriors of the last windows are averaged. A keyword is detected in a
    window where its average reaches the threshold and is the best of all
    keywords ("silence" and "unknown" are none); a run of such windows is one
    detection. It is dropped where the same keyword was detected less than the
    refractory time before its first window: that is one utterance still.

    Arguments
    ---------
    labels : sequence of str
        Names of the posteriors, in their order.
    hop_s : float
        From one window to the next, in seconds.
    window_s : float
        Length of a window, in seconds.
    threshold : float | dict
        Smoothed posterior from which a keyword counts; a dict has one for each
        keyword.
    smoothing : int
        How many windows are averaged, 1 to 64.
    refractory_s : float
        Least time from the last window that had a keyword to the first of its
        next detection, in seconds, up to an hour.
    early : bool
        Give a detection as soon as it begins, as it is then, and not when it
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
        labels: Sequence[str],
        hop_s: float,
        window_s: float,
        threshold: Threshold = 0.5,
        smoothing: int = 4,
        refractory_s: float = REFRACTORY_S,
        early: bool = False,
    ) -> None:
        check_smoothing(smoothing)
        for name, seconds in (("hop_s", hop_s), ("window_s", window_s)):
            if not 0 < seconds < math.inf:
                raise ValueError(
                    f"{name}: expected more than 0 seconds, got {seconds}"
                )
        check_refractory(refractory_s)
        self.labels = list(labels)
        self.hop_s, self.window_s, self.early = hop_s, window_s, early
        self.refractory_s = refractory_s
        keywords = self.keywords
        self._columns = [k for k, n in enumerate(self.labels) if n in keywords]
        self.threshold = threshold
        shape = (smoothing, len(self._columns))
        self._history = np.zeros(shape, np.float32)  # a ring
        self.reset()

    @property
    def keywords(self) -> list[str]:
        """The labels that can be detected."""
        return keywords_of(self.labels)

    @property
    def threshold(self) -> Threshold:
        """The threshold, one or a dict; may be set at any time."""
        return self._threshold

    @threshold.setter
    def threshold(self, threshold: Threshold) -> None:
        values = thresholds_of(threshold, self.keywords)
        self._threshold = threshold
        self._thresholds = np.array(list(values.values()), np.float32)

    def reset(self) -> None:
        """Starts again at time 0."""
        self._windows = 0
        self._last: dict[str, int] = {}  # keyword -> its last window
        self._run: str | None = None  # keyword of the run of the last window
        # Its detection, unless dropped or given already.
        self._current: Detection | None = None

    def add(self, posteriors: ArrayLike) -> list[Detection]:
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
        found = [] if goes_on else self.finish()
        if keyword is None:
            return found
        start = window * self.hop_s
        if not goes_on:
            since = (window - self._last.get(keyword, -np.inf)) * self.hop_s
            if since >= self.refractory_s:
                self._current = Detection(keyword, score, start, 0.0)
        self._run, self._last[keyword] = keyword, window
        if self._current is not None:
            self._current = self._current._replace(
                score=max(score, self._current.score), end=start + self.window_s
            )
        if self.early and self._current is not None:
            found, self._current = [self._current], None
        return found

    def finish(self) -> list[Detection]:
        """Ends the stream.

        Returns
        -------
        list of Detection
            None or one: that which the end cuts off.
        """
        found = [] if self._current is None else [self._current]
        self._run = self._current = None
        return found

    def _best(self, rows):
        """Returns the keyword of this window and its score, or None, 0."""
        if not self._columns:
            return None, 0.0
        # Row after row in the ring's order, as the C++ does; sum() does not.
        sums = self._history[:rows].cumsum(axis=0)[-1]
        means = sums / np.float32(rows)
        best = int(means.argmax())
        if means[best] < self._thresholds[best]:
            return None, 0.0
        return self.labels[self._columns[best]], float(means[best])
