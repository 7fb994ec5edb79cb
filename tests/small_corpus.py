"""A corpus in Speech Commands' layout, small enough to make in a moment."""

import numpy as np
import soundfile

from speechbrain_bifsmn.dataio.words import task_labels

LABELS = task_labels(12)
WORDS = (*LABELS[:10], "bed")


def write_corpus(folder, words=WORDS):
    """One clip of each word in each split, and background noise."""
    random = np.random.default_rng(0)
    lists = {"validation": [], "testing": []}
    for word in words:
        (folder / word).mkdir(parents=True)
        for number, split in enumerate(("training", *lists)):
            name = f"{word}/speaker{number}_nohash_0.wav"
            wav = 0.1 * random.standard_normal(15000)
            soundfile.write(folder / name, wav, 16000)
            lists.get(split, []).append(name)
    for split, names in lists.items():
        (folder / f"{split}_list.txt").write_text("\n".join(names))
    noise = folder / "_background_noise_"
    noise.mkdir()
    wav = 0.05 * random.standard_normal(11 * 16000)
    soundfile.write(noise / "hiss.wav", wav, 16000)
    return folder
