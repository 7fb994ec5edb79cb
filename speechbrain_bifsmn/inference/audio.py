"""Audio files of any rate, as one channel at the rate of a network.

Needs no torch. Files are read in parts, so that their length does not matter.
"""

import math
import os
from fractions import Fraction

import numpy as np

from speechbrain_bifsmn.audiofile.decode import blocks, form_of
from speechbrain_bifsmn.audiofile.source import HIGHEST_HZ, LOWEST_HZ
from speechbrain_bifsmn.inference.waveform import TOO_LOUD, find_fault

LONGEST_S = 600  # of what is read whole
_MOST_PERIOD = 50_000  # samples; bounds the filter of odd rates


class Resampler:
    """Converts the rate of audio that comes in parts.

    The parts of the result, together, are what ``scipy.signal.resample_poly``
    makes of the whole, but for rounding. Where the ratio of the rates has large
    terms, as that of 96001 Hz to 16 kHz, it is one within 1 / 50000 of it.

    Arguments
    ---------
    rate : int
        Of the audio, in Hz.
    target : int
        What it is converted to.

    Example
    -------
    >>> resampler = Resampler(48000, 16000)
    >>> parts = [resampler.push(np.zeros(100)) for _ in range(480)]
    >>> len(np.concatenate([*parts, resampler.finish()]))
    16000
    """

    def __init__(self, rate, target):
        for each in (rate, target):
            if not LOWEST_HZ <= each <= HIGHEST_HZ:
                raise ValueError(
                    f"rate: expected sample rates from {LOWEST_HZ} to "
                    f"{HIGHEST_HZ} Hz, got {each}; check where it comes from"
                )
        self.rate = rate
        self.up, self.down = _ratio(rate, target)
        if self.up == self.down:
            return
        # Late: on a small machine this import takes seconds.
        from scipy.signal import firwin, resample_poly

        self._resample = resample_poly
        # The filter that resample_poly would design in each call.
        most = max(self.up, self.down)
        self._filter = firwin(20 * most + 1, 1 / most, window=("kaiser", 5.0))
        # What it reaches to either side, in whole periods of the two rates.
        periods = math.ceil(10 * most / (self.up * self.down))
        self._margin = periods * self.down
        self._kept = np.zeros(self._margin, np.float32)

    def push(self, samples):
        """Returns what becomes ready with more samples, as float32."""
        if self.up == self.down:
            return np.asarray(samples, np.float32)
        audio = np.append(self._kept, np.asarray(samples, np.float32))
        periods = (len(audio) - 2 * self._margin) // self.down
        if periods <= 0:
            self._kept = audio
            return np.zeros(0, np.float32)
        ready = periods * self.down
        self._kept = audio[ready:]
        return self._convert(audio[: ready + 2 * self._margin], ready)

    def finish(self):
        """Returns the rest, and starts again."""
        if self.up == self.down:
            return np.zeros(0, np.float32)
        rest = len(self._kept) - self._margin
        audio = np.append(self._kept, np.zeros(self._margin, np.float32))
        self._kept = np.zeros(self._margin, np.float32)
        return self._convert(audio, rest)

    def _convert(self, audio, samples):
        """Converts so many samples, after those of the margin."""
        skipped = self._margin // self.down * self.up
        wanted = math.ceil(samples * self.up / self.down)
        result = self._resample(audio, self.up, self.down, window=self._filter)
        return result[skipped : skipped + wanted].astype(np.float32)


def _ratio(rate, target):
    """Returns the terms of target / rate, or of a ratio near it."""
    slow, fast = sorted((rate, target))
    ratio = Fraction(slow, fast).limit_denominator(_MOST_PERIOD)
    terms = ratio.numerator, ratio.denominator
    return terms if target == slow else terms[::-1]


def read_audio(path, rate=16000, longest_s=LONGEST_S):
    """Reads a file whole.

    Arguments
    ---------
    path : str | Path
        wav, flac, ogg or mp3, of any rate and any number of channels.
    rate : int
        What it is converted to, in Hz.
    longest_s : float
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
        if samples > longest_s * rate:
            raise ValueError(
                f"{os.fspath(path)}: expected up to {longest_s:g} s to be read "
                "whole, found more; cut it, or have it read as a stream"
            )
    return np.concatenate(chunks)


def audio_chunks(path, rate=16000, chunk_s=1.0):
    """Reads a file in parts of ``chunk_s`` seconds, one at a time.

    Arguments
    ---------
    path : str | Path
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


def duration_of(path):
    """Returns the seconds of audio in a file; decodes it where it must."""
    form = form_of(path)
    if form.samples is not None:
        return form.samples / form.rate
    return sum(len(samples) / rate for rate, samples in blocks(path))


def _converted(path, rate):
    """Yields the mean of the channels at one rate, as it becomes ready."""
    resampler, seconds = None, 0.0
    for source, samples in blocks(path):
        good = (np.abs(samples) < TOO_LOUD).all(axis=1)
        if not good.all():
            where = f" after {seconds + good.argmin() / source:.2f} s"
            raise ValueError(f"{os.fspath(path)}: {find_fault(samples, where)}")
        mono = samples.mean(axis=1)
        if resampler is None or resampler.rate != source:
            if resampler:
                yield resampler.finish()
            resampler = Resampler(source, rate)
        seconds += len(mono) / source
        yield resampler.push(mono)
    yield resampler.finish()
