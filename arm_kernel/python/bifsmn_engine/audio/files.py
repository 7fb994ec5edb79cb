"""Audio files of any rate, as one channel at the rate of a network.

Needs no torch. Files are read in parts, so that their length does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bifsmn_engine.audio.decode import blocks, form_of
from bifsmn_engine.audio.resampler import Resampler
from bifsmn_engine.audio.source import Source, name_of
from bifsmn_engine.audio.waveform import TOO_LOUD, find_fault

MAX_WHOLE_S = 600  # of what is read whole


def read_audio(
    path: Source, rate: int = 16000, max_s: float = MAX_WHOLE_S
) -> NDArray[np.float32]:
    """Reads a file whole.

    Arguments
    ---------
    path : str | Path | binary file
        wav, flac, ogg or mp3, of any rate and any number of channels. An open
        file, such as that of a pipe, is read to its end.
    rate : int
        What it is converted to, in Hz.
    max_s : float
        Bounds the memory needed: a longer one is refused.

    Returns
    -------
    array
        float32 [samples], the mean of the channels.
    """
    chunks, samples = [], 0
    for chunk in audio_chunks(path, rate):
        chunks.append(chunk)
        samples += len(chunk)
        if samples > max_s * rate:
            raise ValueError(
                f"{name_of(path)}: expected up to {max_s:g} s to be read "
                "whole, found more; cut it, or have it read as a stream"
            )
    return np.concatenate(chunks)


def audio_chunks(
    path: Source, rate: int = 16000, chunk_s: float = 1.0
) -> Iterator[NDArray[np.float32]]:
    """Reads a file in parts of ``chunk_s`` seconds, one at a time.

    Arguments
    ---------
    path : str | Path | binary file
        As for ``read_audio``.
    rate : int
        What it is converted to, in Hz.
    chunk_s : float
        Bounds the memory needed.

    Yields
    ------
    array
        float32 [samples], of which the last one may have fewer.
    """
    size, rest = max(1, round(chunk_s * rate)), np.zeros(0, np.float32)
    for audio in _converted(path, rate):
        rest = np.append(rest, audio)
        while len(rest) >= size:
            yield rest[:size]
            rest = rest[size:]
    if len(rest):
        yield rest


def duration_of(path: str | Path) -> float:
    """Returns the seconds of audio in a file; decodes it where it must."""
    form = form_of(path)
    if form.samples is not None:
        return form.samples / form.rate
    return sum(len(samples) / rate for rate, samples in blocks(path))


def _converted(path, rate):
    """Yields the mean of the channels at one rate, as it becomes ready."""
    resampler: Resampler | None = None
    seconds = 0.0
    for source, samples in blocks(path):
        good = (np.abs(samples) < TOO_LOUD).all(axis=1)
        if not good.all():
            where = f" after {seconds + good.argmin() / source:.2f} s"
            raise ValueError(f"{name_of(path)}: {find_fault(samples, where)}")
        mono = samples.mean(axis=1)
        if resampler is None or resampler.rate != source:
            if resampler:
                yield resampler.finish()
            resampler = Resampler(source, rate)
        seconds += len(mono) / source
        yield resampler.push(mono)
    if resampler:  # blocks() gives one, or raises
        yield resampler.finish()
