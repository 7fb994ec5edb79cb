"""A network, and what it says of features and clips.

Shapes: B batch, T frames, F mel bands.
"""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bifsmn_engine._library import library
from bifsmn_engine._session import Network, Session
from bifsmn_engine.audio.waveform import as_clip, write_floats
from bifsmn_engine.detection import REFRACTORY_S, Threshold, of_keywords
from bifsmn_engine.detector import Detector
from bifsmn_engine.stream import Stream


class Model(Session):
    """A network from a ``.bifsmn`` file.

    Threads may share it, and then wait for one another; with a ``copy`` each
    they do not. Copies and streams share the network itself, which is freed
    with the last of them. ``close`` (or ``with``) frees a model's own memory.

    Arguments
    ---------
    content : bytes
        Of a file; ``Model.load`` reads one.

    Example
    -------
    >>> from bifsmn_engine.pretrained import MODEL
    >>> model = Model.load(MODEL)
    >>> model.thinning = 2  # every second block
    >>> model.classify(np.zeros(model.window_samples)).shape
    (12,)
    """

    def __init__(self, content: bytes):
        content = bytes(content)
        self._begin(Network(library.bifsmn_load_memory, content, len(content)))

    @classmethod
    def load(cls, path: str | os.PathLike) -> Model:
        """Reads a file.

        Arguments
        ---------
        path : str | Path
            A ``.bifsmn`` file.

        Returns
        -------
        Model
        """
        network = Network(library.bifsmn_load_file, os.fsencode(path))
        return cls._of(network)

    @classmethod
    def _of(cls, network, thinning=1):
        model = cls.__new__(cls)
        model._begin(network, thinning)
        return model

    def _begin(self, network, thinning=1):
        super().__init__(network, thinning)
        info = network.info
        # One copy into memory of a known address is cheaper than asking numpy
        # for an address, and settles type, order and alignment.
        self._audio = np.zeros(info.window_samples, np.float32)
        self._features = np.zeros((info.frames, info.mels), np.float32)
        self._scores = np.zeros(info.classes, np.float32)
        self._audio_at = self._audio.ctypes.data
        self._features_at = self._features.ctypes.data
        self._scores_at = self._scores.ctypes.data

    def copy(self) -> Model:
        """Returns a model for another thread; the network is shared."""
        return self._of(self._network, self.thinning)

    def stream(self, gate_db: float | None = None) -> Stream:
        """Returns a ``Stream`` of this thinning."""
        return Stream(self, gate_db)

    def detector(
        self,
        threshold: Threshold | None = None,
        smoothing: int | None = None,
        refractory_s: float = REFRACTORY_S,
        early: bool = False,
    ) -> Detector:
        """Returns a ``Detector`` for the posteriors of this model."""
        return Detector(self, threshold, smoothing, refractory_s, early)

    def logits(self, features: ArrayLike) -> NDArray[np.float32]:
        """Classifies features.

        Arguments
        ---------
        features : array
            [T][F] in dB, or a batch [B][T][F].

        Returns
        -------
        array
            [classes], or [B][classes].

        Example
        -------
        >>> from bifsmn_engine.pretrained import MODEL
        >>> model = Model.load(MODEL)
        >>> model.logits(np.zeros((5, model.frames, model.mels))).shape
        (5, 12)
        """
        features = np.asarray(features)
        shape = self._features.shape
        if features.shape[-2:] != shape or features.ndim > 3:
            raise ValueError(
                f"features: expected [{shape[0]}][{shape[1]}], frames by mel "
                f"bands, or a batch of them, got {features.shape}"
            )
        if features.dtype.kind not in "fiu":
            raise ValueError(
                f"features: expected numbers, got {features.dtype}"
            )
        run = self._logits if features.ndim == 2 else self._batch_logits
        return self._use(run, features)

    def _logits(self, state, features):
        self._features[...] = features
        library.bifsmn_logits(state, self._features_at, self._scores_at)
        return self._scores.copy()

    def _batch_logits(self, state, features):
        logits = np.empty((len(features), self.classes), np.float32)
        for example, window in enumerate(features):
            if self._closed:
                self._refuse()
            logits[example] = self._logits(state, window)
        return logits

    def features(self, audio: ArrayLike) -> NDArray[np.float32]:
        """Computes the features of a clip.

        Arguments
        ---------
        audio : array
            [samples] as for ``classify``.

        Returns
        -------
        array
            [T][F] in dB.
        """
        run = library.bifsmn_features
        return self._of_audio(run, audio, self._features, self._features_at)

    def classify(self, audio: ArrayLike) -> NDArray[np.float32]:
        """Classifies a clip.

        Arguments
        ---------
        audio : array
            [samples] at ``sample_rate``, int16, or float from -1 to 1; at most
            ``window_samples``. Fewer are filled with zeros.

        Returns
        -------
        array
            Posteriors [classes], whose sum is 1.
        """
        run = library.bifsmn_classify
        return self._of_audio(run, audio, self._scores, self._scores_at)

    def _of_audio(self, run, audio, result, result_at):
        samples = as_clip(audio)
        n = len(samples)
        if n > self.window_samples:
            raise ValueError(
                f"audio: expected at most {self.window_samples} samples, got "
                f"{n}; use a Stream for longer audio"
            )
        return self._use(self._run, run, samples, result, result_at)

    def _run(self, state, run, samples, result, result_at):
        n = len(samples)
        write_floats(samples, self._audio[:n])
        run(state, self._audio_at, n, result_at)
        return result.copy()

    @property
    def labels(self) -> list[str]:
        """Of the outputs, in their order."""
        return list(self._network.labels)

    @property
    def frames(self) -> int:
        """T of a window."""
        return self._network.info.frames

    @property
    def mels(self) -> int:
        """F, mel bands of a frame."""
        return self._network.info.mels

    @property
    def sample_rate(self) -> int:
        """Of the audio, in Hz."""
        return self._network.info.sample_rate

    @property
    def window_samples(self) -> int:
        """Samples that one decision looks at."""
        return self._network.info.window_samples

    @property
    def hop(self) -> int:
        """Samples from one decision of a stream to the next."""
        return self._network.info.hop

    @property
    def thresholds(self) -> dict[str, float]:
        """Posterior from which each keyword counts."""
        return of_keywords(self.labels, self._network.thresholds)

    @property
    def smoothing(self) -> int:
        """Decisions of a stream whose posteriors should be averaged."""
        return self._network.info.smoothing

    @property
    def name(self) -> str:
        """What this model is."""
        return library.bifsmn_name(self._network.pointer)

    @property
    def licence(self) -> str:
        """What users may do with it."""
        return library.bifsmn_licence(self._network.pointer)

    @property
    def provenance(self) -> str:
        """Where it came from."""
        return library.bifsmn_provenance(self._network.pointer)

    @property
    def isa(self) -> str:
        """The instruction set in use, one of ``available_isas()``."""
        return library.bifsmn_isa(self._network.pointer)

    def __repr__(self):
        return f"<Model {self.name!r}: {self.classes} classes, {self.isa}>"
