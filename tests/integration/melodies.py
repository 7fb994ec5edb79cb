"""Made-up words that are learned in seconds: each is a melody of its own."""

import numpy as np
import torch

RATE = 16000
NOTES = {
    "rise": (500, 900, 1600),
    "fall": (1600, 900, 500),
    "hold": (900, 900, 900),
    "jump": (500, 2500, 500),
}
WORDS = list(NOTES)


def say(word, take):
    """Returns a second (16000,) in which a word is "said" somewhere.

    Takes differ in pitch, loudness, place and noise.
    """
    random = np.random.default_rng([WORDS.index(word), take])
    pitch = np.array(NOTES[word]) * random.uniform(0.9, 1.1)
    steps = np.repeat(pitch, 2400) * (2 * np.pi / RATE)
    wav = 0.01 * random.standard_normal(RATE)
    start = random.integers(RATE - len(steps))
    loudness = random.uniform(0.1, 0.5)
    wav[start : start + len(steps)] += loudness * np.sin(np.cumsum(steps))
    return torch.from_numpy(wav.astype(np.float32))


def clips(words, takes):
    """Returns what a ``DynamicItemDataset`` takes, {id: {word, take}}."""
    return {
        f"{word}-{take}": {"word": word, "take": take}
        for take in takes
        for word in words
    }
