import pytest
import torch

from speechbrain_bifsmn.nnet.fixed_point import UNIT
from speechbrain_bifsmn.nnet.positive_norm import PositiveGainBatchNorm
from speechbrain_bifsmn.nnet.quantizable_layers import (
    CLASSIFIER_CODES,
    MAX_L1,
    QuantizableConv2d,
    QuantizableLinear,
)
from speechbrain_bifsmn.nnet.tied_linear import TiedLinear


@pytest.mark.parametrize("spread", [0.0, 0.1, 1.0, 100.0])
def test_sums_of_the_first_convolution_fit_16_bits(spread):
    torch.manual_seed(0)
    conv = QuantizableConv2d(-2.5, 3.0, 1, 64, 5, stride=2, padding=2)
    with torch.no_grad():
        conv.weight[:, 0, 0, 0] += spread  # one weight above all others
        conv.weight[0] = 0
    codes, scale = conv.codes()
    assert (codes.flatten(1).abs().sum(1) <= MAX_L1).all()
    assert codes.abs().max() <= 127
    assert torch.equal(codes, codes.round())
    error = codes * scale.view(-1, 1, 1, 1) - conv.weight
    assert (error.abs().flatten(1).amax(1) <= 0.501 * scale).all()


def test_the_classifier_follows_its_inputs_in_training_alone():
    layer = QuantizableLinear(64, 4)
    for _ in range(500):
        layer(torch.full((8, 64), 16.0))
    assert 200 < layer.mean_square < 257
    assert layer.shift() == 7  # 4 x 16 units of 1/128 are 64 x 2^7
    before = layer.mean_square.clone()
    layer.eval()(torch.zeros(8, 64))
    assert torch.equal(layer.mean_square, before)


@pytest.mark.parametrize("tied", [1, 8])
def test_codes_of_the_classifier_are_close_to_its_weights(tied):
    layer = QuantizableLinear(64, 4, tied=tied)
    codes, _, unit = layer.codes()
    assert codes.shape == layer.weight.shape
    found = tied * codes * unit / (2.0 ** layer.shift() * UNIT)
    step = tied * unit / (2.0 ** layer.shift() * UNIT)
    error = (found - layer.weight).abs()
    assert (error[codes.abs() < CLASSIFIER_CODES] <= 0.501 * step).all()


def test_no_other_number_of_inputs_can_be_tied():
    with pytest.raises(ValueError, match="a multiple of tied, 8, got 60"):
        TiedLinear(60, 4, tied=8)


def test_gains_of_a_norm_are_positive():
    norm = PositiveGainBatchNorm(4)
    torch.nn.init.constant_(norm.weight, -2)
    x = torch.randn(64, 4)
    expected = torch.nn.BatchNorm1d(4)(x)
    assert torch.allclose(norm(x), 2 * expected, atol=1e-5)
