"""The speakers of synthetic clips: voices with a rate and a pitch.

Those of training, validation and test clips have different voices.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import RandomState

from speechbrain_bifsmn.dataio.espeak_data import ACCENTS
from speechbrain_bifsmn.dataio.kokoro_voices import voices_of

# Variants with nearly the same formants (aunty, f4) share a split. Whispers,
# robots and monsters are left out.
VARIANTS = {
    "train": (
        "Alex Alicia Andrea Andy Denis Diogo Gene Gene2 Henrique Hugo Lee "
        "Mario Michael Nguyen adam antonio benjamin boris david ed edward "
        "edward2 f1 f3 f5 grandma grandpa gustave iven4 john klatt klatt2 "
        "klatt3 klatt4 klatt5 klatt6 m1 m3 m5 m7 marcelo max pablo pedro "
        "quincy sandro steph steph2 steph3 travis"
    ).split(),
    "validation": "Annie Marco f2 ian m2 m4 victor".split(),
    "test": (
        "Mike aunty belinda f4 linda m6 m8 michel miguel paul rob robert shelby"
    ).split(),
}
NATURAL = "natural"  # begins the names of natural voices
SPEAKERS = {"train": 250, "validation": 42, "test": 65}


class Speaker(NamedTuple):
    """The voice of a clip, with the arguments of ``say``."""

    name: str
    voice: str
    rate: float
    pitch: float
    pitch_range: float


def stable_random(*key: int | str) -> RandomState:
    """Returns random numbers that depend on ``key`` alone.

    Example
    -------
    >>> stable_random(1234, "yes", 0).randint(100)
    40
    """
    digest = hashlib.sha256(json.dumps(key).encode()).digest()
    # Of NumPy's generators, the one whose stream is never to change.
    return RandomState(np.frombuffer(digest, "<u4"))


def speakers(
    split: str, seed: int, accents: Sequence[str] = ACCENTS
) -> list[Speaker]:
    """Returns the speakers of "train", "validation" or "test".

    Example
    -------
    >>> speakers("test", seed=1234)[0].voice
    'en-029+Mike'
    """
    variants, people = VARIANTS[split], []
    for index in range(SPEAKERS[split]):
        random = stable_random(seed, split, index)
        accent = accents[random.randint(len(accents))]
        voice = f"{accent}+{variants[index % len(variants)]}"
        rate, pitch = random.uniform(135, 195), random.uniform(38, 62)
        name, pitch_range = random.bytes(4).hex(), random.uniform(30, 70)
        people.append(Speaker(name, voice, rate, pitch, pitch_range))
    return people


def is_natural(speaker: Speaker) -> bool:
    """Whether a speaker has a natural voice."""
    return speaker.voice.startswith(f"{NATURAL}+")


def natural_speakers(split: str, seed: int) -> list[Speaker]:
    """Returns natural speakers of "train", "validation" or "test".

    Each is a mixture of two of ``voices_of(split)``.

    Example
    -------
    >>> natural_speakers("test", seed=1234)[0].voice
    'natural+jm_kumo+if_sara'
    """
    voices, people = voices_of(split), []
    for index in range(SPEAKERS[split]):
        random = stable_random(seed, NATURAL, split, index)
        rate, pitch = random.uniform(125, 210), random.uniform(43, 57)
        name, pitch_range = random.bytes(4).hex(), random.uniform(20, 80)
        voice = "+".join([NATURAL, *random.choice(voices, 2, replace=False)])
        people.append(Speaker(name, voice, rate, pitch, pitch_range))
    return people
