"""Counts of the published sizes, and of anybody's network."""

import pytest
import torch
from torch import nn

from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
from speechbrain_bifsmn.nnet.binarize import binarize
from speechbrain_bifsmn.utils.complexity import count, table

INPUT = torch.zeros(1, 32, 32)


def column(name, **options):
    costs = count(BiDFSMN(classes=12, depths=4, **options), INPUT)
    return [getattr(cost, name) for cost in costs]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("depth", [0, 1, 2, 3]),
        ("parameters", [600_263, 329_403, 193_973, 126_258]),
        ("one_bit_weights", [574_976, 310_272, 177_920, 111_744]),
        ("macs", [5_431_296, 3_313_664, 2_254_848, 1_725_440]),
        ("binary_macs", [5_316_608, 3_198_976, 2_140_160, 1_610_752]),
        ("stored_bytes", [191_836, 125_932, 92_980, 76_504]),
        ("scale_bytes", [26 * 8, 14 * 8, 8 * 8, 5 * 8]),
    ],
)
def test_the_true_one_bit_network(name, expected):
    assert column(name) == expected


def test_planes_multiply_the_bit_operations():
    one, two = column("bit_macs", planes=1), column("bit_macs", planes=2)
    assert one == column("binary_macs")
    assert two == [2 * macs for macs in one]


def test_the_full_precision_network():
    expected = [2_367_900, 1_300_844, 767_316, 500_552]
    assert column("stored_bytes", binary=False) == expected
    assert column("one_bit_weights", binary=False) == [0] * 4


def test_the_released_granularity_saves_next_to_nothing():
    expected = [2_233_692, 1_151_980, 611_124, 340_696]
    assert column("stored_bytes", granularity="released") == expected


def test_frame_scales_are_computed_not_stored():
    assert column("scale_bytes", scales="frame")[0] == (1 + 8) * 8


def test_any_binarized_network():
    model = nn.Sequential(
        nn.Conv1d(4, 8, 3, bias=False),
        nn.BatchNorm1d(8),
        nn.Flatten(),
        nn.Linear(48, 5),
    )
    real = count(model, torch.zeros(1, 4, 8))[0]
    assert real.macs == 8 * 6 * 12 + 48 * 5
    assert real.stored_bytes == 4 * (96 + 8 + 240 + 5)
    binarize(model, skip=["0"])
    binary = count(model, torch.zeros(1, 4, 8))[0]
    assert binary.one_bit_weights == 240
    assert binary.stored_bytes == 30 + 4 * (96 + 8 + 2 * 5 + 2 * 48)


def test_a_shared_layer_is_stored_once_and_run_twice():
    layer = nn.Linear(4, 4)
    cost = count(nn.Sequential(layer, layer), torch.zeros(1, 4))[0]
    assert (cost.parameters, cost.macs) == (20, 32)


def test_the_network_is_left_as_it_was():
    net = BiDFSMN(classes=12).train()
    net.depth = 1
    weights = {k: v.clone() for k, v in net.state_dict().items()}
    count(net, INPUT)
    assert net.training and net.depth == 1
    assert not net.blocks[0]._forward_hooks
    for name, value in net.state_dict().items():
        assert torch.equal(value, weights[name]), name


def test_a_batch_is_refused():
    with pytest.raises(ValueError, match="batch of one, got 2"):
        count(BiDFSMN(classes=12), torch.zeros(2, 32, 32))


def test_table_is_aligned():
    lines = table(count(BiDFSMN(classes=12), INPUT)).splitlines()
    assert len(lines) == 4 and len({len(line) for line in lines}) == 1
    assert "191,836" in lines[1]
