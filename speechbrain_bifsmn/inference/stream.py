"""Keywords in audio that goes on, or in a file of any length.

Needs no torch where the engine is installed.
"""

from numbers import Real

import numpy as np

from speechbrain_bifsmn.dataio.words import SILENCE
from speechbrain_bifsmn.inference.audio import audio_chunks
from speechbrain_bifsmn.inference.detector import REFRACTORY_S, Detector
from speechbrain_bifsmn.inference.models import zeros_after
from speechbrain_bifsmn.inference.resampler import Resampler
from speechbrain_bifsmn.inference.waveform import Downmix


class KeywordStream:
    """Detects keywords in chunks of audio, whatever their lengths.

    The network looks at a window at each hop, and says what it would of that
    window by itself; a ``Detector`` makes detections of that. Memory does not
    grow. A stream belongs to one thread. After an exception out of ``push``, as
    of Ctrl-C, ``reset`` it.

    Arguments
    ---------
    model : bifsmn_engine.Model | TorchModel
        As from ``load_model``; its depth setting is where this one's starts.
    threshold : float | dict, optional
        As of ``Detector``; without it, that of the model file.
    smoothing : int, optional
        As well.
    refractory_s : float
        As of ``Detector``.
    early : bool
        As of ``Detector``.
    gate_db : float, optional
        Windows of a level below it (dB from -200 to 0, 0 is that of full-scale
        samples) count as silence, whatever the network says.
    rate : int, optional
        Of the audio, in Hz; without it, that of the model.

    Example
    -------
    >>> from speechbrain_bifsmn.inference.models import load_model
    >>> stream = KeywordStream(load_model(), rate=48000)
    >>> for _ in range(100):
    ...     for detection in stream.push(np.zeros(480)):
    ...         print(detection.keyword, detection.start)
    >>> stream.finish()
    []
    """

    def __init__(
        self,
        model,
        threshold=None,
        smoothing=None,
        refractory_s=REFRACTORY_S,
        early=False,
        gate_db=None,
        rate=None,
    ):
        self._model, self._stream = model, model.stream()
        self.detector = Detector(
            model.labels,
            model.hop / model.sample_rate,
            model.window_samples / model.sample_rate,
            model.threshold if threshold is None else threshold,
            model.smoothing if smoothing is None else smoothing,
            refractory_s,
            early,
        )
        self._gate = None if gate_db is None else _Gate(model, gate_db)
        target = model.sample_rate
        self._resampler = Resampler(target if rate is None else rate, target)
        self._downmix = Downmix()
        self.reset()

    @property
    def depth(self):
        """The depth setting; may be set at any time."""
        return self._stream.depth

    @depth.setter
    def depth(self, depth):
        self._stream.depth = depth

    def push(self, audio):
        """Takes more audio.

        Arguments
        ---------
        audio : array | torch.Tensor
            As for ``Downmix.push``. A chunk that is refused leaves the stream
            as it was.

        Returns
        -------
        list of Detection
            As of ``Detector.add``, of all windows that have become ready.
        """
        return self._push(self._resampler.push(self._downmix.push(audio)))

    def finish(self):
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

    def reset(self):
        """Starts again at time 0."""
        self.samples = 0  # taken so far, at the model's rate
        self.posteriors = None  # [classes] of the last window
        self._waiting = []  # chunks of the next window, not looked at yet
        self._missing = self._model.window_samples  # in it
        self._downmix.reset()
        self._resampler.finish()
        self._stream.reset()
        self.detector.reset()
        if self._gate:
            self._gate.reset()

    def _push(self, audio):
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
        if self._gate:
            rows = self._gate.apply(audio, rows)
        self.posteriors = rows[-1]
        return [found for row in rows for found in self.detector.add(row)]


class _Gate:
    """Makes windows of a low level silence."""

    def __init__(self, model, gate_db):
        if not (isinstance(gate_db, Real) and -200 <= gate_db <= 0):
            raise ValueError(
                "gate_db: expected -200 to 0 dB of full scale, got "
                f"{gate_db}; -50 is that of a quiet room"
            )
        self._length, self._hop = model.window_samples, model.hop
        self._least = 10 ** (gate_db / 10)
        # Nothing but silence, or nothing at all.
        self._silence = np.array([n == SILENCE for n in model.labels], "f")
        self.reset()

    def reset(self):
        self._audio = np.zeros(0, np.float32)

    def apply(self, audio, rows):
        """Returns the posteriors of the windows that end in this audio."""
        heard = self._audio = np.append(self._audio, audio)
        starts = self._hop * np.arange(len(rows))
        sums = np.cumsum(np.square(np.append(0, heard), dtype=np.float64))
        energies = (
            sums[starts + self._length] - sums[starts] if len(rows) else []
        )
        quiet = np.array(energies) < self._least * self._length
        self._audio = heard[self._hop * len(rows) :]
        return np.where(quiet[:, None], self._silence, rows)


def detect_file(model, path, **options):
    """Detects keywords in a file of any length, rate and kind.

    Arguments
    ---------
    model : bifsmn_engine.Model | TorchModel
        As from ``load_model``.
    path : str | Path
        wav, flac, ogg or mp3.
    **options
        Of ``KeywordStream``, but for ``rate``.

    Yields
    ------
    Detection
        As soon as it is known; the file is not read whole.
    """
    if "rate" in options:
        raise TypeError("rate: expected none, as a file tells its own; drop it")
    stream = KeywordStream(model, **options)
    for chunk in audio_chunks(path, model.sample_rate):
        yield from stream.push(chunk)
    yield from stream.finish()
