"""Python, bifsmn-run and the C example find the same keywords in a file.

(The page for browsers is compared to bifsmn-run in arm_kernel/wasm/tests.)
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from bifsmn_engine.format import model_file
from bifsmn_engine.loading import window_posteriors
from speechbrain_bifsmn.deploy.writer import write_model

RATE = 16000
LABELS = ["silence", "unknown"]  # the rest are keywords

pytestmark = pytest.mark.slow


def sounds(seed, seconds):
    """16-bit tones that come and go in noise; the middle is quiet."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    audio = 0.01 * random.standard_normal(len(time))
    for _ in range(12):
        start, frequency = random.uniform(0, seconds), random.uniform(100, 6000)
        near = np.exp(-(((time - start) / random.uniform(0.05, 0.4)) ** 2))
        audio += 0.2 * near * np.sin(2 * np.pi * frequency * time)
    audio[np.abs(time / seconds - 0.5) < 0.25] *= 1e-4
    return (audio * 32767).astype("<i2")


@pytest.fixture(params=[1, 3], ids=["smoothing 1", "smoothing 3"])
def files(request, engine, default, tmp_path):
    """A model and wav files; most windows of which are near its threshold."""
    clips = [sounds(seed, 1.01 + 6 * seed) for seed in range(4)]
    paths = [tmp_path / f"{seed}.wav" for seed in range(4)]
    for path, clip in zip(paths, clips, strict=True):
        wavfile.write(path, RATE, clip)
    content = model_file.read(default.path)
    plain = engine.Model.load(default.path)
    rows = np.concatenate([window_posteriors(plain, c) for c in clips])
    best = np.sort(rows[:, len(LABELS) :].max(1))
    # A threshold that half of the windows reach, and none by a hair.
    middle = best[len(best) // 2 - 1 :][:2].astype(np.float64).mean()
    model = tmp_path / "model.bifsmn"
    write_model(
        content._replace(
            labels=LABELS + content.labels[len(LABELS) :],
            thresholds=[middle] * len(content.labels),
            config=content.config._replace(smoothing=request.param),
        ),
        model,
    )
    return model, paths


def run(*command):
    command = [str(word) for word in command]
    return subprocess.run(
        command, check=True, capture_output=True, text=True
    ).stdout.splitlines()


def from_json(*command):
    found = map(json.loads, run(*command))
    return [(d["label"], d["score"], d["start"], d["end"]) for d in found]


def from_python(model, path, *options):
    spot = [Path(sys.executable).parent / "bifsmn", "spot", path]
    return from_json(*spot, "--model", model, "--format", "json", *options)


def from_example(build, model, path, *gate):
    program = build / "examples" / "detect"
    found = []
    for line in run(program, model, path, *gate):
        times, label, score = line.split("  ")
        start, end = map(float, times.removesuffix(" s").split("-"))
        found.append((label, float(score), start, end))
    return found


def test_detections(build, files):
    model, paths = files
    total = 0
    for path in paths:
        expected = from_python(model, path)
        tool = build / "tools" / "bifsmn-run"
        assert from_json(tool, model, path, "--json") == expected
        assert from_example(build, model, path) == expected
        total += len(expected)
    assert total > 3


def test_gated_detections(build, files):
    """Windows below -30 dB are silence, to Python and to the engine."""
    model, paths = files
    total = changed = 0
    for path in paths[1:]:
        expected = from_python(model, path, "--gate", "-30")
        assert from_example(build, model, path, "-30") == expected
        total += len(expected)
        changed += expected != from_python(model, path)
    assert total and changed
