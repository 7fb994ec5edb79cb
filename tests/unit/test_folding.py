import pytest
import torch
from random_networks import SMALL, decibels, front_end, random_network

from speechbrain_bifsmn.deploy.folding import fold
from speechbrain_bifsmn.deploy.network import DeployedBiDFSMN
from speechbrain_bifsmn.lobes.models.dfsmn import DFSMN
from speechbrain_bifsmn.nnet.activations import PReLU

LABELS = [f"word{index}" for index in range(12)]


@pytest.mark.parametrize(
    "options",
    [{}, {"planes": 1}, SMALL],
    ids=["default", "one plane", "small"],
)
def test_a_file_is_what_evaluation_computes(options):
    net = random_network(**options)
    deployed = DeployedBiDFSMN(fold(net, LABELS, front_end(net)))
    x = decibels(8, net.frames, net.n_mels)
    for thinning in net.thinnings:
        net.thinning = deployed.thinning = thinning
        expected = net(x)
        assert torch.equal(deployed(x), expected)
        assert expected.std() > 0.01


def test_a_trace_has_every_layer():
    net = random_network()
    deployed, trace = DeployedBiDFSMN(fold(net, LABELS)), []
    deployed(decibels(2), trace=trace)
    assert len(trace) == 1 + 2 + 3 * 8
    for name, _, x, dots in trace:
        for numbers in (x, dots):
            if numbers is not None:
                assert torch.equal(numbers, numbers.round()), name
        assert (dots is None) == (name == "conv1")
        assert (x is None) == (name in ("conv2", "expand"))


def test_lengths_are_filled_with_silence():
    deployed = DeployedBiDFSMN(fold(random_network(), LABELS))
    x = decibels(2)
    cut = x.clone()
    cut[:, 16:] = -100
    lengths = torch.tensor([0.5, 0.5])
    assert torch.equal(deployed(x, lengths), deployed(cut))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: DFSMN(12), "expected a BiDFSMN, got DFSMN"),
        (
            lambda: random_network(binary=False),
            r"front_end\.3: .*full-precision",
        ),
        (
            lambda: random_network(scale_layout="as_released"),
            r"front_end\.3: .*scale_layout='as_released'",
        ),
        (
            lambda: random_network(scales="frame"),
            r"front_end\.3: .*scales='learned'",
        ),
        (
            lambda: random_network(activation=PReLU),
            "expected activations that never fall, found PReLU",
        ),
    ],
)
def test_what_is_not_one_bit_is_refused_by_name(model, message):
    with pytest.raises(ValueError, match=message):
        fold(model(), LABELS)


def test_labels_must_fit():
    with pytest.raises(ValueError, match="expected 12, one for each output"):
        fold(random_network(), LABELS[:3])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": 40}, "channels: the engine takes 16 to 512 in steps of"),
        ({"frames": 16}, "frames: expected the 32 that .* network of 16"),
    ],
)
def test_sizes_that_the_engine_cannot_run_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        fold(random_network(**options), LABELS)
