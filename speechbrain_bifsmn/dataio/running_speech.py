"""Sentences in synthetic voices, one after another: audio without keywords."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from speechbrain_bifsmn.dataio.backgrounds import coloured_noise
from speechbrain_bifsmn.dataio.espeak import SAMPLE_RATE, Espeak
from speechbrain_bifsmn.dataio.kokoro import Kokoro
from speechbrain_bifsmn.dataio.speakers import Speaker, stable_random

MAX_SENTENCE_S = 15


def running_speech(
    voices: Espeak | Kokoro,
    speaker: Speaker,
    sentences: Sequence[str],
    seconds: int,
    seed: int = 1234,
) -> NDArray[np.float64]:
    """Speaks sentences in a drawn order, with pauses and a little noise.

    Arguments
    ---------
    voices : Espeak | Kokoro
        What speaks.
    speaker : Speaker
        The voice.
    sentences : sequence of str
        What it says.
    seconds : int
        Length of the audio.
    seed : int
        The same arguments give the same samples.

    Returns
    -------
    numpy.ndarray
        (16000 seconds,) at 16 kHz, from -1 to 1, but for peaks of the noise.
    """
    random = stable_random(seed, "running speech", speaker.name)
    parts: list[NDArray] = []
    length, wanted = 0, seconds * SAMPLE_RATE
    while length < wanted:
        wav = voices.say(
            sentences[random.randint(len(sentences))],
            speaker.voice,
            MAX_SENTENCE_S * SAMPLE_RATE,
            round(speaker.rate),
            round(speaker.pitch),
            round(speaker.pitch_range),
        )
        pause = np.zeros(random.randint(SAMPLE_RATE), np.float32)
        parts += [wav, pause]
        length += len(wav) + len(pause)
    audio = np.concatenate(parts)[:wanted].astype(float)
    audio *= 10 ** (random.uniform(-20, -2) / 20) / np.abs(audio).max()
    noise = coloured_noise(wanted, random, random.uniform(0, 2))
    return audio + noise * 10 ** (random.uniform(-60, -40) / 20)
