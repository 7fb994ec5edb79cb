"""A corpus of tones, and the recipe in a process of its own."""

import json
import subprocess
from pathlib import Path

import numpy as np
import soundfile
from warm_python import WarmPython

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "recipes" / "SpeechCommands" / "BiFSMNv2"
WORDS = "yes no up down left right on off stop go cat".split()
CLIPS = {"train": 12, "validation": 3, "testing": 3}
SHORT = ["--teacher_epochs=2", "--student_epochs=2", "--batch_size=24"]


def make_tones(folder, words=WORDS, clips=CLIPS):
    """Writes a corpus in Speech Commands' layout, one tone for each word."""
    random = np.random.default_rng(0)
    time = np.arange(16000) / 16000
    lists = {split: [] for split in clips}
    for index, word in enumerate(words):
        (folder / word).mkdir(parents=True)
        number = 0
        for split, count in clips.items():
            for _ in range(count):
                pitch = 200 * 1.4 ** (index % 12) * random.uniform(0.97, 1.03)
                wav = 0.3 * np.sin(2 * np.pi * pitch * time)
                wav += 0.01 * random.standard_normal(16000)
                name = f"{word}/{split}{number}_nohash_0.wav"
                soundfile.write(folder / name, wav, 16000)
                lists[split].append(name)
                number += 1
    for split in ("validation", "testing"):
        text = "\n".join(lists[split]) + "\n"
        (folder / f"{split}_list.txt").write_text(text)
    noise = folder / "_background_noise_"
    noise.mkdir()
    for name in ("hiss", "roar"):
        wav = 0.05 * random.standard_normal(20 * 16000)
        soundfile.write(noise / f"{name}.wav", wav, 16000)


def results(folder):
    """What a run has written of its results."""
    return json.loads((folder / "results.json").read_text())


_python = WarmPython()


def run_recipe(*arguments, launcher=(), script="train.py", timeout=300):
    """Runs the recipe in a process of its own."""
    command = [str(script), *map(str, arguments), "--device=cpu"]
    if not launcher:
        return _python.run(command, RECIPE, timeout)
    return subprocess.run(
        [*launcher, *command],
        cwd=RECIPE,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
