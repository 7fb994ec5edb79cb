"""The dual-scale quantiser: values, gradients, its modes, its start."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from speechbrain_bifsmn.nnet.activations import DualScaleActivation
from speechbrain_bifsmn.nnet.binarizer import (
    GRADIENTS,
    LearningPropagationBinarizer,
    sign,
)


def scales_of(quantiser):
    """s1 and, with two planes, s2."""
    scales = quantiser.scale.abs() + 1e-12
    if quantiser.scales == "tied" and quantiser.planes == 2:
        return scales[0], scales[0] / 2
    return scales


def composed(quantiser, x):
    """The same equations, written with two binarizers and autograd."""
    s1, s2 = scales_of(quantiser)
    theta1, theta2 = quantiser.threshold1, quantiser.threshold2

    class Scaled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, codes, scale):
            ctx.save_for_backward(codes, scale)
            return codes * scale

        @staticmethod
        def backward(ctx, grad):
            codes, scale = ctx.saved_tensors
            return grad * scale, (grad * codes).sum()

    first = Scaled.apply(quantiser.binarizer1(x - theta1), s1)
    residual = x - first - theta2
    return first + Scaled.apply(quantiser.binarizer2(residual), s2)


def make(channels=6, **options):
    quantiser = DualScaleActivation(channels, channel_axis=-1, **options)
    quantiser.threshold1.data.uniform_(-0.5, 0.5)
    if options.get("planes", 2) == 2:
        quantiser.threshold2.data.uniform_(-0.2, 0.2)
    return quantiser


@pytest.mark.parametrize("gradient", GRADIENTS)
def test_fused_equals_composed_in_values_and_gradients(gradient):
    quantiser = make(gradient=gradient).eval()
    if gradient == "learned":
        quantiser.binarizer1.alpha.data.fill_(0.7)
        quantiser.binarizer2.alpha.data.fill_(1.3)
    inputs = [torch.randn(50, 6, dtype=torch.float64) for _ in range(2)]
    quantiser.double()
    gradients = []
    for run in (quantiser, lambda x: composed(quantiser, x)):
        quantiser.zero_grad()
        x = inputs[0].clone().requires_grad_()
        y = run(x)
        (y * inputs[1]).sum().backward()
        found = [
            p.grad.clone() for p in quantiser.parameters() if p.requires_grad
        ]
        gradients.append([y.detach(), x.grad, *found])
    for fused, plain in zip(*gradients, strict=True):
        torch.testing.assert_close(fused, plain, rtol=1e-9, atol=1e-9)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([1, 2]))
def test_at_most_four_values_and_all_are_sums_of_the_scales(seed, planes):
    torch.manual_seed(seed)
    quantiser = make(planes=planes)
    y = quantiser(torch.randn(40, 6) * 3)
    values = y.detach().unique()
    assert len(values) <= 2**planes
    s = [float(scale) for scale in scales_of(quantiser)]
    sums = {a * s[0] for a in (1, -1)}
    if planes == 2:
        sums = {v + b * s[1] for v in sums for b in (1, -1)}
    distance = (values[:, None] - torch.tensor(sorted(sums))).abs().amin(1)
    assert (distance < 1e-5).all()


def test_at_a_threshold_the_code_is_positive():
    quantiser = make(1, planes=1).eval()
    theta = quantiser.threshold1.detach()
    assert quantiser(theta[None]).item() > 0
    below = torch.nextafter(theta, torch.tensor(-9.0))
    assert quantiser(below[None]).item() < 0


@pytest.mark.parametrize("scales", ["tied", "learned"])
def test_the_start_follows_the_first_training_batch_only(scales):
    """Widths, too: that of the second sign is of what the first one leaves."""
    quantiser = make(scales=scales)
    quantiser.eval()(torch.randn(100, 6) * 5)
    assert not quantiser.started
    quantiser.train()
    x = torch.randn(1000, 6) * 5
    quantiser(x)
    mean = (x - quantiser.threshold1).abs().mean()
    torch.testing.assert_close(quantiser.scale[0].detach(), mean.detach())
    torch.testing.assert_close(
        quantiser.binarizer1.alpha.detach(), 0.5 / mean.detach()
    )
    rest = x - mean * sign(x - quantiser.threshold1) - quantiser.threshold2
    torch.testing.assert_close(
        quantiser.binarizer2.alpha.detach(), 0.5 / rest.abs().mean().detach()
    )
    before = quantiser.scale.clone()
    quantiser(torch.randn(100, 6))
    assert torch.equal(before, quantiser.scale)


@pytest.mark.parametrize("gradient", ["straight", "quadratic"])
def test_fixed_widths_stay_one(gradient):
    quantiser = make(gradient=gradient)
    (quantiser(torch.randn(100, 6) * 5)).sum().backward()
    for binarizer in (quantiser.binarizer1, quantiser.binarizer2):
        assert binarizer.alpha == 1 and not binarizer.alpha.requires_grad
    assert quantiser.started and quantiser.scale[0] > 1


def test_an_all_zero_first_batch_gives_finite_widths():
    quantiser = DualScaleActivation(3)
    quantiser(torch.zeros(2, 3))
    assert all(torch.isfinite(p).all() for p in quantiser.parameters())


def test_statistic_scales_move_in_training_and_freeze_in_eval():
    quantiser = make(scales="statistic")
    assert "scale" not in dict(quantiser.named_parameters())
    quantiser(torch.randn(100, 6))
    first = quantiser.scale.clone()
    quantiser(torch.randn(100, 6) * 4)
    second = quantiser.scale.clone()
    assert (second > first).all()
    quantiser.eval()(torch.randn(100, 6) * 9)
    assert torch.equal(second, quantiser.scale)


def test_statistic_scales_keep_their_gradients_right_after_an_update():
    """The values saved for the backward pass are not overwritten."""
    quantiser = make(scales="statistic")
    x = torch.randn(20, 6, requires_grad=True)
    (quantiser(x) + quantiser(2 * x)).sum().backward()
    assert torch.isfinite(x.grad).all()


def test_frame_scales_belong_to_the_frame():
    quantiser = make(scales="frame").eval()
    x = torch.randn(2, 5, 6)
    other = x.clone()
    other[:, 3] *= 10
    y, changed = quantiser(x), quantiser(other)
    assert torch.equal(y[:, :3], changed[:, :3])
    assert not torch.allclose(y[:, 3], changed[:, 3])


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_channel_axis(axis):
    shape = [4, 5, 7]
    quantiser = DualScaleActivation(shape[axis], channel_axis=axis)
    assert quantiser(torch.randn(shape)).shape == torch.Size(shape)


@pytest.mark.parametrize("planes", [1, 2])
@pytest.mark.parametrize("scales", ["tied", "learned", "statistic", "frame"])
def test_every_parameter_gets_a_gradient(scales, planes):
    quantiser = make(scales=scales, planes=planes)
    (quantiser(torch.randn(200, 6)) * torch.randn(200, 6)).sum().backward()
    for name, parameter in quantiser.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name


def test_released_mode_is_the_published_formula():
    quantiser = DualScaleActivation(
        6, channel_axis=1, scale_layout="as_released"
    )
    x = torch.randn(3, 6, 9)
    lpb = LearningPropagationBinarizer()
    theta1, theta2 = (
        t[:, None] for t in (quantiser.threshold1, quantiser.threshold2)
    )
    first = lpb(x - theta1)
    residual = x - first - theta2
    second = lpb(residual) * residual.abs().mean(-1, keepdim=True)
    expected = first + second - quantiser.shift[:, None]
    torch.testing.assert_close(quantiser(x), expected)


def test_half_precision_inputs():
    quantiser = make()
    x = torch.randn(8, 6, dtype=torch.bfloat16, requires_grad=True)
    quantiser(x).sum().backward()
    assert x.grad.dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale_layout": "coarse"}, "scale_layout: expected one of"),
        ({"scales": "channel"}, "scales: expected one of"),
        ({"planes": 3}, "planes: expected one of 1, 2, got 3"),
        (
            {"scale_layout": "as_released", "planes": 1},
            "the released scale layout",
        ),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        DualScaleActivation(4, **options)


def test_wrong_number_of_channels():
    with pytest.raises(ValueError, match="expected 4 channels on axis 1"):
        DualScaleActivation(4)(torch.randn(2, 5, 3))
