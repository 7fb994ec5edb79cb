"""Distortions of speech: noise, RIRs, gain, shifts, speed and codecs.

Every distortion maps a clip [samples] at 16 kHz to one of the same length. What
it draws, it draws from the random generator that it is given.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

from speechbrain_bifsmn.dataio.backgrounds import at_snr
from speechbrain_bifsmn.dataio.corpus import SAMPLE_RATE
from speechbrain_bifsmn.dataio.rooms import impulse_response

SEED = 4321  # not that of training, whose RIRs would be the same
FULL_SCALE = 32768

Audio: TypeAlias = NDArray[np.floating]
Distortion: TypeAlias = Callable[[Audio, np.random.RandomState], Audio]


class Condition(NamedTuple):
    """A distortion and its strength, which may be a number or words."""

    name: str
    level: float | str
    unit: str
    function: Distortion

    def __call__(self, audio: Audio, key: str) -> NDArray[np.float32]:
        """Distorts a clip.

        Arguments
        ---------
        audio : numpy.ndarray
            [samples], at 16 kHz.
        key : str
            Name of the clip: with the name of the condition it seeds the
            random generator, so that all levels draw the same.

        Returns
        -------
        numpy.ndarray
            [samples].
        """
        text = f"{SEED}\n{self.name}\n{key}"
        random = np.random.RandomState(zlib.crc32(text.encode()))
        return self.function(audio, random).astype(np.float32)


def conditions(noise: Sequence[Audio]) -> list[Condition]:
    """Lists the conditions of the robustness tables.

    Arguments
    ---------
    noise : sequence of numpy.ndarray
        Background recordings [samples], each longer than a clip; without them
        there are no conditions with noise.

    Returns
    -------
    list of Condition
        Starts with the clips as they are.
    """
    scales: list[tuple[str, Callable, str, tuple[int, ...]]] = [
        ("speed", change_speed, "%", (80, 90, 110, 120)),
        ("gain", change_gain, "dB", (-40, -30, -20, -10, 5, 10)),
        ("shift", shift, "ms", (-200, -150, -100, 100, 150, 200)),
    ]
    if noise:
        mix = partial(add_noise, recordings=noise)
        scales.insert(0, ("noise", mix, "dB SNR", (20, 10, 5, 0, -5)))
    if "OPUS" in soundfile.available_subtypes("OGG"):
        scales.append(("Opus", opus, "kbit/s", (16, 6)))
    return [
        Condition("clean", "", "", lambda audio, random: audio),
        *(
            Condition(name, level, unit, partial(function, level=level))
            for name, function, unit, levels in scales
            for level in levels
        ),
        Condition("reverberation", "rooms at random", "", reverberate),
        Condition("low-pass", 4, "kHz", low_pass),
        Condition("telephone", "mu-law at 8 kHz", "", telephone),
    ]


def add_noise(
    audio: Audio,
    random: np.random.RandomState,
    level: float,
    recordings: Sequence[Audio],
) -> Audio:
    """Mixes a stretch of a background recording at an SNR in dB.

    The SNR is the ratio of the powers of the whole clip and of the stretch.
    """
    recording = recordings[random.randint(len(recordings))]
    start = random.randint(len(recording) - len(audio) + 1)
    return audio + at_snr(recording[start : start + len(audio)], audio, level)


def reverberate(audio: Audio, random: np.random.RandomState) -> Audio:
    """Convolves a clip with a synthetic RIR, at the same power."""
    wet = fftconvolve(audio, impulse_response(random))[: len(audio)]
    power = np.maximum(np.mean(np.square(wet)), 1e-12)
    return wet * np.sqrt(np.mean(np.square(audio)) / power)


def change_speed(
    audio: Audio, random: np.random.RandomState, level: int
) -> Audio:
    """Plays a clip at ``level`` percent of its speed, about its middle."""
    played = resample_poly(audio, 100, level)
    missing = max(0, len(audio) - len(played))
    played = np.pad(played, (missing // 2, missing - missing // 2))
    return played[(len(played) - len(audio)) // 2 :][: len(audio)]


def change_gain(
    audio: Audio, random: np.random.RandomState, level: float
) -> Audio:
    """Amplifies by ``level`` dB, and rounds to 16 bits, which clips peaks."""
    scaled = np.rint(audio * 10 ** (level / 20) * FULL_SCALE)
    return scaled.clip(-FULL_SCALE, FULL_SCALE - 1) / FULL_SCALE


def shift(audio: Audio, random: np.random.RandomState, level: int) -> Audio:
    """Moves a clip by ``level`` milliseconds, later or (below 0) earlier."""
    samples = abs(level) * SAMPLE_RATE // 1000
    if level >= 0:
        return np.pad(audio, (samples, 0))[: len(audio)]
    return np.pad(audio, (0, samples))[-len(audio) :]


def low_pass(audio: Audio, random: np.random.RandomState) -> Audio:
    """Keeps the band of a recording at 8 kHz: up to 4 kHz."""
    return resample_poly(resample_poly(audio, 1, 2), 2, 1)[: len(audio)]


def telephone(audio: Audio, random: np.random.RandomState) -> Audio:
    """Passes 300 to 3,400 Hz, then codes in 8-bit mu-law at 8 kHz."""
    band = butter(4, (300, 3400), "bandpass", fs=SAMPLE_RATE, output="sos")
    narrow = resample_poly(sosfilt(band, audio), 1, 2).clip(-1, 1)
    coded = _through(narrow, SAMPLE_RATE // 2, format="WAV", subtype="ULAW")
    return resample_poly(coded, 2, 1)[: len(audio)]


def opus(audio: Audio, random: np.random.RandomState, level: int) -> Audio:
    """Encodes and decodes with Opus at about ``level`` kbit/s."""
    return _through(
        audio,
        SAMPLE_RATE,
        format="OGG",
        subtype="OPUS",
        # libsndfile has 256 kbit/s at 0, and 6 at 1.
        compression_level=(256 - level) / 250,
    )


def _through(audio, rate, **coding):
    """Writes audio to a file in memory, and reads it back."""
    file = io.BytesIO()
    soundfile.write(file, audio, rate, **coding)
    file.seek(0)
    return soundfile.read(file)[0]
