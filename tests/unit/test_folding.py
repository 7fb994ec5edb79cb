import pytest
import torch
from random_networks import SMALL, decibels, front_end, random_network

from speechbrain_bifsmn.deploy.folding import exact_arrays, fold
from speechbrain_bifsmn.deploy.network import DeployedBiDFSMN
from speechbrain_bifsmn.lobes.models.dfsmn import DFSMN

LABELS = [f"word{index}" for index in range(12)]


@pytest.mark.parametrize(
    "options",
    [{}, {"planes": 1}, {"scales": "statistic"}, SMALL],
    ids=["default", "one plane", "statistic", "small"],
)
def test_folding_changes_nothing(options):
    """In double precision, where no rounding can flip a bit on the way."""
    net = random_network(**options).double()
    folded = fold(net, LABELS, front_end(net))
    exact = exact_arrays(net)
    net.classifier.weight.data.copy_(on_the_grid(exact, net))
    deployed = DeployedBiDFSMN(folded._replace(arrays=exact), torch.float64)
    x = decibels(8, net.frames, net.n_mels).double()
    for thinning in net.thinnings:
        net.thinning = deployed.thinning = thinning
        with torch.no_grad():
            expected, found = net(x), deployed(x)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-3)
        assert expected.std() > 0.01


def on_the_grid(exact, net):
    """The classifier's weights as the file has them, in torch's order."""
    rows = exact["classifier.weight"] * exact["classifier.scales"][:, None]
    rows = torch.from_numpy(rows.astype(float))
    rows = rows.view(len(rows), net.frames // 4, -1)
    return rows.transpose(1, 2).flatten(1)


def test_dots_are_integers_and_planes_are_told_apart():
    net = random_network()
    deployed, trace = DeployedBiDFSMN(fold(net, LABELS)), []
    deployed(decibels(2), trace=trace)
    assert len(trace) == 1 + 2 + 3 * 8
    for name, _, dots1, dots2, values in trace[1:]:
        assert torch.equal(dots1, dots1.round()), name
        assert dots1.shape == dots2.shape == values.shape
        assert not torch.equal(dots1, dots2), name


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
            r"projection: .*scales='frame'",
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
