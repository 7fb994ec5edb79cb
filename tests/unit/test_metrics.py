"""Counting of decisions, and the interval of an accuracy."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from speechbrain_bifsmn.evaluation.metrics import (
    ClassificationStats,
    wilson_interval,
)


@given(st.integers(1, 5000), st.data())
def test_wilson_is_that_of_the_formula(total, data):
    correct = data.draw(st.sampled_from([0, total]) | st.integers(0, total))
    share, z = correct / total, 1.96
    middle = share + z * z / (2 * total)
    half = z * np.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    bounds = 100 * np.array([middle - half, middle + half])
    expected = (bounds / (1 + z * z / total)).clip(0, 100)
    found = wilson_interval(correct, total)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("correct", "total"), [(0, 0), (3, 2), (-1, 5)])
def test_impossible_counts(correct, total):
    with pytest.raises(ValueError, match="expected 0 <= correct <= total"):
        wilson_interval(correct, total)


def test_batches_add_up():
    logits, targets = torch.randn(50, 4), torch.randint(0, 4, (50,))
    stats = ClassificationStats("abcd")
    for start in range(0, 50, 7):
        stats.append(logits[start : start + 7], targets[start : start + 7])
    right = (logits.argmax(1) == targets).sum().item()
    assert stats.total == 50 and stats.correct == right
    assert stats.accuracy == pytest.approx(2 * right)
    assert np.array_equal(stats.confusion.sum(1), targets.bincount(minlength=4))
    assert stats.interval[0] < stats.accuracy < stats.interval[1]


@pytest.mark.parametrize(
    ("logits", "target", "message"),
    [
        (torch.zeros(1, 3), 0, "logits: expected .batch, 2."),
        (torch.tensor([[0.0, np.nan]]), 0, "logits: expected finite"),
        (torch.zeros(1, 2), 2, "targets: expected indices below 2"),
    ],
)
def test_bad_batches(logits, target, message):
    with pytest.raises(ValueError, match=message):
        ClassificationStats("ab").append(logits, torch.tensor([target]))


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        (81, 263, 25.53, 36.62),
        (15, 148, 6.24, 16.05),
        (0, 20, 0.00, 16.11),
        (1, 29, 0.61, 17.18),
    ],
)
def test_wilson_meets_published_values(correct, total, low, high):
    found = wilson_interval(correct, total)
    assert found == pytest.approx((low, high), abs=0.006)


counts = st.integers(1, 10**6).flatmap(
    lambda total: st.tuples(st.integers(0, total), st.just(total))
)


@given(counts, st.integers(2, 100))
def test_wilson_holds_the_share_is_symmetric_and_narrows(pair, factor):
    correct, total = pair
    low, high = wilson_interval(correct, total)
    share = 100 * correct / total
    assert 0 <= low <= share + 1e-9 and share - 1e-9 <= high <= 100
    mirrored = wilson_interval(total - correct, total)
    assert mirrored == pytest.approx((100 - high, 100 - low), abs=1e-9)
    more = wilson_interval(correct * factor, total * factor)
    assert more[1] - more[0] < high - low


def test_confusion_is_true_by_predicted():
    stats = ClassificationStats(["yes", "no", "up"])
    stats.append(torch.eye(3)[[0, 1, 1, 2]], torch.tensor([0, 1, 0, 1]))
    assert stats.confusion.tolist() == [[1, 1, 0], [0, 1, 1], [0, 0, 0]]
    assert stats.per_class() == {"yes": 50.0, "no": 50.0}


def test_no_clips():
    stats = ClassificationStats("ab")
    assert stats.total == 0 and stats.per_class() == {}
    with pytest.raises(ValueError, match="accuracy: expected at least one"):
        _ = stats.accuracy
    with pytest.raises(ValueError, match="got 0 of 0; evaluate on"):
        _ = stats.interval


def test_one_target_for_many_logits():
    stats = ClassificationStats("ab")
    with pytest.raises(ValueError, match=r"targets: expected \(2,\), got"):
        stats.append(torch.zeros(2, 2), torch.tensor([0]))
    assert stats.total == 0
