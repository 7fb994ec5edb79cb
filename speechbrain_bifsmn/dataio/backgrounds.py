"""Synthetic background noises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from speechbrain_bifsmn.dataio.espeak import SAMPLE_RATE, Espeak

BABBLE = (
    "The weather in the mountains may change within an hour. She bought "
    "apples, bread and a little cheese. Most children would rather play."
)


def coloured_noise(
    samples: int, random: RandomState, slope: float
) -> NDArray[np.float64]:
    """Makes noise whose power falls as ``1 / frequency ** slope``.

    Arguments
    ---------
    samples : int
        How many, at 16 kHz.
    random : numpy.random.RandomState
        Decides on the noise.
    slope : float
        0 is white, 1 pink, 2 brown.

    Returns
    -------
    numpy.ndarray
        (samples,), of the power 1.
    """
    spectrum = np.fft.rfft(random.standard_normal(samples))
    spectrum /= np.arange(1, len(spectrum) + 1) ** (slope / 2)
    spectrum[: 20 * samples // SAMPLE_RATE + 1] = 0  # below 20 Hz
    noise = np.fft.irfft(spectrum, samples)
    return noise / noise.std()


def at_snr(
    noise: NDArray[np.floating], speech: NDArray[np.floating], snr_db: float
) -> NDArray[np.floating]:
    """Returns noise at a ratio of the powers of speech and noise.

    Arguments
    ---------
    noise, speech : numpy.ndarray
        Samples, of any number each.
    snr_db : float
        The ratio in dB.

    Returns
    -------
    numpy.ndarray
        Of the noise's shape. Digital zeros stay zeros.

    Example
    -------
    >>> at_snr(np.array([2.0, -2.0]), np.array([10.0]), 20.0)
    array([ 1., -1.])
    """
    power = np.square(noise).mean() * 10 ** (snr_db / 10)
    return noise * np.sqrt(np.square(speech).mean() / np.maximum(power, 1e-12))


def _hum(samples, random):
    time = np.arange(samples) / SAMPLE_RATE
    hum = 0.3 * coloured_noise(samples, random, slope=1)
    for harmonic in range(1, 12):
        phase = random.uniform(0, 2 * np.pi)
        hum += np.sin(100 * np.pi * harmonic * time + phase) / harmonic
    return hum


def _clicks(samples, random):
    clicks = 0.1 * coloured_noise(samples, random, slope=1)
    for start in random.randint(samples, size=3 * samples // SAMPLE_RATE + 1):
        length = min(random.randint(50, 800), samples - start)
        fade = np.exp(-6 * np.arange(length) / length)
        burst = random.standard_normal(length) * fade
        clicks[start : start + length] += random.uniform(0.5, 3) * burst
    return clicks


def babble(
    samples: int, random: RandomState, espeak: Espeak, voices: Sequence[str]
) -> NDArray[np.float64]:
    """Mixes all voices, none of which says a keyword.

    Arguments
    ---------
    samples : int
        How many, at 16 kHz.
    random : numpy.random.RandomState
        Decides on rates, places and levels.
    espeak : Espeak
        What speaks.
    voices : sequence of str
        Voices of ``Espeak.speak``.

    Returns
    -------
    numpy.ndarray
        (samples,), of the power 1.
    """
    mixture = np.zeros(samples)
    for voice in voices:
        speech = espeak.speak(BABBLE, voice, random.randint(140, 200))
        speech = np.roll(np.resize(speech, samples), random.randint(samples))
        mixture += random.uniform(0.3, 1) * speech / speech.std()
    return mixture / mixture.std()


# Those without voices: made of a number of samples and random numbers.
BACKGROUNDS: dict[str, Callable[[int, RandomState], NDArray[np.float64]]] = {
    "white_noise": partial(coloured_noise, slope=0),
    "pink_noise": partial(coloured_noise, slope=1),
    "brown_noise": partial(coloured_noise, slope=2),
    "mains_hum": _hum,
    "clicks": _clicks,
}
