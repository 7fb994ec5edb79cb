"""Keywords in audio that goes on, or in a file of any length."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bifsmn_engine.audio.resampler import Resampler
from bifsmn_engine.audio.waveform import Downmix
from bifsmn_engine.detection import REFRACTORY_S, Detection, Threshold
from bifsmn_engine.interface import AnyModel
from bifsmn_engine.loading import zeros_after


class KeywordStream:
    """Detects keywords in chunks of audio, whatever their lengths.

    The network looks at a window at each hop, and says what it would of that
    window by itself; a ``Detector`` makes detections of that. Memory does not
    grow. A stream belongs to one thread. After an exception out of ``push``,
    such as Ctrl-C, ``reset`` it.

    Arguments
    ---------
    model : Model | TorchModel
        From ``load_model``; its thinning is where this one's starts.
    threshold : float | dict, optional
        From which a keyword counts, 0 to 1; a dict says it for each keyword.
        Without it, those of the model file.
    smoothing : int, optional
        How many windows are averaged, 1 to 64; without it, as the model file
        says.
    refractory_s : float
        From the last window of a keyword to the first of its next detection,
        at least, in seconds.
    early : bool
        Give a detection as soon as it begins, and not when it has ended.
    gate_db : float, optional
        Windows of a level below it (dB from -200 to 0, 0 is that of full-scale
        samples) count as silence, whatever the network says.
    rate : int, optional
        Of the audio, in Hz; without it, that of the model.

    Example
    -------
    >>> from bifsmn_engine import load_model
    >>> stream = KeywordStream(load_model(), rate=48000)
    >>> for _ in range(100):
    ...     for detection in stream.push(np.zeros(480)):
    ...         print(detection.keyword, detection.start)
    >>> stream.finish()
    []
    """

    def __init__(
        self,
        model: AnyModel,
        threshold: Threshold | None = None,
        smoothing: int | None = None,
        refractory_s: float = REFRACTORY_S,
        early: bool = False,
        gate_db: float | None = None,
        rate: int | None = None,
    ):
        self._model = model
        self.detector = model.detector(
            threshold, smoothing, refractory_s, early
        )
        self._stream = model.stream(gate_db)
        target = model.sample_rate
        self._resampler = Resampler(target if rate is None else rate, target)
        self._downmix = Downmix()
        self.reset()

    @property
    def thinning(self) -> int:
        """Every how-many-th block runs; may be set at any time."""
        return self._stream.thinning

    @thinning.setter
    def thinning(self, thinning: int) -> None:
        self._stream.thinning = thinning

    def push(self, audio: ArrayLike) -> list[Detection]:
        """Takes more audio.

        Arguments
        ---------
        audio : array | torch.Tensor
            int16, or floats from -1 to 1: (samples,), (samples, channels) or
            (channels, samples). A chunk that is refused leaves the stream as it
            was.

        Returns
        -------
        list of Detection
            Those that have ended, or, of an early stream, begun, in the windows
            that have become ready.
        """
        return self._push(self._resampler.push(self._downmix.push(audio)))

    def finish(self) -> list[Detection]:
        """Ends the audio: looks at the rest of it, filled with zeros.

        Returns
        -------
        list of Detection
            The last ones; none ends after the audio does.
        """
        found = self._push(self._resampler.finish())
        samples = self.samples
        if samples:
            zeros = np.zeros(zeros_after(self._model, samples), np.float32)
            found += self._push(zeros)
        found += self.detector.finish()
        end = samples / self._model.sample_rate
        self.reset()
        return [each._replace(end=min(each.end, end)) for each in found]

    def reset(self) -> None:
        """Starts again at time 0."""
        self.samples = 0  # taken so far, at the model's rate
        self.posteriors: NDArray | None = None  # [classes] of the last window
        self._waiting: list[NDArray] = []  # chunks of the next window
        self._missing = self._model.window_samples  # in it
        self._downmix.reset()
        self._resampler.finish()
        self._stream.reset()
        self.detector.reset()

    def _push(self, audio: NDArray) -> list[Detection]:
        if len(audio):
            self._waiting.append(audio)
        self.samples += len(audio)
        self._missing -= len(audio)
        if self._missing > 0:
            return []
        hop = self._model.hop
        self._missing = hop - -self._missing % hop
        audio = np.concatenate(self._waiting)
        self._waiting = []
        rows = self._stream.push(audio)
        self.posteriors = rows[-1]
        return [found for row in rows for found in self.detector.add(row)]


def detect_file(
    model: AnyModel, path: str | PathLike, **options: object
) -> Iterator[Detection]:
    """Detects keywords in a file of any length, rate and kind.

    Arguments
    ---------
    model : Model | TorchModel
        From ``load_model``.
    path : str | Path
        wav, flac, ogg or mp3.
    **options
        Of ``KeywordStream``, but for ``rate``.

    Yields
    ------
    Detection
        As soon as it is known; the file is not read whole.
    """
    from bifsmn_engine.audio.files import audio_chunks

    if "rate" in options:
        raise TypeError("rate: expected none, as a file tells its own; drop it")
    stream = KeywordStream(model, **options)  # type: ignore[arg-type]
    for chunk in audio_chunks(path, model.sample_rate):
        yield from stream.push(chunk)
    yield from stream.finish()
