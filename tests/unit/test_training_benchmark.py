"""The baseline of the training benchmark computes what it claims."""

import subprocess
import sys

import numpy as np
import pytest
import pywt
import torch
from small_corpus import write_corpus

from benchmarks import ROOT
from benchmarks.harness import training_steps as steps
from benchmarks.harness.training_epochs import Epochs
from benchmarks.models.released_step import Clips, Wavelet


@pytest.mark.parametrize("name", ["haar", "db2"])
def test_the_wavelet_is_that_of_pywavelets(name):
    x = torch.randn(1, 1, 12, 8, dtype=torch.float64)
    low, high = Wavelet(name).double().analyse(x)
    expected_low, expected_high = pywt.dwt2(x[0, 0].numpy(), name, "zero")
    np.testing.assert_allclose(low[0, 0], expected_low, atol=1e-12)
    for ours, theirs in zip(high[0, 0], expected_high, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
    wavelet = Wavelet(name).double()
    np.testing.assert_allclose(wavelet.synthesise(low, high), x, atol=1e-12)
    np.testing.assert_allclose(wavelet.low(x) + wavelet.high(x), x, atol=1e-12)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(steps, "BATCH", 6)


def test_both_systems_have_equal_losses_and_gradients(small):
    losses = steps.check_equal_losses()
    assert losses["released"] == pytest.approx(losses["equal"], rel=1e-9)
    slopes = {}
    for system in ("released", "equal"):
        student, loss = steps.make_step(system, torch.float64)
        loss().backward()
        slopes[system] = student.classifier.weight.grad
    torch.testing.assert_close(slopes["released"], slopes["equal"])


def test_unequal_losses_end_the_benchmark(small, monkeypatch):
    monkeypatch.setattr(
        steps,
        "make_step",
        lambda system, _: (None, lambda: torch.tensor(float(len(system)))),
    )
    with pytest.raises(SystemExit, match="expected equal losses, found"):
        steps.check_equal_losses()


@pytest.mark.parametrize("system", steps.SYSTEMS)
def test_every_system_learns(system, small):
    student, loss = steps.make_step(system)
    update = torch.optim.SGD(student.parameters(), lr=0.01)
    first = loss().item()
    for _ in range(10):
        update.zero_grad()
        loss().backward()
        update.step()
    assert loss().item() < first


def test_augmented_clips_keep_their_length():
    torch.manual_seed(0)
    clips = Clips([], [torch.randn(20000)])
    for _ in range(50):
        assert clips.augment(torch.randn(16000)).shape == (16000,)


@pytest.mark.slow
def test_epochs_of_both_systems(tmp_path):
    data = write_corpus(tmp_path / "data")
    epochs = Epochs(str(data), 4, str(tmp_path / "output"))
    assert len(epochs.data) == 4
    before = epochs.brain.modules.model.classifier.weight.detach().clone()
    epochs.default(workers=0)
    assert not torch.equal(before, epochs.brain.modules.model.classifier.weight)
    epochs.released(workers=0)


def test_help():
    command = [sys.executable, "-m", "benchmarks.training", "--help"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "objective_ratio" in done.stdout
