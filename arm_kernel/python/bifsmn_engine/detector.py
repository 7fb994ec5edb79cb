"""From the posteriors of a stream to detections of keywords."""

from __future__ import annotations

from ctypes import byref, c_int, c_void_p
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from bifsmn_engine._library import RawDetection, library
from bifsmn_engine._session import free_after
from bifsmn_engine.detection import (
    REFRACTORY_S,
    Detection,
    Threshold,
    check_refractory,
    check_smoothing,
    keywords_of,
    thresholds_of,
)

if TYPE_CHECKING:
    from bifsmn_engine.model import Model


class Detector:
    """Detects keywords in the posteriors of windows that move over audio.

    The posteriors of the last windows are averaged. A keyword is detected in a
    window where its average reaches the threshold and is the best of all
    keywords ("silence" and "unknown" are none); a run of such windows is one
    detection. It is dropped where the last window of the same keyword was less
    than the refractory time before its first: that is one utterance still. A
    detector belongs to one thread.

    Arguments
    ---------
    model : Model
        Whose labels, hop and window the posteriors are of.
    threshold : float | dict, optional
        From which a keyword counts; a dict says it for each keyword. Without
        it, those of the model file.
    smoothing : int, optional
        How many windows are averaged, 1 to 64; without it, as the model file
        says.
    refractory_s : float
        From the last window of a keyword to the first of its next detection,
        at least, in seconds, up to an hour.
    early : bool
        Give a detection as soon as it begins, as it is then, and not when it
        has ended.

    Example
    -------
    >>> from bifsmn_engine import load_model
    >>> detector = Detector(load_model(), threshold=0.8, early=True)
    >>> detector.add(np.zeros(len(detector.labels)))
    []
    """

    def __init__(
        self,
        model: Model,
        threshold: Threshold | None = None,
        smoothing: int | None = None,
        refractory_s: float = REFRACTORY_S,
        early: bool = False,
    ):
        if smoothing is not None:
            check_smoothing(smoothing)
        check_refractory(refractory_s)
        self.labels = model.labels
        self._pointer = c_void_p()
        # The network, which the finalizer holds, must outlive the detector.
        free_after(self, _free, self._pointer, model._network)
        library.bifsmn_detector_new(
            model._network.pointer, byref(self._pointer)
        )
        if smoothing is not None:
            library.bifsmn_detector_set_smoothing(self._pointer, smoothing)
        library.bifsmn_detector_set_refractory(self._pointer, refractory_s)
        library.bifsmn_detector_set_early(self._pointer, early)
        self.threshold = model.thresholds if threshold is None else threshold
        self._posteriors = np.zeros(len(self.labels), np.float32)
        self._posteriors_at = self._posteriors.ctypes.data
        self._found, self._raw = c_int(), RawDetection()

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
        for index, label in enumerate(self.labels):
            if label in values:
                library.bifsmn_detector_set_threshold(
                    self._pointer, index, values[label]
                )
        self._threshold = threshold

    def reset(self) -> None:
        """Starts again at time 0."""
        library.bifsmn_detector_reset(self._pointer)

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
        values = np.asarray(posteriors, np.float32)
        if values.shape != self._posteriors.shape:
            raise ValueError(
                f"posteriors: expected [{len(self.labels)}], one for each "
                f"label, got {values.shape}"
            )
        self._posteriors[...] = values
        library.bifsmn_detector_add(
            *(self._pointer, self._posteriors_at),
            *(byref(self._raw), byref(self._found)),
        )
        return self._detections()

    def finish(self) -> list[Detection]:
        """Ends the stream.

        Returns
        -------
        list of Detection
            None or one: that which the end cuts off.
        """
        library.bifsmn_detector_finish(
            self._pointer, byref(self._raw), byref(self._found)
        )
        return self._detections()

    def _detections(self):
        if not self._found:
            return []
        raw = self._raw
        return [
            Detection(self.labels[raw.label], raw.score, raw.start, raw.end)
        ]


def _free(pointer, network):
    library.bifsmn_detector_free(pointer)
