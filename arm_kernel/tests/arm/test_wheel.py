"""The engine's wheel on 64-bit ARM where there is numpy, and nothing else.

test_wheel.py MODEL.bifsmn    writes a model there, which may be kept
"""

import importlib.util
import os
import sys

import numpy as np

import bifsmn_engine


def load(path, isa):
    """Loads a model for an instruction set."""
    os.environ["BIFSMN_ISA"] = isa
    model = bifsmn_engine.Model.load(path)
    assert model.isa == isa, (model.isa, isa)
    return model


def clips(count, samples=16000):
    """Tones of falling pitch in noise, louder and louder."""
    rng, t = np.random.default_rng(1), np.arange(samples) / samples
    for k in range(count):
        tone = np.sin(2 * np.pi * (200 + 150 * k) * t * (2 - t))
        noise = rng.normal(0, 0.1, samples)
        yield np.float32((tone + noise) * 0.5 ** (count - k))


def test_torch_is_not_needed():
    """Nothing here could have come from torch."""
    assert importlib.util.find_spec("torch") is None
    assert importlib.util.find_spec("speechbrain") is None


def test_neon_is_the_best_here():
    """Without a wish, NEON runs."""
    isas = bifsmn_engine.available_isas()
    assert isas == ["neon", "portable", "reference"], isas
    os.environ.pop("BIFSMN_ISA", None)


def test_isas_agree(files):
    """Clips are classified by the same bits, whatever the instruction set."""
    labels, audio = set(), list(clips(6))
    for path in files:
        models = [load(path, isa) for isa in bifsmn_engine.available_isas()]
        for thinning in models[0].thinnings:
            answers = []
            for model in models:
                model.thinning = thinning
                answers.append([model.classify(clip) for clip in audio])
            assert np.array_equal(answers[0], answers[1]), (path, thinning)
            assert np.array_equal(answers[0], answers[2]), (path, thinning)
            assert np.allclose(np.sum(answers, 2), 1, atol=1e-5)
            labels |= {models[0].labels[p.argmax()] for p in answers[0]}
    assert len(labels) > 2, labels


def test_stream_is_offline(path):
    """A stream says of every window what the window says by itself."""
    model, window = load(path, "neon"), 16000
    audio = np.concatenate(list(clips(2)))
    offline = [
        model.classify(audio[start : start + window])
        for start in range(0, len(audio) - window + 1, model.hop)
    ]
    with model.stream() as stream:
        streamed = [
            posteriors
            for chunk in np.split(audio, [1, 1000, 17000, 17001, 30000])
            for posteriors in stream.push(chunk)
        ]
    assert len(streamed) == len(offline) > 10
    assert np.allclose(streamed, offline, atol=1e-4)


def main():
    """Runs every test."""
    files = sys.argv[1:]
    test_torch_is_not_needed()
    test_neon_is_the_best_here()
    test_isas_agree(files)
    test_stream_is_offline(files[0])
    assert "torch" not in sys.modules
    print(f"{bifsmn_engine.__file__}: NEON, with numpy alone")


if __name__ == "__main__":
    main()
