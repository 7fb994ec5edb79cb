"""The engine's features against training's, and both against exact ones."""

import numpy as np
import pytest
import torch

SAMPLES, RATE, N_FFT, HOP, MELS = 16000, 16000, 2048, 512, 32
FLOOR = 1e-10
TIME = np.arange(SAMPLES) / RATE


def noise(rng):
    return rng.standard_normal(SAMPLES) * 10 ** rng.uniform(-4, -0.5)


def chirp(rng):
    start, end = rng.uniform(50, 7800, 2)
    return 0.9 * np.sin(np.pi * (2 * start + (end - start) * TIME) * TIME)


def pcm_tone(rng):
    wave = 0.9 * np.sin(2 * np.pi * rng.uniform(50, 7800) * TIME)
    return np.rint(wave * 32767) / 32768


def voice(rng):
    """Harmonics of a gliding pitch that come and go, over a faint hiss."""
    pitch = rng.uniform(90, 250) * (TIME + 0.1 * np.sin(3 * TIME))
    partials = np.arange(1, 25)[:, None]
    wave = np.sin(2 * np.pi * partials * pitch) / partials**1.5
    hiss = rng.standard_normal(SAMPLES) * 3e-4
    return 0.3 * np.sin(np.pi * TIME) ** 2 * wave.sum(0) + hiss


SIGNALS = [noise, chirp, pcm_tone, voice]


@pytest.fixture
def model(engine, default):
    return engine.Model.load(default.path)


def mel_bands():
    """FORMAT.md's triangles, (MELS, N_FFT // 2 + 1)."""
    highest = 2595 * np.log10(1 + RATE / 2 / 700)
    corners = np.linspace(0, highest, MELS + 2)[:, None]
    corners = 700 * (10 ** (corners / 2595) - 1)
    left, middle, right = corners[:-2], corners[1:-1], corners[2:]
    f = np.arange(N_FFT // 2 + 1) * RATE / N_FFT
    up, down = (f - left) / (middle - left), (right - f) / (right - middle)
    return np.maximum(0, np.minimum(up, down))


def exact(clip):
    """The features in double precision, (frames, MELS)."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)
    padded = np.pad(clip.astype(np.float32), N_FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(
        padded.astype(np.float64), N_FFT
    )[::HOP]
    spectrum = np.fft.rfft(frames * window)
    power = np.abs(spectrum) ** 2 @ mel_bands().T / (window**2).sum()
    return 10 * np.log10(np.maximum(power, FLOOR))


@pytest.mark.parametrize("signal", SIGNALS)
def test_features_are_exact(model, signal):
    rng = np.random.default_rng(0)
    for _ in range(10):
        clip = signal(rng)
        expected = exact(clip)
        found = model.features(clip.astype(np.float32))
        below = expected.max() - expected
        error = np.abs(found - expected)
        assert error[below < 40].max() < 5e-5
        assert error[below < 60].max(initial=0) < 1e-3
        # Single precision: errors of so much of the loudest band.
        rest = 2e-3 * 10 ** ((below - 60) / 20)
        assert (error <= np.maximum(rest, 1e-3)).all()


@pytest.mark.parametrize("signal", [noise, voice])
def test_features_are_those_of_training(model, default, signal):
    rng = np.random.default_rng(1)
    for _ in range(10):
        clip = signal(rng).astype(np.float32)
        expected = default.front_end(torch.from_numpy(clip)[None])[0].numpy()
        np.testing.assert_allclose(
            model.features(clip), expected, rtol=0, atol=2e-3
        )


@pytest.mark.parametrize("signal", SIGNALS)
def test_features_are_as_exact_as_those_of_training(model, default, signal):
    """Training's triangles are rounded, too; so each is held to the truth."""
    rng = np.random.default_rng(2)
    ours, theirs = [], []
    for _ in range(10):
        clip = signal(rng).astype(np.float32)
        expected = exact(clip)
        within = expected.max() - expected < 60
        trained = default.front_end(torch.from_numpy(clip)[None])[0].numpy()
        ours.append(np.abs(model.features(clip) - expected)[within].max())
        theirs.append(np.abs(trained - expected)[within].max())
    assert max(ours) <= 2 * max(theirs)


def test_silence(model):
    for clip in (np.zeros(0), np.zeros(100), np.zeros(SAMPLES)):
        np.testing.assert_allclose(model.features(clip), -100, atol=1e-4)
