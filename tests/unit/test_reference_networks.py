"""Networks of the literature: the papers' counts, shapes, errors."""

import pytest
import torch
from speechbrain.nnet.pooling import StatisticsPooling
from torch import nn

from speechbrain_bifsmn.evaluation.complexity import count
from speechbrain_bifsmn.lobes.models.bcresnet import (
    BCResBlock,
    BCResNet,
    SubSpectralNorm,
    TimeConv2d,
)
from speechbrain_bifsmn.lobes.models.dscnn import DSCNN
from speechbrain_bifsmn.lobes.models.xvector import XVector

DSCNN_SIZES = {
    "S": {"channels": 64},
    "M": {"channels": 172, "strides": [[2, 1], [2, 2]]},
    "L": {"channels": 276, "strides": [[2, 1], [2, 2]], "blocks": 5},
}
NETWORKS = [BCResNet, DSCNN, XVector]


@pytest.fixture(autouse=True)
def no_noise(monkeypatch):
    """SpeechBrain's pooling adds some, 1e-5, in evaluation too."""

    def zeros(_, shape, device="cpu"):
        return torch.zeros(shape, device=device)

    monkeypatch.setattr(StatisticsPooling, "_get_gauss_noise", zeros)


def decibels(batch=2, frames=32, mels=32):
    return torch.randn(batch, frames, mels) * 20 - 30


def outputs_of(net, example, *kinds):
    """The inputs' and the outputs' sizes of all layers of some kinds."""
    sizes, hooks = [], []
    for module in net.modules():
        if isinstance(module, kinds):
            hooks.append(
                module.register_forward_hook(
                    lambda _, given, y: sizes.append(
                        (given[0].numel(), y.numel())
                    )
                )
            )
    net(example)
    for hook in hooks:
        hook.remove()
    return sizes


@pytest.mark.parametrize(
    ("scale", "thousands", "millions"),
    [
        (1, 9.2, 3.1),
        (1.5, 17.2, 5.5),
        (2, 27.3, 8.5),
        (3, 54.2, 16.2),
        (6, 188, 53.1),
        (8, 321, 89.1),
    ],
)
def test_bc_resnet_costs_what_table_3_says(scale, thousands, millions):
    """12 classes, 40 bands, 98 frames, as of whole windows of 30 ms.

    The paper's multiplications are the MACs, two for each output of a batch
    normalisation, and one for each of a ReLU or of the average over time.
    """
    net = BCResNet(12, n_mels=40, frames=98, scale=scale).eval()
    example = torch.zeros(1, 98, 40)
    parameters = sum(p.numel() for p in net.parameters())
    digits = 1 if thousands < 100 else 0
    assert round(parameters / 1e3, digits) == thousands
    norms = outputs_of(net, example, nn.BatchNorm2d)
    others = outputs_of(net, example, nn.ReLU, BCResBlock)
    head = outputs_of(net, example, type(net.head))[-1:]
    total = (
        count(net, example)[0].macs
        + 2 * sum(size for _, size in norms)
        + sum(size for _, size in others + head)
    )
    assert round(total / 1e6, 1) == millions


@pytest.mark.parametrize(
    ("size", "kilobytes", "millions"),
    [("S", 38.6, 5.4), ("M", 189.2, 19.8), ("L", 497.6, 56.9)],
)
def test_ds_cnn_costs_what_the_paper_says(size, kilobytes, millions):
    """12 classes, 10 bands, 49 frames, as in the paper's summary of its best.

    Its memory is a byte for each weight, batch normalisation folded into
    biases, and for input and output of the largest layer; its operations are
    two for each MAC and one for each bias.
    """
    net = DSCNN(12, n_mels=10, frames=49, **DSCNN_SIZES[size]).eval()
    example = torch.zeros(1, 49, 10)
    [cost] = count(net, example)
    layers = outputs_of(net, example, nn.Conv2d)
    memory = cost.stored_bytes // 4 + max(sum(layer) for layer in layers)
    assert round(memory / 1e3, 1) == kilobytes
    operations = 2 * cost.macs + sum(size for _, size in layers)
    assert round(operations / 1e6, 1) == millions


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(
    ("frames", "mels"), [(32, 32), (101, 40), (49, 10), (8, 8), (33, 21)]
)
def test_sizes_are_arguments(network, frames, mels):
    net = network(classes=5, n_mels=mels, frames=frames).eval()
    assert net(decibels(3, frames, mels)).shape == (3, 5)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_thinning_gives_logits_and_no_blocks(network):
    net, x = network(classes=5).eval(), decibels()
    [output] = net(x, thinnings=[1])
    assert torch.equal(output.logits, net(x))
    assert output.hidden == []
    assert net.thinnings == (1,) and net.thinning == 1


@pytest.mark.parametrize("network", NETWORKS)
def test_thinnings_that_do_not_exist(network):
    net = network(classes=5)
    message = r"thinning: expected one of \[1\], got 2"
    with pytest.raises(ValueError, match=message):
        net.thinning = 2
    with pytest.raises(ValueError, match=message):
        net(decibels(), thinnings=[1, 2])


@pytest.mark.parametrize("network", NETWORKS)
def test_short_inputs_and_lengths_are_filled_with_silence(network):
    net, x = network(classes=5).eval(), decibels()
    silenced = x.clone()
    silenced[:, 16:] = -100
    assert torch.equal(net(x[:, :16]), net(silenced))
    assert torch.equal(net(x, torch.tensor([0.5, 0.5])), net(silenced))


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("shape", [(2, 32), (2, 32, 40), (2, 33, 32)])
def test_inputs_of_another_shape(network, shape):
    with pytest.raises(ValueError, match="features: expected"):
        network(classes=5)(torch.zeros(shape))


@pytest.mark.parametrize("network", NETWORKS)
def test_the_input_is_relative_to_its_loudest_band_or_to_full_scale(network):
    x = decibels()
    net = network(classes=5).eval()
    torch.testing.assert_close(net(x), net(x - 30))
    net = network(classes=5, input_reference="absolute").eval()
    assert not torch.allclose(net(x), net(x - 30))
    assert torch.equal(net(3 * x), net((3 * x).clamp(-95, 70)))


@pytest.mark.parametrize("network", NETWORKS)
def test_every_parameter_learns(network):
    net = network(classes=5)
    [output] = net(decibels(8), thinnings=[1])
    output.logits.square().sum().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.any(), name


@pytest.mark.parametrize("network", NETWORKS)
def test_evaluation_repeats_itself_and_treats_clips_by_themselves(network):
    net = network(classes=5)
    net(decibels(8))  # moves the running statistics
    net.eval()
    x = decibels(4)
    assert torch.equal(net(x), net(x))
    torch.testing.assert_close(net(x)[:1], net(x[:1]))


def test_dropout_is_of_training_alone():
    x = decibels()
    torch.manual_seed(0)
    net = BCResNet(classes=5, dropout=0.5)
    assert not torch.equal(net(x), net(x))
    without = BCResNet(classes=5, dropout=0.0)
    assert torch.equal(without(x), without(x))


@pytest.mark.parametrize(
    ("mels", "expected"),
    [(40, 5), (80, 5), (32, 4), (64, 4), (24, 3), (16, 2), (20, 1), (8, 1)],
)
def test_sub_bands_divide_the_bands_of_all_stages(mels, expected):
    net = BCResNet(classes=5, n_mels=mels)
    found = {
        module.sub_bands
        for module in net.modules()
        if isinstance(module, SubSpectralNorm)
    }
    assert found == {expected}


def test_each_sub_band_has_statistics_of_its_own():
    norm = SubSpectralNorm(channels=3, sub_bands=2)
    level = torch.arange(1.0, 7.0).view(3, 2)[:, :, None]  # one for each band
    x = torch.randn(64, 3, 8, 16) + level.expand(3, 2, 4).reshape(3, 8, 1)
    y = norm(x).view(64, 3, 2, 4, 16)
    zeros = torch.zeros(3, 2)
    torch.testing.assert_close(y.mean((0, 3, 4)), zeros, atol=1e-5, rtol=0)
    whole = nn.BatchNorm2d(3)(x).view(64, 3, 2, 4, 16).mean((0, 3, 4))
    assert (whole.abs() > 0.1).all()


@pytest.mark.parametrize("frames", [8, 32, 101])
@pytest.mark.parametrize("step", [1, 2, 4, 8])
def test_a_step_between_taps_is_torchs_dilation(step, frames):
    conv, x = TimeConv2d(6, step), torch.randn(2, 6, 1, frames)
    weight = conv.weight.transpose(2, 3)
    expected = nn.functional.conv2d(
        x, weight, padding=(0, step), dilation=(1, step), groups=6
    )
    torch.testing.assert_close(conv(x), expected)


@pytest.mark.parametrize("first", [True, False])
def test_a_block_is_what_its_equation_says(first):
    options = {"inputs": 4, "stride": 2} if first else {}
    block = BCResBlock(6, sub_bands=2, dilation=3, **options).eval()
    x = torch.randn(2, 4 if first else 6, 8, 10)
    inside = block.transition(x) if first else x
    y = block.over_frequency(inside)
    expected = y + block.over_time(y.mean(2, keepdim=True))
    expected = expected if first else expected + x
    torch.testing.assert_close(block(x), expected.relu())


@pytest.mark.parametrize(
    ("network", "sizes", "message"),
    [
        (BCResNet, {"n_mels": 7}, "n_mels: expected at least 8, got 7"),
        (DSCNN, {"frames": 0}, "frames: expected at least 8, got 0"),
        (BCResNet, {"scale": 0.1}, "scale: expected at least 1/8, got 0.1"),
        (
            BCResNet,
            {"sub_bands": 5},
            r"sub_bands: expected a divisor of the bands of each stage, "
            r"\[16, 8, 4, 4\], got 5",
        ),
        (BCResNet, {"sub_bands": 0}, "sub_bands: expected a divisor"),
        (DSCNN, {"strides": []}, "strides: expected 1 to 5 pairs"),
        (DSCNN, {"strides": [[1, 1]] * 6}, "strides: expected 1 to 5 pairs"),
    ],
)
def test_sizes_that_do_not_fit(network, sizes, message):
    with pytest.raises(ValueError, match=message):
        network(classes=5, **sizes)
