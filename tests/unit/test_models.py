"""Networks: shapes, thinning, lengths, sizes, a student's start."""

import pytest
import torch

from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
from speechbrain_bifsmn.lobes.models.dfsmn import DFSMN, ThinnableDFSMN
from speechbrain_bifsmn.lobes.models.fsmn import FSMN

SMALL = {"layers": 4, "front_channels": 4, "channels": 16, "hidden": 24}


def decibels(batch=2, frames=32, mels=32):
    return torch.randn(batch, frames, mels) * 20 - 30


def test_the_papers_sizes_are_the_default():
    net = BiDFSMN(classes=12)
    names = [layer.name for layer in net.binarized]
    assert len(names) == 26
    assert "front_end.0" not in names and "classifier" not in names
    assert sum(layer.weights for layer in net.binarized) == 574_976
    assert [len(net.blocks_at(d)) for d in net.thinnings] == [8, 4, 2]
    assert list(net.blocks_at(4)) == [3, 7]


@pytest.mark.parametrize("classes", [2, 12, 35])
@pytest.mark.parametrize(
    "sizes",
    [
        {},
        {"frames": 64},
        {"n_mels": 40},
        {"layers": 6, "max_thinning": 2},
        {"layers": 5, "max_thinning": 1},
        {"max_thinning": 8, "layers": 8},
        {"taps": (4, 0)},
        {"channels": 20, "hidden": 12, "front_channels": 3},
    ],
)
def test_sizes_are_arguments(classes, sizes):
    net = BiDFSMN(classes=classes, **{**SMALL, **sizes}).eval()
    x = decibels(3, net.frames, net.n_mels)
    for thinning in net.thinnings:
        net.thinning = thinning
        assert net(x).shape == (3, classes)


def test_thinnings_together_equal_thinnings_alone():
    net = BiDFSMN(classes=5, **SMALL).eval()
    x = decibels()
    together = net(x, thinnings=[1, 2, 4])
    for thinning, output in zip(net.thinnings, together, strict=True):
        net.thinning = thinning
        assert torch.equal(net(x), output.logits)
        assert len(output.hidden) == 4 // thinning


def test_a_short_input_is_filled_with_silence():
    net = BiDFSMN(classes=5, **SMALL).eval()
    x = decibels(2, 20)
    filled = torch.cat([x, torch.full((2, 12, 32), -100.0)], 1)
    assert torch.equal(net(x), net(filled))


def test_relative_lengths_silence_the_rest():
    net = BiDFSMN(classes=5, **SMALL).eval()
    x = decibels(2)
    silenced = x.clone()
    silenced[1, 16:] = -100
    lengths = torch.tensor([1.0, 0.5])
    assert torch.equal(net(x, lengths), net(silenced))
    assert torch.equal(net(x, torch.ones(2)), net(x))


@pytest.mark.parametrize(
    "shape", [(2, 32), (2, 32, 40), (2, 33, 32), (2, 0, 32), (2, 1, 32, 32)]
)
def test_inputs_of_another_shape(shape):
    with pytest.raises(ValueError, match="features: expected"):
        BiDFSMN(classes=5, **SMALL)(torch.zeros(shape))


@pytest.mark.parametrize("thinning", [-1, 0, 3, 0.5, "1"])
def test_thinnings_that_do_not_exist(thinning):
    net = BiDFSMN(classes=5, **SMALL)
    with pytest.raises(
        ValueError, match=r"thinning: expected one of \[1, 2, 4\]"
    ):
        net.thinning = thinning


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"n_mels": 30}, "n_mels: expected a multiple of 4"),
        ({"frames": 0}, "frames: expected a multiple of 4"),
        ({"layers": 6}, "layers: expected a multiple of 4, the highest"),
        ({"max_thinning": 3}, "max_thinning: expected 1, 2, 4"),
    ],
)
def test_sizes_that_do_not_fit(sizes, message):
    with pytest.raises(ValueError, match=message):
        BiDFSMN(classes=5, **{**SMALL, **sizes})


@pytest.mark.parametrize("scales", ["tied", "learned", "statistic", "frame"])
@pytest.mark.parametrize("planes", [1, 2])
def test_every_parameter_learns_from_all_thinnings(scales, planes):
    net = BiDFSMN(classes=5, scales=scales, planes=planes, **SMALL)
    outputs = net(decibels(8), thinnings=net.thinnings)
    sum(output.logits.square().sum() for output in outputs).backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name


def test_each_thinning_has_its_own_normalisations():
    net = ThinnableDFSMN(classes=5, **SMALL)
    for norms in ("memory_norms", "expand_norms", "norms"):
        found = [list(getattr(block, norms)) for block in net.blocks]
        assert found == [["1"], ["1", "2"], ["1"], ["1", "2", "4"]]


def test_training_of_one_thinning_leaves_the_statistics_of_others():
    """Running statistics of all thinnings together would fit none of them."""
    net = ThinnableDFSMN(classes=5, **SMALL)
    net(decibels(8), thinnings=[4])
    for name, value in net.blocks[3].named_buffers():
        if name.endswith("num_batches_tracked"):
            assert value == (".4." in name), name


def test_a_student_starts_from_its_teacher():
    teacher = DFSMN(classes=5, **SMALL)
    for parameter in teacher.parameters():
        parameter.data.uniform_(-1, 1)
    student = BiDFSMN(classes=5, **SMALL)
    student.start_from(teacher)
    block, taught = student.blocks[3], teacher.blocks[3]
    assert torch.equal(block.expand.weight, taught.expand.weight)
    for norms in ("memory_norms", "expand_norms", "norms"):
        ours, theirs = getattr(block, norms)["4"], getattr(taught, norms)["1"]
        assert torch.equal(ours.weight, theirs.weight)
    block.expand.weight.data.zero_()
    assert taught.expand.weight.any()


def test_a_student_of_another_size_says_so():
    teacher = DFSMN(classes=6, **SMALL)
    with pytest.raises(ValueError, match="got .* from the teacher"):
        BiDFSMN(classes=5, **SMALL).start_from(teacher)


def test_a_real_network_of_the_students_shape():
    net = BiDFSMN(classes=5, binary=False, **SMALL)
    assert net.binarized == []


def test_weights_survive_saving():
    net = BiDFSMN(classes=5, **SMALL)
    net(decibels(8), thinnings=[1, 2, 4])
    twin = BiDFSMN(classes=5, **SMALL)
    twin.load_state_dict(net.state_dict())
    x = decibels()
    assert torch.equal(net.eval()(x), twin.eval()(x))


def test_fsmn():
    net = FSMN(classes=7, n_mels=16, frames=8, layers=3, channels=12)
    assert net(decibels(2, 8, 16)).shape == (2, 7)
    with pytest.raises(ValueError, match="taps: expected an odd number"):
        FSMN(classes=7, taps=4)


@pytest.mark.parametrize("model", [BiDFSMN, DFSMN])
def test_mixed_precision_training(model):
    net = model(classes=5, **SMALL)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = net(decibels(4), thinnings=net.thinnings)
        loss = sum(output.logits.float().sum() for output in outputs)
    loss.backward()
    assert all(torch.isfinite(p.grad).all() for p in net.parameters())
