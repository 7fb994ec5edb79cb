"""Counting of decisions, and the interval of an accuracy."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from speechbrain_bifsmn.utils.metrics import (
    ClassificationStats,
    wilson_interval,
)


@given(st.integers(1, 5000), st.data())
def test_wilson_is_that_of_scipy(total, data):
    correct = data.draw(st.integers(0, total))
    low, high = wilson_interval(correct, total, z=1.959963984540054)
    test = binomtest(correct, total).proportion_ci(0.95, "wilson")
    assert low == pytest.approx(100 * test.low, abs=1e-6)
    assert high == pytest.approx(100 * test.high, abs=1e-6)


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
