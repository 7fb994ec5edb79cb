"""Synthetic background noises."""

from functools import partial

import numpy as np

from speechbrain_bifsmn.dataio.espeak import SAMPLE_RATE

BABBLE = (
    "The weather in the mountains may change within an hour. She bought "
    "apples, bread and a little cheese. Most children would rather play."
)


def coloured_noise(samples, random, slope):
    """Noise whose power falls as ``1 / frequency ** slope``; of power 1."""
    spectrum = np.fft.rfft(random.standard_normal(samples))
    spectrum /= np.arange(1, len(spectrum) + 1) ** (slope / 2)
    spectrum[: 20 * samples // SAMPLE_RATE + 1] = 0  # nobody hears it
    noise = np.fft.irfft(spectrum, samples)
    return noise / noise.std()


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


def babble(samples, random, espeak, voices):
    """All voices at once, none of which says a keyword; of power 1."""
    mixture = np.zeros(samples)
    for voice in voices:
        speech = espeak.speak(BABBLE, voice, random.randint(140, 200))
        speech = np.roll(np.resize(speech, samples), random.randint(samples))
        mixture += random.uniform(0.3, 1) * speech / speech.std()
    return mixture / mixture.std()


# What needs no voice: called with a number of samples and random numbers.
BACKGROUNDS = {
    "white_noise": partial(coloured_noise, slope=0),
    "pink_noise": partial(coloured_noise, slope=1),
    "brown_noise": partial(coloured_noise, slope=2),
    "mains_hum": _hum,
    "clicks": _clicks,
}
