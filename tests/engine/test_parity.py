"""The engine computes what the network in torch does, on every path."""

import numpy as np
import pytest
import torch
from networks import NETWORKS

# Design: features within so many dB, streams within so much of clips.
DECIBELS, POSTERIOR = 1e-3, 1e-4


@pytest.fixture(params=NETWORKS)
def exported(request, export):
    return export(request.param)


@pytest.fixture
def model(engine, exported, instruction_set, monkeypatch):
    monkeypatch.setenv("BIFSMN_ISA", instruction_set)
    model = engine.Model.load(exported.path)
    assert model.isa == instruction_set
    return model


def bits(array):
    return np.asarray(array, np.float32).view(np.uint32)


def test_logits_are_the_same_bits(model, exported):
    features = exported.features.numpy()
    for thinning in model.thinnings:
        model.thinning = thinning
        expected = exported.logits[thinning].numpy()
        np.testing.assert_array_equal(
            bits(model.logits(features)), bits(expected)
        )


def test_logits_depend_on_features_and_thinning(exported):
    seen = {
        str(row) for at in exported.logits.values() for row in at[:6].tolist()
    }
    assert len(seen) == 6 * len(exported.logits)


def clips(model):
    """Noise; a tone in noise; the fewest there is; nothing; half a window."""
    n = model.window_samples
    noise = np.random.default_rng(0).standard_normal(n) * 0.1
    # By itself, its far bands would be nothing but rounding.
    tone = np.sin(2 * np.pi * 440 * np.arange(n) / model.sample_rate)
    fewest = np.sign(noise) / 32768
    return [noise, tone + noise / 10, fewest, noise * 0, noise[: n // 2 + 1]]


def test_features_are_those_of_training(model, exported):
    for clip in clips(model):
        filled = np.zeros((1, model.window_samples))
        filled[0, : len(clip)] = clip
        expected = exported.front_end(torch.tensor(filled))[0].numpy()
        features = model.features(clip)
        np.testing.assert_allclose(features, expected, rtol=0, atol=DECIBELS)


def test_posteriors_are_the_softmax_of_the_logits(model):
    for thinning in model.thinnings:
        model.thinning = thinning
        for clip in clips(model):
            logits = model.logits(model.features(clip)).astype(float)
            expected = np.exp(logits - logits.max())
            posteriors = model.classify(clip)
            np.testing.assert_allclose(
                posteriors, expected / expected.sum(), rtol=1e-5, atol=1e-7
            )


@pytest.mark.parametrize("exported", ["default", "odd"], indirect=True)
@pytest.mark.parametrize("chunk", [37, 512, 1000, 16000, 50_000])
def test_a_stream_is_its_windows(model, chunk):
    window, hop = model.window_samples, model.hop
    n = window + 3 * hop + 9
    audio = np.random.default_rng(1).standard_normal(n) * np.linspace(0, 0.2, n)
    model.thinning = 2
    starts = range(0, n - window + 1, hop)
    expected = [model.classify(audio[s : s + window]) for s in starts]
    stream = model.stream()
    pushed = [stream.push(audio[s : s + chunk]) for s in range(0, n, chunk)]
    streamed = np.concatenate(pushed)
    assert streamed.shape == (4, model.classes)
    assert len(np.unique(streamed[:, 0])) == 4
    np.testing.assert_allclose(streamed, expected, rtol=0, atol=POSTERIOR)
