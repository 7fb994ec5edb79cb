import pytest
import torch

from speechbrain_bifsmn.nnet.fixed_point import UNIT
from speechbrain_bifsmn.nnet.positive_norm import PositiveGainBatchNorm
from speechbrain_bifsmn.nnet.rounded_layers import (
    MAX_L1,
    RoundedConv2d,
    RoundedLinear,
)
from speechbrain_bifsmn.nnet.tied_linear import TiedLinear


@pytest.mark.parametrize("spread", [0.0, 0.1, 1.0, 100.0])
def test_sums_of_the_first_convolution_fit_16_bits(spread):
    torch.manual_seed(0)
    conv = RoundedConv2d(-2.5, 3.0, 1, 64, 5, stride=2, padding=2)
    with torch.no_grad():
        conv.weight[:, 0, 0, 0] += spread  # one weight above all others
        conv.weight[0] = 0
    codes, scale = conv.codes()
    assert (codes.flatten(1).abs().sum(1) <= MAX_L1).all()
    assert codes.abs().max() <= 127
    assert torch.equal(codes, codes.round())
    error = codes * scale.view(-1, 1, 1, 1) - conv.weight
    assert (error.abs().flatten(1).amax(1) <= 0.501 * scale).all()


def test_a_rounded_convolution_pads_with_what_means_zero():
    conv = RoundedConv2d(-2.5, 3.0, 1, 8, 5, stride=2, padding=2)
    conv.rounded = True
    x = torch.zeros(1, 1, 8, 8)
    inside = conv(x)
    assert torch.allclose(
        inside, conv.bias.view(1, -1, 1, 1).expand(1, 8, 4, 4)
    )


@pytest.mark.parametrize("layer", ["conv", "linear", "tied"])
def test_rounding_is_close_and_learns(layer):
    torch.manual_seed(0)
    if layer == "conv":
        module = RoundedConv2d(-2.5, 3.0, 1, 8, 5, stride=2, padding=2)
        x = torch.randn(4, 1, 16, 16).clamp(-2.4, 2.9)
    else:
        module = RoundedLinear(256, 12, tied=8 if layer == "tied" else 1)
        x = (torch.randn(4, 256) / UNIT).round() * UNIT
    module.eval()
    exact = module(x)
    module.rounded = True
    found = module(x)
    # Four bits leave a fifth of a weight's deviation, seven a hundredth.
    assert (found - exact).norm() < 0.25 * (exact - exact.mean()).norm()
    found.square().sum().backward()
    assert module.weight.grad.abs().min() > 0


def test_the_classifier_follows_its_inputs_in_training_alone():
    layer = RoundedLinear(64, 4)
    for _ in range(500):
        layer(torch.full((8, 64), 16.0))
    assert 200 < layer.mean_square < 257
    assert layer.shift() == 7  # 4 x 16 units of 1/128 are 64 x 2^7
    before = layer.mean_square.clone()
    layer.eval()(torch.zeros(8, 64))
    layer.train().rounded = True
    layer(torch.zeros(8, 64))
    assert torch.equal(layer.mean_square, before)


def test_tied_weights_are_repeated_and_no_other_number_of_inputs_is_taken():
    layer = RoundedLinear(64, 4, tied=8)
    codes, _, unit = layer.codes()
    assert codes.shape == (4, 64)
    assert torch.equal(codes[:, ::8], codes[:, 7::8])
    step = 2.0 ** layer.shift() * UNIT
    found = codes * unit / step
    assert torch.allclose(found.float(), layer.untied(), atol=0.05)
    with pytest.raises(ValueError, match="a multiple of tied, 8, got 60"):
        TiedLinear(60, 4, tied=8)


def test_gains_of_a_norm_are_positive():
    norm = PositiveGainBatchNorm(4)
    torch.nn.init.constant_(norm.weight, -2)
    x = torch.randn(64, 4)
    expected = torch.nn.BatchNorm1d(4)(x)
    assert torch.allclose(norm(x), 2 * expected, atol=1e-5)
