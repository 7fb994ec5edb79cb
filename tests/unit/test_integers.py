"""What a device computes is what the network in evaluation computes."""

import pytest
import torch
from random_networks import SMALL, decibels, random_network

from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
from speechbrain_bifsmn.lobes.models.model_integers import integers
from speechbrain_bifsmn.nnet.activations import PReLU
from speechbrain_bifsmn.nnet.fixed_point import UNIT, Shared

OPTIONS = pytest.mark.parametrize(
    "options",
    [{}, {"planes": 1}, SMALL, {**SMALL, "planes": 1}],
    ids=["default", "one plane", "small", "small, one plane"],
)


@OPTIONS
def test_rounded_training_computes_what_evaluation_does(options):
    """Two ways to the same integers: modules that round, and limits."""
    net = random_network(**options)
    x = decibels(16, net.frames, net.n_mels)
    expected = net(x, thinnings=net.thinnings)
    net.rounded = True
    found = net.train()(x, thinnings=net.thinnings)
    for ours, theirs in zip(found, expected, strict=True):
        for h, g in zip(ours.hidden, theirs.hidden, strict=True):
            assert torch.equal(h, g)
        torch.testing.assert_close(ours.logits, theirs.logits)
        assert theirs.logits.std() > 0.01


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


def test_evaluation_does_not_depend_on_what_training_did_before():
    net = random_network()
    x = decibels(4)
    expected = net(x)
    net.rounded = True
    assert torch.equal(net(x), expected)
    fresh = BiDFSMN(12).eval()
    fresh.load_state_dict(net.state_dict())
    assert torch.equal(fresh(x), expected)
    assert torch.equal(fresh(x[:1]), expected[:1])  # nor on the batch


def test_activations_are_multiples_of_their_unit():
    (output,) = random_network()(decibels(2), thinnings=[1])
    for hidden in output.hidden:
        assert torch.equal(hidden / UNIT, (hidden / UNIT).round())


def test_rounded_training_keeps_statistics_and_learns():
    net = random_network().train()
    net.rounded = True
    before = {k: v.clone() for k, v in net.named_buffers()}
    outputs = net(decibels(4), thinnings=net.thinnings)
    sum(o.logits.square().mean() for o in outputs).backward()
    for name, buffer in net.named_buffers():
        assert torch.equal(buffer, before[name]), name
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
    net.rounded = False
    net(decibels(4))
    mean = "blocks.0.norms.1.running_mean"
    assert not torch.equal(net.get_buffer(mean), before[mean])


@pytest.mark.parametrize(
    "options",
    [{"scales": "learned"}, {"binary": False}, {"activation": PReLU}],
    ids=str,
)
def test_what_cannot_be_deployed_does_not_round(options):
    net = BiDFSMN(3, **options)
    assert not net.deployable
    with pytest.raises(ValueError, match="rounded: expected a network that"):
        net.rounded = True
    net.eval()(decibels(2))
