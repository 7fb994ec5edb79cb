"""From one sample rate to another, for audio that comes in parts.

The streams of soxr, a well-kept library for this, are faster, but hold back 20
to 115 ms of audio (44.1, 48 and 8 kHz to 16 kHz); here it is 1 to 8 ms.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from bifsmn_engine.audio.source import MAX_RATE_HZ, MIN_RATE_HZ
from bifsmn_engine.numeric import is_within

_MAX_PERIOD = 50_000  # samples; bounds the filter of odd rates
_MIN_RETURNED = 80  # samples, 5 ms: fewer calls, little delay
_AT_ONCE = 1 << 15  # products; bounds memory


class Resampler:
    """Converts the rate of audio that comes in parts.

    The parts of the result, together, are what ``scipy.signal.resample_poly``
    makes of the whole, but for rounding. They come 5 ms and ten samples late,
    whatever the rates. Where the ratio of the rates has large terms, as that of
    96001 Hz to 16 kHz, it is one within 1 / 50000 of it.

    Arguments
    ---------
    rate : int | float
        Of the audio, in Hz; a whole number.
    target : int | float
        What it is converted to.

    Example
    -------
    >>> resampler = Resampler(48000, 16000)
    >>> parts = [resampler.push(np.zeros(100)) for _ in range(480)]
    >>> len(np.concatenate([*parts, resampler.finish()]))
    16000
    """

    def __init__(self, rate, target):
        self.rate, target = whole_hz(rate), whole_hz(target)
        self.up, self.down = _ratio(self.rate, target)
        self._same = self.up == self.down
        if self._same:
            return
        # That of resample_poly, at a rate of ``up`` times that of the audio,
        # reaches so far to either side.
        factor = max(self.up, self.down)
        self._reach = 10 * factor
        times = np.arange(-self._reach, self._reach + 1) / factor
        low_pass = np.sinc(times) * np.kaiser(len(times), 5.0)
        low_pass *= self.up / low_pass.sum()
        # What it is at the samples of the audio, for each place of a result
        # between two of them.
        self._taps = -(-len(low_pass) // self.up)
        filters = np.zeros(self._taps * self.up)
        filters[: len(low_pass)] = low_pass
        filters = filters.reshape(self._taps, self.up).T[:, ::-1]
        self._filters = np.ascontiguousarray(filters, np.float32)
        self._restart()

    def _restart(self):
        # The audio that still counts; before the first sample are zeros.
        self._parts = [np.zeros(self._taps - 1, np.float32)]
        self._length = self._taps - 1
        # Where the filter ends for the next of the result, at its rate, from
        # the first of the audio on.
        self._next = self._length * self.up + self._reach
        self._taken = self._returned = 0  # samples since the start

    def push(self, samples: NDArray) -> NDArray[np.float32]:
        """Returns what becomes ready with more samples, as float32."""
        samples = np.array(samples, np.float32)  # callers reuse theirs
        if self._same:
            return samples
        self._parts.append(samples)
        self._length += len(samples)
        self._taken += len(samples)
        ready = -((self._next - self._length * self.up) // self.down)
        if ready < _MIN_RETURNED:
            return np.zeros(0, np.float32)
        return self._convert(ready)

    def finish(self) -> NDArray[np.float32]:
        """Returns the rest, and starts again."""
        if self._same:
            return np.zeros(0, np.float32)
        rest = -(-self._taken * self.up // self.down) - self._returned
        self._parts.append(np.zeros(self._taps, np.float32))
        result = self._convert(rest)
        self._restart()
        return result

    def _convert(self, count):
        """Returns so many samples, and forgets the audio before them."""
        audio = np.concatenate(self._parts)
        spans = np.lib.stride_tricks.sliding_window_view(audio, self._taps)
        result = np.empty(count, np.float32)
        size = max(1, _AT_ONCE // self._taps)
        for at in range(0, count, size):
            steps = np.arange(at, min(at + size, count))
            ends, places = divmod(self._next + steps * self.down, self.up)
            np.einsum(
                "kt,kt->k",
                spans[ends - self._taps + 1],
                self._filters[places],
                out=result[at : at + size],
            )
        self._next += count * self.down
        used = min(self._next // self.up - self._taps + 1, len(audio))
        self._next -= used * self.up
        self._parts = [audio[used:]]
        self._length = len(audio) - used
        self._returned += count
        return result


def whole_hz(rate: float) -> int:
    """Returns a sample rate as an int, or refuses it.

    Arguments
    ---------
    rate : int | float
        In Hz; sound cards give theirs as floats.

    Returns
    -------
    int

    Example
    -------
    >>> whole_hz(44100.0)
    44100
    """
    if not is_within(rate, MIN_RATE_HZ, MAX_RATE_HZ) or rate % 1:
        raise ValueError(
            f"rate: expected sample rates from {MIN_RATE_HZ} to {MAX_RATE_HZ} "
            f"Hz, got {rate!r}; check where it comes from"
        )
    return int(rate)


def _ratio(rate, target):
    """Returns the terms of target / rate, or of a ratio near it."""
    slow, fast = sorted((rate, target))
    ratio = Fraction(slow, fast).limit_denominator(_MAX_PERIOD)
    terms = ratio.numerator, ratio.denominator
    return terms if target == slow else terms[::-1]
