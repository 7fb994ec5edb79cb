"""The sign rule, and the gradients of the learning-propagation binarizer."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from speechbrain_bifsmn.nnet.binarizer import (
    LearningPropagationBinarizer,
    below,
    sign,
)

floats = st.floats(-1e6, 1e6, width=32)
lists = st.lists(floats, min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (0.0, 1),
        (-0.0, 1),
        (math.ulp(0.0), 1),
        (1e-45, 1),
        (-1e-45, -1),
        (-1e-38, -1),
        (math.inf, 1),
        (-math.inf, -1),
    ],
)
def test_sign_at_its_borders(number, code):
    x = torch.tensor([number], dtype=torch.float32)
    assert sign(x).item() == code
    assert below(x).item() == (code < 0)


@given(lists)
def test_sign_is_one_minus_twice_the_bit(numbers):
    x = torch.tensor(numbers)
    assert torch.equal(sign(x), 1 - 2 * below(x))
    assert set(sign(x).tolist()) <= {-1.0, 1.0}


@given(lists, st.floats(1e-3, 1e3))
def test_sign_ignores_a_positive_factor(numbers, factor):
    x = torch.tensor(numbers, dtype=torch.float64)
    assert torch.equal(sign(x), sign(factor * x))


def test_sign_leaves_its_input_alone():
    x = torch.randn(10)
    before = x.clone()
    sign(x)
    assert torch.equal(x, before)


@given(lists, st.floats(-50, 50, width=32))
def test_alpha_never_changes_the_codes(numbers, alpha):
    """Whatever an optimiser makes of alpha, even a negative number."""
    binarizer = LearningPropagationBinarizer()
    binarizer.alpha.data.fill_(alpha)
    x = torch.tensor(numbers)
    assert torch.equal(binarizer(x), sign(x))


@given(lists, st.floats(0.0625, 16, width=32))
def test_gradients_are_those_of_the_box(numbers, alpha):
    binarizer = LearningPropagationBinarizer(alpha)
    x = torch.tensor(numbers, requires_grad=True)
    upstream = torch.randn(len(numbers))
    (binarizer(x) * upstream).sum().backward()
    effective = binarizer.alpha.detach() + 1e-12
    inside = (effective * x.detach()).abs() < 1
    assert torch.allclose(x.grad, effective * upstream * inside)
    expected = (x.detach() * upstream * inside).sum()
    assert torch.allclose(binarizer.alpha.grad, expected, rtol=1e-4, atol=1e-5)


def test_no_gradient_at_the_edge_of_the_box():
    x = torch.tensor([-1.0, 1.0, 0.999], requires_grad=True)
    LearningPropagationBinarizer()(x).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 1.0]


@given(lists)
def test_the_quadratic_gradient_is_that_of_its_polynomial(numbers):
    """``x (2 - |x|)`` from -1 to 1, and -1 and 1 beyond."""
    x = torch.tensor(numbers, dtype=torch.float64, requires_grad=True)
    bounded = x.clamp(-1, 1)
    (bounded * (2 - bounded.abs())).sum().backward()
    expected, x.grad = x.grad, None
    binarizer = LearningPropagationBinarizer(gradient="quadratic").double()
    codes = binarizer(x)
    codes.sum().backward()
    assert torch.equal(codes, sign(x))
    torch.testing.assert_close(x.grad, expected)


def test_unknown_gradients_are_refused():
    with pytest.raises(ValueError, match="gradient: expected one of learned"):
        LearningPropagationBinarizer(gradient="cubic")


def test_scale_multiplies_the_codes_and_takes_no_gradient():
    x = torch.tensor([-0.5, 0.5], requires_grad=True)
    scale = torch.tensor(3.0, requires_grad=True)
    y = LearningPropagationBinarizer()(x, scale=scale)
    assert y.tolist() == [-3.0, 3.0]
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]
    assert scale.grad is None


@pytest.mark.parametrize("alpha", [0, -1.0])
def test_alpha_must_start_positive(alpha):
    with pytest.raises(ValueError, match="alpha: expected a number above 0"):
        LearningPropagationBinarizer(alpha)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (2, 3, 4, 5)])
def test_any_shape(shape):
    x = torch.randn(shape, requires_grad=True)
    y = LearningPropagationBinarizer()(x)
    y.sum().backward()
    assert y.shape == x.grad.shape == torch.Size(shape)
