"""Binary layers: one bit per weight, borders, gradients, conversion."""

import pytest
import torch
from torch import nn

from speechbrain_bifsmn.nnet.binarize import binarize
from speechbrain_bifsmn.nnet.binary_layers import (
    BinaryConv1d,
    BinaryConv2d,
    BinaryLinear,
)
from speechbrain_bifsmn.nnet.separable import DepthwiseConv1d

LAYERS = {
    "linear": (lambda **o: BinaryLinear(6, 4, **o), (3, 5, 6)),
    "pointwise": (lambda **o: BinaryConv1d(6, 4, 1, **o), (3, 6, 9)),
    "conv1d": (lambda **o: BinaryConv1d(6, 4, 3, padding=1, **o), (3, 6, 9)),
    "strided": (lambda **o: BinaryConv1d(6, 4, 3, 2, 1, **o), (3, 6, 9)),
    "strided pointwise": (lambda **o: BinaryConv1d(6, 4, 1, 2, **o), (3, 6, 9)),
    "dilated": (lambda **o: BinaryConv1d(6, 4, 3, dilation=2, **o), (3, 6, 9)),
    "grouped": (lambda **o: BinaryConv1d(6, 4, 3, groups=2, **o), (3, 6, 9)),
    "depthwise": (lambda **o: BinaryConv1d(6, 6, 5, groups=6, **o), (3, 6, 9)),
    "conv2d": (lambda **o: BinaryConv2d(6, 4, 5, 2, 2, **o), (3, 6, 8, 8)),
    "oblong": (lambda **o: BinaryConv2d(6, 4, (1, 3), **o), (3, 6, 8, 8)),
}


def plain(layer, x):
    """The layer by torch's own functions, padded before binarization."""
    if isinstance(layer, nn.Linear):
        y = layer.activation(x)
        return nn.functional.linear(y, layer.binary_weight(), layer.bias)
    padding = [p for size in reversed(layer.padding) for p in (size, size)]
    y = layer.activation(nn.functional.pad(x, padding))
    conv = {1: nn.functional.conv1d, 2: nn.functional.conv2d}
    run = conv[len(layer.kernel_size)]
    shape = (layer.stride, 0, layer.dilation, layer.groups)
    return run(y, layer.binary_weight(), layer.bias, *shape)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("planes", [1, 2])
def test_a_layer_equals_its_plain_form(name, planes):
    make, shape = LAYERS[name]
    layer, x = make(planes=planes).eval(), torch.randn(shape)
    torch.testing.assert_close(layer(x), plain(layer, x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", LAYERS)
def test_two_values_per_output_channel(name):
    layer = LAYERS[name][0]()
    for row, real in zip(layer.binary_weight(), layer.weight, strict=True):
        scale = real.abs().mean().item()
        assert row.abs().unique().numel() == 1
        assert row.abs().max().item() == pytest.approx(scale)
        assert torch.equal(row < 0, real < 0)


@pytest.mark.parametrize("name", LAYERS)
def test_every_parameter_learns(name):
    make, shape = LAYERS[name]
    layer = make()
    y = layer(torch.randn(shape, requires_grad=True))
    (y * torch.randn_like(y)).sum().backward()
    for parameter_name, parameter in layer.named_parameters():
        grad = parameter.grad
        assert grad is not None and torch.isfinite(grad).all(), parameter_name


def test_weight_of_zeros_is_positive():
    layer = BinaryLinear(3, 2)
    layer.weight.data = torch.tensor([[0.0, -0.0, 1.0], [-3.0, 0.0, 0.0]])
    third = pytest.approx(1 / 3)
    assert layer.binary_weight()[0].tolist() == [third, third, third]
    assert layer.binary_weight()[1].tolist() == [-1.0, 1.0, 1.0]


def test_released_pointwise_weights_are_not_one_bit():
    """Why the released scale layout cannot be deployed in one bit."""
    layer = BinaryConv1d(16, 8, 1, scale_layout="as_released")
    torch.testing.assert_close(layer.binary_weight(), layer.weight)


def test_frame_scales_need_one_tap():
    BinaryConv1d(4, 4, 1, scales="frame")
    BinaryConv2d(4, 4, 1, scales="frame")
    for layer, kernel in ((BinaryConv1d, 3), (BinaryConv2d, (1, 3))):
        with pytest.raises(ValueError, match="expected a layer of one tap"):
            layer(4, 4, kernel, scales="frame")


@pytest.mark.parametrize("layer", [BinaryConv1d, BinaryConv2d])
def test_frame_scales_equal_plain(layer):
    layer = layer(6, 4, 1, scales="frame").eval()
    x = torch.randn(3, 6, *[7] * len(layer.kernel_size))
    torch.testing.assert_close(layer(x), plain(layer, x), rtol=1e-5, atol=1e-5)


def test_binarize_lists_and_skips():
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 8, 3), nn.Flatten()
    )
    model.add_module("head", nn.Linear(8, 3))
    weight = model[2].weight
    changed = binarize(model, skip=["0", "he*"])
    assert changed == [("2", "BinaryConv2d", 4 * 8 * 9)]
    assert model[2].weight is weight
    assert type(model[0]) is nn.Conv2d and type(model.head) is nn.Linear


def test_binarize_keeps_a_shared_layer_shared():
    shared = nn.Linear(4, 4)
    model = nn.ModuleDict({"first": shared, "second": shared})
    changed = binarize(model)
    assert model["first"] is model["second"]
    assert [layer.name for layer in changed] == ["first"]


def test_binarize_reaches_into_speechbrain_wrappers():
    from speechbrain.nnet.CNN import Conv1d
    from speechbrain.nnet.linear import Linear

    model = nn.Sequential(
        Conv1d(8, 3, in_channels=4, padding="valid"), Linear(5, input_size=8)
    )
    x = torch.randn(2, 20, 4)  # SpeechBrain's (batch, time, channel)
    shape = model(x).shape
    assert len(binarize(model)) == 2
    assert model(x).shape == shape


def test_binarize_leaves_subclasses_alone():
    class Special(nn.Linear):
        pass

    model = nn.Sequential(Special(4, 4), nn.Linear(4, 4))
    assert [layer.name for layer in binarize(model)] == ["1"]


def test_binarize_keeps_training_mode_and_type():
    model = nn.Sequential(nn.Linear(4, 4)).eval().double()
    binarize(model)
    assert not model[0].training
    assert model(torch.randn(2, 4, dtype=torch.float64)).dtype == torch.float64


def test_binarize_gives_frame_scales_where_they_fit():
    model = nn.Sequential(nn.Conv1d(4, 4, 3), nn.Conv1d(4, 4, 1))
    binarize(model, scales="frame")
    assert [layer.activation.scales for layer in model] == ["learned", "frame"]


@pytest.mark.parametrize(
    ("model", "skip", "message"),
    [
        (nn.Sequential(nn.ReLU()), [], "got none that is not skipped"),
        (nn.Sequential(nn.Linear(2, 2)), ["0"], "got none that is not"),
        (nn.Sequential(nn.Linear(2, 2)), ["1"], "skip: expected the name"),
        (nn.Sequential(nn.Conv1d(2, 2, 3, padding="same")), [], "padding="),
        (
            nn.Sequential(
                nn.Conv1d(2, 2, 3, padding=1, padding_mode="circular")
            ),
            [],
            "padding_mode='circular'",
        ),
    ],
)
def test_binarize_refuses(model, skip, message):
    with pytest.raises(ValueError, match=message):
        binarize(model, skip=skip)


@pytest.mark.parametrize("frames", [5, 6, 13])
@pytest.mark.parametrize("bias", [True, False])
def test_depthwise_equals_torch(frames, bias):
    layer = DepthwiseConv1d(6, 5)
    if not bias:
        layer.bias = None
    x = torch.randn(3, 6, frames, requires_grad=True)
    twin = x.detach().clone().requires_grad_()
    y = layer(x)
    expected = nn.functional.conv1d(twin, layer.weight, layer.bias, groups=6)
    torch.testing.assert_close(y, expected)
    upstream = torch.randn_like(y)
    grads = []
    for output in (y, expected):
        layer.zero_grad()
        output.backward(upstream)
        grads.append([p.grad.clone() for p in layer.parameters()])
    torch.testing.assert_close(grads[0], grads[1], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(x.grad, twin.grad, rtol=1e-4, atol=1e-5)
