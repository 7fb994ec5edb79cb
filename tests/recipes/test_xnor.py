"""The trained network is computed in one bit, with numpy's integers."""

import numpy as np
import pytest
import torch

from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
from speechbrain_bifsmn.nnet.binary_layers import BINARY_LAYERS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def network(trained):
    """The student that the recipe has trained."""
    net = BiDFSMN(classes=12)
    path = sorted(trained.glob("save/student/CKPT*/model.ckpt"))[-1]
    net.load_state_dict(torch.load(path, weights_only=True))
    return layer_by_layer(net)


def layer_by_layer(net):
    """In evaluation, but for the network itself: it would skip its layers."""
    net.eval().training = True
    return net


def binary_layers(net):
    return {
        name: layer
        for name, layer in net.named_modules()
        if isinstance(layer, BINARY_LAYERS)
    }


def decibels(batch):
    return torch.randn(batch, 32, 32) * 20 - 30


def packed(bits):
    """Packs the last axis into bytes, least significant bit first."""
    return np.packbits(bits, axis=-1, bitorder="little")


def xnor_dot(a, b, length):
    """``K - 2 popcount(a ^ b)`` of (P, K) and (O, K) bits, as (P, O)."""
    differing = np.bitwise_count(packed(a)[:, None] ^ packed(b)[None])
    return length - 2 * differing.sum(-1, dtype=np.int64)


def array(tensor):
    return tensor.detach().numpy()


def windows(layer, x):
    """Every dot product's inputs (G, P, K), for groups G and positions P."""
    if isinstance(layer, torch.nn.Linear):
        return x.reshape(1, -1, x.shape[-1])
    pads = [(0, 0), (0, 0), *((size, size) for size in layer.padding)]
    x = np.pad(x, pads)
    axes = tuple(range(2, x.ndim))
    view = np.lib.stride_tricks.sliding_window_view(
        x, layer.kernel_size, axis=axes
    )
    steps = tuple(slice(None, None, step) for step in layer.stride)
    view = np.moveaxis(
        view[(slice(None), slice(None), *steps)], 1, len(axes) + 1
    )
    view = view.reshape(-1, layer.in_channels, *layer.kernel_size)
    parts = np.split(view, layer.groups, axis=1)
    return np.stack([part.reshape(len(part), -1) for part in parts])


def thresholds(layer, values):
    """Constants per channel, laid out as ``windows`` lays out inputs."""
    if isinstance(layer, torch.nn.Linear):
        return values[None, None]
    taps = int(np.prod(layer.kernel_size))
    return np.repeat(values, taps).reshape(layer.groups, 1, -1)


def one_bit_forward(layer, x):
    """A binary layer by XNOR and popcount, from real inputs to real outputs."""
    quantiser = layer.activation
    x = windows(layer, array(x))
    s1, s2 = map(array, quantiser.tied_scales())
    theta2 = thresholds(layer, array(quantiser.threshold2))
    plane1 = x < thresholds(layer, array(quantiser.threshold1))
    plane2 = x < np.where(plane1, theta2 + s1 - 2 * s1, theta2 + s1)
    weight = array(layer.weight)
    weight_scale = np.abs(weight).reshape(len(weight), -1).mean(1)
    bits = np.split(weight.reshape(len(weight), -1) < 0, len(x))
    outputs = [
        s1 * xnor_dot(plane1[g], bits[g], x.shape[-1])
        + s2 * xnor_dot(plane2[g], bits[g], x.shape[-1])
        for g in range(len(x))
    ]
    y = np.concatenate(outputs, 1) * weight_scale
    return torch.from_numpy(y + array(layer.bias)).to(layer.weight.dtype)


def place(y, like):
    """Shapes (positions, outputs) as the layer itself does."""
    if (
        like.dim() == 3
        and like.shape[-1] == y.shape[-1]
        and (like.shape[0] * like.shape[1] == y.shape[0])
    ):
        return y.view(like.shape)
    spatial = like.shape[2:]
    return y.view(len(like), *spatial, -1).movedim(-1, 1)


def test_two_values_per_output_channel(network):
    """Plus and minus one scale; five taps may happen to share their sign."""
    layers = binary_layers(network)
    assert len(layers) == 26
    for name, layer in layers.items():
        rows = layer.binary_weight().detach().flatten(1)
        scales = layer.weight.detach().flatten(1).abs().mean(1, keepdim=True)
        torch.testing.assert_close(rows.abs(), scales.expand_as(rows))
        for row in rows:
            assert row.abs().unique().numel() == 1, name
            assert row.unique().numel() == 2 or len(row) == 5, name


def run_both(net, x):
    """Runs the network; returns what each layer and its one-bit form give."""
    pairs = {}

    def hook(name):
        def compare(layer, inputs, output):
            y = place(one_bit_forward(layer, inputs[0]), output)
            pairs[name] = (output, y)

        return compare

    hooks = [
        layer.register_forward_hook(hook(name))
        for name, layer in binary_layers(net).items()
    ]
    with torch.no_grad():
        net(x)
    for handle in hooks:
        handle.remove()
    return pairs


def test_each_layer_equals_its_one_bit_form(network):
    pairs = run_both(network, decibels(4))
    assert len(pairs) == 26
    for name, (real, one_bit) in pairs.items():
        difference = (real - one_bit).abs().max().item()
        assert difference < 1e-4, name


@pytest.mark.parametrize("thinning", [1, 2, 4])
def test_the_whole_network_in_one_bit(network, thinning):
    """In double precision, where no rounding can flip a bit on the way."""
    net = BiDFSMN(classes=12)
    net.load_state_dict(network.state_dict())
    net = layer_by_layer(net.double())
    net.thinning = thinning
    x = decibels(4).double()
    with torch.no_grad():
        expected = net(x)
        for layer in binary_layers(net).values():
            layer.register_forward_hook(
                lambda layer, inputs, output: place(
                    one_bit_forward(layer, inputs[0]), output
                )
            )
        found = net(x)
    assert not torch.equal(found, expected)  # it is another computation
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)
