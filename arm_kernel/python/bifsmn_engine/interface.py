"""What runs a model: the interface of ``Model``, which other backends have."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bifsmn_engine.detection import REFRACTORY_S, Detection, Threshold


class AnyStream(Protocol):
    """Classifies audio that goes on; ``Stream`` says how."""

    thinning: int

    def push(self, audio: ArrayLike) -> NDArray[np.float32]:
        """Takes more audio; returns posteriors [n][classes]."""

    def reset(self) -> None:
        """Forgets all audio so far."""


class AnyDetector(Protocol):
    """Makes detections of posteriors; ``Detector`` says how."""

    threshold: Threshold

    def add(self, posteriors: ArrayLike) -> list[Detection]:
        """Takes the posteriors [classes] of the next window."""

    def finish(self) -> list[Detection]:
        """Ends the stream."""

    def reset(self) -> None:
        """Starts again at time 0."""


class AnyModel(Protocol):
    """A model file on some backend; ``Model`` says what each part is."""

    thinning: int

    @property
    def labels(self) -> list[str]:
        """Of the outputs, in their order."""

    @property
    def thinnings(self) -> tuple[int, ...]:
        """Those there are."""

    @property
    def sample_rate(self) -> int:
        """Of the audio, in Hz."""

    @property
    def window_samples(self) -> int:
        """Samples that one decision looks at."""

    @property
    def hop(self) -> int:
        """Samples from one decision of a stream to the next."""

    @property
    def thresholds(self) -> dict[str, float]:
        """Posterior from which each keyword counts."""

    @property
    def smoothing(self) -> int:
        """Decisions of a stream whose posteriors are averaged."""

    @property
    def isa(self) -> str:
        """The instruction set, or the backend."""

    def features(self, audio: ArrayLike) -> NDArray[np.float32]:
        """Computes the features [T][F] of a clip."""

    def logits(self, features: ArrayLike) -> NDArray[np.float32]:
        """Classifies features [T][F], or a batch of them."""

    def classify(self, audio: ArrayLike) -> NDArray[np.float32]:
        """Returns the posteriors [classes] of a clip."""

    def stream(self, gate_db: float | None = None) -> AnyStream:
        """Returns a stream of this thinning."""

    def detector(
        self,
        threshold: Threshold | None = None,
        smoothing: int | None = None,
        refractory_s: float = REFRACTORY_S,
        early: bool = False,
    ) -> AnyDetector:
        """Returns a detector for the posteriors of this model."""
