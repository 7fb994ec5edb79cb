"""What a device computes is what the network in evaluation computes."""

import pytest
import torch
from random_networks import SMALL, decibels, random_network

from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
from speechbrain_bifsmn.lobes.models.integer_network import levels
from speechbrain_bifsmn.lobes.models.integers import (
    affine,
    inputs_of,
    level_scale,
    limits,
    max_dot,
    scale_and_bias,
)
from speechbrain_bifsmn.lobes.models.model_integers import integers
from speechbrain_bifsmn.nnet.activations import PReLU
from speechbrain_bifsmn.nnet.fixed_point import UNIT, Shared, apply_affine

OPTIONS = pytest.mark.parametrize(
    "options",
    [{}, {"planes": 1}, SMALL, {**SMALL, "planes": 1}],
    ids=["default", "one plane", "small", "small, one plane"],
)


@OPTIONS
def test_devices_compute_about_what_training_does(options):
    """Rounding turns a few bits over, more with every block."""
    net = random_network(**options)
    x = decibels(16, net.frames, net.n_mels)
    expected = net(x, thinnings=net.thinnings)
    net.train()
    for module in net.modules():
        if hasattr(module, "running_mean"):
            module.eval()
    found = net(x, thinnings=net.thinnings)
    for ours, theirs in zip(found, expected, strict=True):
        both = torch.stack([ours.logits.flatten(), theirs.logits.flatten()])
        assert torch.corrcoef(both)[0, 1] > 0.9


def sums(layer):
    """Dot products (1000, N) of a binary layer, and what it makes of them."""
    scale, bias = scale_and_bias(layer)
    dots = torch.randn(1000, len(scale)) * (5 * inputs_of(layer)) ** 0.5
    dots = dots.round()
    return dots, (dots * scale + bias).float()


@pytest.mark.parametrize("thinning", ["1", "2", "4"])
@pytest.mark.parametrize("name", ["memory", "project"])
def test_a_layer_of_16_bits_is_close(name, thinning):
    block = random_network().blocks[3]
    layer = getattr(block, name)
    norms, activations = {
        "memory": (block.memory_norms, None),
        "project": (block.norms, block.activations),
    }[name]
    activation = (
        activations[thinning] if activations else block.memory_activation
    )
    dots, outputs = sums(layer)
    with torch.no_grad():
        expected = activation(norms[thinning](outputs))
    numbers = affine(layer, norms[thinning], activation)
    found = UNIT * apply_affine(
        dots,
        max_dot(layer),
        *(each.values.float() for each in numbers[:2]),
        numbers.slope.float(),
    )
    error = (found - expected).abs() / expected.std()
    assert error.mean() < 0.015
    assert error.max() < 0.1


@pytest.mark.parametrize(("mean", "most"), [(0, 0.02), (300, 0.05)])
@pytest.mark.parametrize("thinning", ["1", "2", "4"])
def test_limits_are_where_the_next_layer_turns_bits_over(thinning, mean, most):
    """Also where they are beyond what 8 bits hold without an exponent."""
    block = random_network().blocks[3]
    norm, following = block.expand_norms[thinning], block.project.activation
    dots, outputs = sums(block.expand)
    inputs = block.expand_activation(norm(outputs)).detach()
    expected = following(inputs.t()[None])[0].t()
    norm.running_mean += mean * scale_and_bias(block.expand)[0]
    edges = limits(block.expand, norm, block.expand_activation, following)
    found = levels((dots + mean) / 2, edges.values)
    other = (found * level_scale(following)).float().ne(expected)
    assert other.float().mean() < most


@OPTIONS
def test_every_number_fits_a_file(options):
    net = random_network(**options)
    for name, value in integers(net).items():
        if isinstance(value, Shared):
            assert 0 <= value.exponent <= 8, name
            value = value.codes
            assert value.abs().max() <= 127, name
        if value.dtype != torch.bool and name != "classifier.unit":
            assert torch.equal(value, value.round()), name
        if name.endswith("limits") and len(value) == 3:
            middle, low, high = value
            assert (low <= middle).all(), name
            assert (middle <= high).all(), name


def test_evaluation_depends_on_the_weights_alone():
    net = random_network()
    x = decibels(4)
    expected = net(x)
    fresh = BiDFSMN(12).eval()
    fresh.load_state_dict(net.state_dict())
    assert torch.equal(fresh(x), expected)
    assert torch.equal(fresh(x[:1]), expected[:1])  # nor on the batch


def test_activations_are_multiples_of_their_unit():
    (output,) = random_network()(decibels(2), thinnings=[1])
    for hidden in output.hidden:
        assert torch.equal(hidden / UNIT, (hidden / UNIT).round())


@pytest.mark.parametrize(
    "options",
    [{"scales": "learned"}, {"binary": False}, {"activation": PReLU}],
    ids=str,
)
def test_what_cannot_be_deployed_is_evaluated_all_the_same(options):
    net = BiDFSMN(3, **options)
    assert not net.deployable
    assert net.eval()(decibels(2)).shape == (2, 3)
