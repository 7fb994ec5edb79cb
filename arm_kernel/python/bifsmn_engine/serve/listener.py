"""The keywords in one client's audio, as the Wyoming protocol tells of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wyoming.audio import AudioChunk
from wyoming.wake import Detection, NotDetected

from bifsmn_engine.audio.waveform import MAX_CHANNELS
from bifsmn_engine.detection import keywords_of
from bifsmn_engine.interface import AnyModel
from bifsmn_engine.keyword_stream import KeywordStream

PART_S = 0.1  # of a chunk, listened to at once
_TYPES: dict[int, np.dtype] = {  # by bytes
    1: np.dtype("u1"),
    2: np.dtype("<i2"),
    4: np.dtype("<i4"),
}
# Those of sound cards: the filters of odd ones take half a second to compute.
RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 96000)
_ALLOWED: dict[str, tuple[str, Collection[int]]] = {
    "rate": (f"one of {', '.join(map(str, RATES))} Hz", RATES),
    "width": ("1, 2 or 4 bytes", _TYPES),
    "channels": (f"1 to {MAX_CHANNELS}", range(1, MAX_CHANNELS + 1)),
    "timestamp": ("a whole number of 64 bits", range(-(1 << 63), 1 << 63)),
}


class Listener:
    """Detects the keywords of models in chunks of audio.

    Each keyword is told when it begins. Memory does not grow.

    Arguments
    ---------
    models : sequence of Model | TorchModel
        From ``load_model``; each has its own keywords.
    **options
        Of ``KeywordStream``, but for ``early`` and ``rate``.

    Example
    -------
    >>> from bifsmn_engine import load_model
    >>> listener = Listener([load_model()])
    >>> listener.select(["yes", "maybe"])
    ['maybe']
    >>> silence = AudioChunk(16000, width=2, channels=1, audio=bytes(64000))
    >>> [found for part in listener.push(silence) for found in part]
    []
    >>> listener.stop()
    [NotDetected(context=None)]
    """

    def __init__(self, models: Sequence[AnyModel], **options: Any):
        self._models, self._options = models, options
        self._keywords = {
            word for model in models for word in keywords_of(model.labels)
        }
        self._wanted = self._keywords
        self._streams: list[KeywordStream] = []
        self._form: tuple[int, int, int] | None = None  # of their audio
        self.start()

    def select(self, names: list[str] | None) -> list[str]:
        """Chooses which keywords are told from now on.

        Arguments
        ---------
        names : list of str, optional
            Keywords; without any, all of them.

        Returns
        -------
        list of str
            Those that no model has.
        """
        names = names or [*self._keywords]
        is_list = isinstance(names, list)
        if not is_list or not all(isinstance(name, str) for name in names):
            raise ValueError(
                "detect: expected names as a list of texts, found something "
                "else; leave them out to detect all keywords"
            )
        self._wanted = self._keywords & {*names}
        return [name for name in names if name not in self._keywords]

    def start(self, timestamp: int | None = None) -> None:
        """Begins another stream of audio.

        Arguments
        ---------
        timestamp : int, optional
            Of its first sample, in ms.
        """
        _check("audio-start", "timestamp", timestamp)
        for stream in self._streams:
            stream.reset()
        self._start_ms = self._last_ms = timestamp or 0
        self._taken = 0  # samples
        self._has_detected = False

    def push(self, chunk: AudioChunk) -> Iterator[list[Detection]]:
        """Takes more audio; one chunk is to be taken wholly before the next.

        Arguments
        ---------
        chunk : wyoming.audio.AudioChunk
            Of one of the ``RATES``, and of 1, 2 or 4 bytes a sample: unsigned,
            or signed little-endian. Channels are averaged.

        Yields
        ------
        list of Detection
            The keywords that begin in each tenth of a second, at the time of
            the chunk. Raises ValueError for a chunk that cannot be taken.
        """
        check_chunk(chunk)
        samples = _samples(chunk)
        self._prepare((chunk.rate, chunk.width, chunk.channels))
        at_ms = self._start_ms + round(1000 * self._taken / chunk.rate)
        self._last_ms = at_ms if chunk.timestamp is None else chunk.timestamp
        self._taken += len(samples)
        size = max(1, round(PART_S * chunk.rate))
        for at in range(0, len(samples), size):
            part = samples[at : at + size]
            yield self._told([each.push(part) for each in self._streams])

    def stop(self) -> list[Detection | NotDetected]:
        """Ends the audio, and begins another stream at time 0.

        Returns
        -------
        list of Detection | NotDetected
            The keywords in the rest of it; where there have been none since
            the start, that.
        """
        rest = self._told([stream.finish() for stream in self._streams])
        events = [*rest] if self._has_detected else [NotDetected()]
        self.start()
        return events

    def _prepare(self, form):
        if form == self._form:
            return
        if self._taken:
            raise ValueError(
                "audio-chunk: expected rate, width and channels as before, "
                f"{self._form}, found {form}; send audio-start between them"
            )
        self._streams = [
            KeywordStream(model, early=True, rate=form[0], **self._options)
            for model in self._models
        ]
        self._form = form

    def _told(self, found):
        names = [each.keyword for stream in found for each in stream]
        wanted = [name for name in names if name in self._wanted]
        self._has_detected |= bool(wanted)
        return [Detection(name, self._last_ms) for name in wanted]


def check_chunk(chunk: AudioChunk) -> None:
    """Raises ValueError where a client's chunk is not such audio as is taken.

    Example
    -------
    >>> check_chunk(AudioChunk(rate=16000, width=3, channels=1, audio=b""))
    Traceback (most recent call last):
        ...
    ValueError: audio-chunk: expected width 1, 2 or 4 bytes, found 3; ...
    """
    for name in ("rate", "width", "channels", "timestamp"):
        _check("audio-chunk", name, getattr(chunk, name))
    if len(chunk.audio) % (chunk.width * chunk.channels):
        raise ValueError(
            "audio-chunk: expected whole samples of all channels, found "
            f"{len(chunk.audio)} bytes; send none in parts"
        )


def _check(event, name, value):
    expected, values = _ALLOWED[name]
    if name == "timestamp" and value is None:
        return
    if type(value) is not int or value not in values:
        raise ValueError(
            f"{event}: expected {name} {expected}, found {str(value)[:20]}; "
            "audio of 16000 Hz, width 2 and 1 channel needs no conversion"
        )


def _samples(chunk) -> NDArray[np.float32]:
    """One channel, from -1 to 1; of 16 bits, to the bit as from a file."""
    samples = np.frombuffer(chunk.audio, _TYPES[chunk.width])
    floats = samples.astype(np.float32)
    if chunk.width == 1:
        floats -= 128  # those are unsigned
    floats *= np.float32(2.0 ** (1 - 8 * chunk.width))
    floats = floats.reshape(-1, chunk.channels)
    return floats[:, 0] if chunk.channels == 1 else floats.mean(axis=1)
