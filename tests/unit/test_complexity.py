"""Counts of the published sizes, and of anybody's network."""

import pytest
import torch
from torch import nn

from speechbrain_bifsmn.evaluation.complexity import count, table
from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
from speechbrain_bifsmn.lobes.models.dfsmn import DFSMN
from speechbrain_bifsmn.lobes.models.fsmn import FSMN
from speechbrain_bifsmn.nnet.binarize import binarize

INPUT = torch.zeros(1, 32, 32)


PAPERS = {"classes": 12, "pooling": False}
POOLED = 7 * 128 * 12  # weights less, of seven of the eight frames


def column(name, **options):
    costs = count(BiDFSMN(**PAPERS, max_thinning=8, **options), INPUT)
    return [getattr(cost, name) for cost in costs]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("thinning", [1, 2, 4, 8]),
        ("parameters", [600_263, 329_403, 193_973, 126_258]),
        ("one_bit_weights", [574_976, 310_272, 177_920, 111_744]),
        ("macs", [5_431_296, 3_313_664, 2_254_848, 1_725_440]),
        ("binary_macs", [5_316_608, 3_198_976, 2_140_160, 1_610_752]),
        ("stored_bytes", [191_836, 125_932, 92_980, 76_504]),
        ("scale_bytes", [0, 0, 0, 0]),
    ],
)
def test_the_true_one_bit_network(name, expected):
    assert column(name) == expected


def test_a_classifier_of_means_has_an_eighth_of_the_weights():
    papers = count(BiDFSMN(**PAPERS), INPUT)[0]
    pooled = count(BiDFSMN(classes=12), INPUT)[0]
    assert papers.parameters - pooled.parameters == POOLED
    assert papers.macs - pooled.macs == POOLED
    assert papers.stored_bytes - pooled.stored_bytes == 4 * POOLED


def test_planes_multiply_the_bit_operations():
    one, two = column("bit_macs", planes=1), column("bit_macs", planes=2)
    assert one == column("binary_macs")
    assert two == [2 * macs for macs in one]


def test_the_full_precision_network():
    expected = [2_367_900, 1_300_844, 767_316, 500_552]
    assert column("stored_bytes", binary=False) == expected
    assert column("one_bit_weights", binary=False) == [0] * 4


def test_the_released_scale_layout_saves_next_to_nothing():
    expected = [2_233_692, 1_151_980, 611_124, 340_696]
    assert column("stored_bytes", scale_layout="as_released") == expected


def test_frame_scales_are_computed_not_stored():
    assert column("scale_bytes", scales="frame")[0] == (1 + 8) * 8
    learned = column("scale_bytes", scales="learned")
    assert learned == [26 * 8, 14 * 8, 8 * 8, 5 * 8]


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
    net.thinning = 4
    weights = {k: v.clone() for k, v in net.state_dict().items()}
    count(net, INPUT)
    assert net.training and net.thinning == 4
    assert not net.blocks[0]._forward_hooks
    for name, value in net.state_dict().items():
        assert torch.equal(value, weights[name]), name


def test_a_batch_is_refused():
    with pytest.raises(ValueError, match="batch of one, got 2"):
        count(BiDFSMN(classes=12), torch.zeros(2, 32, 32))


def test_table_is_aligned():
    lines = table(count(BiDFSMN(**PAPERS), INPUT)).splitlines()
    assert len(lines) == 4 and len({len(line) for line in lines}) == 1
    assert "191,836" in lines[1]


def test_table_fits_a_terminal():
    lines = table(count(BiDFSMN(**PAPERS), INPUT)).splitlines()
    assert {len(line) for line in lines} == {80}
    assert lines[1].split()[-2:] == ["191,836", "0"]


def test_stored_bytes_number_by_number():
    # Real weights; scale and shift of the outputs of 8 blocks, the second
    # convolution and the projection; two biases; PReLUs; two thresholds.
    outputs, inputs = 8 * (128 + 256 + 128) + 32 + 128, 4368
    numbers = 12_688 + 2 * outputs + 16 + 12 + 27 + 2 * inputs
    two, one = (column("stored_bytes", planes=planes)[0] for planes in (2, 1))
    assert two == 574_976 // 8 + 4 * numbers
    assert two - one == 4 * inputs


def test_what_is_binary_in_the_released_layout():
    conv2d, projection, memories = 32 * 16 * 25, 256 * 128, 8 * 128 * 5
    released = {"scale_layout": "as_released"}
    weights = conv2d + projection + memories
    assert column("one_bit_weights", **released)[0] == weights
    macs = 8 * (projection + memories)  # on 8 frames
    assert column("binary_macs", **released)[0] == macs
    assert column("scale_bytes", **released) == [0] * 4


def test_the_teacher_has_the_students_shape():
    (cost,) = count(DFSMN(**PAPERS), INPUT)
    assert (cost.macs, cost.one_bit_weights) == (5_431_296, 0)
    assert cost.parameters == 600_263 - 11  # PReLUs
    assert cost.stored_bytes == 2_367_900 - 4 * 11


def test_a_network_without_thinnings():
    model = FSMN(classes=12)
    (cost,) = count(model, INPUT)
    assert cost.thinning == 1
    assert cost.parameters == sum(p.numel() for p in model.parameters())
    assert cost.stored_bytes == 4 * cost.parameters


def test_groups_and_batch_norms_of_a_binarized_network():
    model = nn.Sequential(
        nn.Conv1d(3, 8, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm1d(8),
        nn.PReLU(),
        nn.Conv1d(8, 12, 3, groups=4),
        nn.BatchNorm1d(12),
        nn.Flatten(),
        nn.Linear(48, 5),
    )
    binarize(model, skip=["0", "6"])
    (cost,) = count(model, torch.zeros(1, 3, 12))  # 12 to 6 to 4 frames
    assert cost.parameters == 72 + 16 + 1 + (72 + 12) + 24 + 245
    assert cost.one_bit_weights == 72
    assert cost.macs == 6 * 72 + 4 * 72 + 240
    assert (cost.binary_macs, cost.bit_macs) == (4 * 72, 2 * 4 * 72)
    numbers = (72 + 8) + 1 + (2 * 12 + 2 * 8) + 245
    assert cost.stored_bytes == 72 // 8 + 4 * numbers


@pytest.mark.parametrize(
    ("layers", "numbers"),
    [
        ([nn.Linear(4, 3), nn.BatchNorm1d(3)], 12 + 3),
        ([nn.Linear(4, 3, bias=False), nn.BatchNorm1d(3)], 12 + 3),
        ([nn.Linear(4, 3, bias=False), nn.BatchNorm1d(3, affine=False)], 15),
        ([nn.Linear(4, 3), nn.Dropout(), nn.BatchNorm1d(3)], 12 + 3),
        # These cannot fold: a scale and a shift of their own.
        ([nn.Linear(4, 3), nn.ReLU(), nn.BatchNorm1d(3)], 15 + 6),
        ([nn.BatchNorm1d(4, affine=False), nn.Linear(4, 3)], 8 + 15),
    ],
)
def test_where_batch_norms_fold(layers, numbers):
    (cost,) = count(nn.Sequential(*layers), torch.zeros(1, 4))
    assert cost.stored_bytes == 4 * numbers


def test_a_frozen_layer_stays_frozen():
    net = BiDFSMN(classes=12).train()
    net.blocks[0].memory_norms["1"].eval()
    modes = [module.training for module in net.modules()]
    count(net, INPUT)
    assert [module.training for module in net.modules()] == modes


def test_a_failed_pass_leaves_no_trace():
    net = BiDFSMN(classes=12).train()
    net.thinning = 4
    with pytest.raises(ValueError, match="features: expected"):
        count(net, torch.zeros(1, 32, 40))
    assert net.training and net.thinning == 4
    assert not any(module._forward_hooks for module in net.modules())
