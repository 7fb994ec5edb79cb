"""A small model, clips of its keywords, and other audio: made-up noise."""

import numpy as np
import soundfile
from random_networks import SMALL, front_end, random_network

from speechbrain_bifsmn.deploy.folding import fold
from speechbrain_bifsmn.deploy.writer import write_model

LABELS = ["yes", "no", "unknown", "up"]
KEYWORDS = ["yes", "no", "up"]
RATE = 16000
MANY = 3000  # false alarms per hour: the network knows nothing


def record(path, seconds, rate, seed):
    """Noise whose colour and level change, so that decisions do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    parts = []
    for _ in range(round(4 * seconds)):
        noise = random.standard_normal(rate // 4)
        width = random.integers(1, 12)
        noise = np.convolve(noise, np.ones(width) / width, "same")
        parts.append(10 ** random.uniform(-3, -1) * noise)
    soundfile.write(path, np.concatenate(parts), rate)


def write_all(folder):
    """Writes model and audio into a folder; returns it."""
    # Without pooling random clips differ more.
    net = random_network(len(LABELS), seed=3, pooling=False, **SMALL)
    model = fold(net, LABELS, front_end(net))
    write_model(model, folder / "model.bifsmn")
    for index, word in enumerate((*KEYWORDS, "bed")):
        for speaker in range(8):
            seed = 100 * index + speaker
            path = folder / "clips" / word / f"{speaker}_nohash_0.wav"
            record(path, 1, RATE, seed)
    record(folder / "radio.flac", 40, 22050, 7)
    for name in range(4):
        record(folder / f"street/{name}.wav", 6, RATE, 20 + name)
    return folder


def arguments(place):
    """Returns what ``tune`` takes of that folder."""
    negatives = [place / "radio.flac", place / "street"]
    return place / "model.bifsmn", place / "clips", negatives
