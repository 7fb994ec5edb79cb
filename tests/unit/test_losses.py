"""Distillation, the thinnable objective and the schedule."""

import pytest
import pywt
import torch

from speechbrain_bifsmn.nnet.haar import haar_bands
from speechbrain_bifsmn.nnet.losses import (
    FrequencyIndependentDistillation,
    ThinnableObjective,
)
from speechbrain_bifsmn.nnet.network_output import NetworkOutput
from speechbrain_bifsmn.nnet.schedulers import WarmupCosine


@pytest.mark.parametrize("shape", [(2, 8, 16), (1, 7, 5), (3, 1, 1)])
def test_bands_are_those_of_a_wavelet_library(shape):
    x = torch.randn(shape, dtype=torch.float64)
    high, low = haar_bands(x)
    torch.testing.assert_close(high + low, x)
    approximation, details = pywt.dwt2(x.numpy(), "haar", "zero", (1, 2))
    expected = pywt.idwt2((approximation, (None,) * 3), "haar", axes=(1, 2))
    expected = torch.from_numpy(expected)[:, : shape[1], : shape[2]]
    torch.testing.assert_close(low, expected)


def test_a_constant_map_has_no_high_part():
    high, low = haar_bands(torch.full((1, 4, 4), 3.0))
    assert not high.any() and (low == 3).all()


def test_distance_is_zero_for_equal_and_positive_for_different():
    distance = FrequencyIndependentDistillation()
    x, y = torch.randn(2, 2, 8, 16)
    assert distance([x], [x]) == 0
    assert distance([x], [y]) > 0


def test_distance_ignores_a_factor():
    """Both sides are divided by their norm."""
    distance = FrequencyIndependentDistillation()
    x, y = torch.randn(2, 2, 8, 16)
    torch.testing.assert_close(distance([3 * x], [y]), distance([x], [0.1 * y]))


@pytest.mark.parametrize("band", ["high", "low"])
def test_each_band_teaches_the_student(band):
    distance = FrequencyIndependentDistillation(bands=[band])
    student = torch.randn(2, 8, 16, requires_grad=True)
    teacher = torch.randn(2, 8, 16, requires_grad=True)
    distance([student], [teacher]).backward()
    assert student.grad.any()
    assert teacher.grad is None


def test_the_released_high_part_teaches_nothing():
    student = torch.randn(2, 8, 16, requires_grad=True)
    distance = FrequencyIndependentDistillation(["high"], released=True)
    distance([student], [torch.randn(2, 8, 16)]).backward()
    assert not student.grad.any()


@pytest.mark.parametrize("bands", [["high"], ["low"], ["high", "low"]])
@pytest.mark.parametrize("shape", [(2, 4, 6), (1, 3, 5)])
def test_the_gradient_is_that_of_the_value(bands, shape):
    distance = FrequencyIndependentDistillation(bands)
    teacher = torch.randn(shape, dtype=torch.float64)
    student = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda x: distance([x], [teacher]), (student,)
    )


def test_all_zero_maps_stay_finite():
    student = torch.zeros(1, 4, 4, requires_grad=True)
    loss = FrequencyIndependentDistillation()([student], [torch.zeros(1, 4, 4)])
    loss.backward()
    assert loss == 0 and torch.isfinite(student.grad).all()


@pytest.mark.parametrize("bands", [[], ["middle"], ["high", "middle"]])
def test_unknown_bands(bands):
    with pytest.raises(ValueError, match="bands: expected some of"):
        FrequencyIndependentDistillation(bands)


def test_blocks_come_in_pairs():
    with pytest.raises(ValueError):
        FrequencyIndependentDistillation()([torch.zeros(1, 2, 2)], [])


def outputs(thinnings=3, layers=8):
    return [
        NetworkOutput(
            torch.randn(4, 5, requires_grad=True),
            [
                torch.randn(4, 8, 16, requires_grad=True)
                for _ in range(layers >> k)
            ],
        )
        for k in range(thinnings)
    ]


def test_the_objective_is_its_formula():
    student, teacher = outputs(), outputs(1)[0]
    labels = torch.tensor([0, 1, 2, 3])
    distillation = FrequencyIndependentDistillation()
    total, parts = ThinnableObjective(distillation)(student, labels, teacher)
    expected = 0
    for thinning, output in zip((1, 2, 4), student, strict=True):
        blocks = [b for b in range(8) if (b + 1) % thinning == 0]
        fid = distillation(output.hidden, [teacher.hidden[b] for b in blocks])
        mse = (output.logits - teacher.logits).square().mean()
        entropy = torch.nn.functional.cross_entropy(output.logits, labels)
        expected += 1 / thinning * (entropy + 0.01 * (fid + mse))
    torch.testing.assert_close(total, expected)
    assert len(parts) == 3


def test_without_gamma_no_teacher_is_asked():
    student, labels = outputs(1), torch.tensor([0, 1, 2, 3])
    total, parts = ThinnableObjective(gamma=0)(student, labels)
    torch.testing.assert_close(total, parts[0].cross_entropy)


@pytest.mark.parametrize("weights", [{}, {"gamma": 0, "beta": 1}])
def test_a_missing_teacher_is_an_error(weights):
    with pytest.raises(ValueError, match="teacher: expected its output"):
        ThinnableObjective(**weights)(outputs(1), torch.tensor([0, 1, 2, 3]))


def test_soft_targets_are_the_divergence_of_softened_posteriors():
    student, teacher = outputs(), outputs(1)[0]
    labels = torch.tensor([0, 1, 2, 3])
    objective = ThinnableObjective(gamma=0, beta=0.5, temperature=3.0)
    total, parts = objective(student, labels, teacher)
    expected = 0
    for thinning, output in zip((1, 2, 4), student, strict=True):
        p = (teacher.logits / 3).softmax(1)
        q = (output.logits / 3).softmax(1)
        divergence = 9 * (p * (p.log() - q.log())).sum(1).mean()
        entropy = torch.nn.functional.cross_entropy(output.logits, labels)
        expected += 1 / thinning * (entropy + 0.5 * divergence)
    torch.testing.assert_close(total, expected)
    assert all(part.soft_targets > 0 for part in parts)
    _, (same,) = objective([teacher], labels, teacher)
    assert same.soft_targets.item() == pytest.approx(0, abs=1e-6)


def test_schedule():
    schedule = WarmupCosine(peak=2.0, warmup=0.1)
    rates = [schedule(step, 1000) for step in range(1001)]
    assert max(rates) == pytest.approx(2.0) and rates[1000] == pytest.approx(0)
    rising = rates[:100]
    assert rising == sorted(rising) and rates[0] > 0
    assert rates[100:] == sorted(rates[100:], reverse=True)
    assert schedule(5000, 1000) == pytest.approx(0)
    assert WarmupCosine(1.0)(0, 10) == 1.0
