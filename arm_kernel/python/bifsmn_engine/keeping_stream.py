"""A stream whose detections are kept as wav files, to hear or to train with."""

from __future__ import annotations

import re
import wave
from collections import deque
from io import BytesIO
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bifsmn_engine.detection import Detection
from bifsmn_engine.keyword_stream import KeywordStream

AROUND_S = 0.5  # kept before and after a detection
MAX_S = 10  # of a detection that goes on, the end is kept


class KeepingStream:
    """Passes audio on to a stream, and writes that of its detections.

    A file is named after the keyword, the score, and where it was: ``yes 0.93
    radio 12.4s.wav``. None is replaced. Memory does not grow.

    Arguments
    ---------
    stream : KeywordStream
        At its beginning.
    folder : str | Path
        Where the files go; it is made.
    rate : int
        Of the audio, in Hz.
    source : str
        Where the audio comes from: a part of the names.

    Example
    -------
    >>> import tempfile
    >>> from bifsmn_engine import load_model
    >>> stream = KeywordStream(load_model(), threshold=0.8)
    >>> stream = KeepingStream(stream, tempfile.mkdtemp(), 16000, "radio")
    >>> stream.push(np.zeros(48000, np.float32))
    []
    >>> stream.finish()
    []
    """

    def __init__(
        self, stream: KeywordStream, folder: str | Path, rate: int, source: str
    ) -> None:
        self._stream, self._rate = stream, rate
        self._folder, self._source = Path(folder), _in_a_name(source)
        self._held: deque[NDArray] = deque()  # the last chunks
        self._first = self._samples = 0  # of the first held; pushed so far
        self._waiting: list[Detection] = []  # for what comes after them
        self._folder.mkdir(parents=True, exist_ok=True)

    def push(self, audio: NDArray[np.floating]) -> list[Detection]:
        """Takes more audio, [samples] or [samples][channels], from -1 to 1.

        Returns
        -------
        list of Detection
            Those that ``KeywordStream`` gives.
        """
        self._held.append(audio.mean(1) if audio.ndim > 1 else audio)
        self._samples += len(audio)
        found = self._stream.push(audio)
        self._waiting += found
        now = self._samples / self._rate
        self._write([d for d in self._waiting if d.end + AROUND_S <= now])
        self._forget()
        return found

    def finish(self) -> list[Detection]:
        """Ends the audio; returns the last detections."""
        found = self._stream.finish()
        self._waiting += found
        self.write_rest()
        return found

    def write_rest(self) -> None:
        """Writes the detections that still wait for what comes after them."""
        self._write(list(self._waiting))

    def _forget(self):
        """Drops audio that no detection to come can need."""
        first = self._samples - round((MAX_S + 2 * AROUND_S) * self._rate)
        while self._held and self._first + len(self._held[0]) <= first:
            self._first += len(self._held.popleft())

    def _write(self, detections):
        for each in detections:
            self._waiting.remove(each)
            name = (
                f"{_in_a_name(each.keyword)} {each.score:.2f} {self._source} "
                f"{each.start:.1f}s"
            )
            _write_new(self._folder, name, _wav(self._audio(each), self._rate))

    def _audio(self, detection):
        end = detection.end + AROUND_S
        start = max(detection.start - AROUND_S, end - MAX_S)
        first, last = (
            max(0, round(time * self._rate) - self._first)
            for time in (start, end)
        )
        return np.concatenate(self._held)[first:last]


def _in_a_name(text):
    """Returns what a file's name can hold on any system, and never a path."""
    return re.sub(r"[^\w-]+", "_", text)[:80].strip("_") or "_"


def _wav(audio, rate):
    with BytesIO() as file:
        with wave.open(file, "wb") as writer:
            writer.setnchannels(1)
            writer.setsampwidth(2)
            writer.setframerate(rate)
            samples = (audio * 32768).round().clip(-32768, 32767)
            writer.writeframes(samples.astype("<i2").tobytes())
        return file.getvalue()


def _write_new(folder, name, content):
    """Writes a file whole, under a name that no other has."""
    for number in count(1):
        path = folder / f"{name}{f' {number}' if number > 1 else ''}.wav"
        try:
            path.open("xb").close()  # from now on the name is taken
            break
        except FileExistsError:
            pass
    part = folder / f".{path.name}.part"
    try:
        part.write_bytes(content)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        path.unlink()
        raise
