"""Files of weights are checked before they are taken."""

import pytest
import safetensors.torch
import torch
from torch import nn

from speechbrain_bifsmn.pretrained import FOLDER
from speechbrain_bifsmn.runs.weights import (
    halve_weights,
    load_weights,
    save_weights,
    weights_file,
)

NAME = "w.safetensors"


def test_weights_round_trip(tmp_path):
    model, twin = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    model(torch.randn(8, 3))
    save_weights(model, tmp_path / "new" / NAME)
    load_weights(twin, tmp_path / "new" / NAME)
    assert torch.equal(model.running_mean, twin.running_mean)
    assert [path.name for path in (tmp_path / "new").iterdir()] == [NAME]


def test_half_precision_loads_into_single(tmp_path):
    model, twin = nn.BatchNorm1d(300), nn.BatchNorm1d(300)
    model(torch.randn(8, 300))
    save_weights(model, tmp_path / NAME, torch.float16)
    load_weights(twin, tmp_path / NAME)
    assert twin.running_mean.dtype == torch.float32
    assert torch.equal(twin.running_mean, model.running_mean.half().float())
    assert twin.num_batches_tracked == 1
    save_weights(model, tmp_path / f"whole{NAME}")
    whole = tmp_path / f"whole{NAME}"
    assert (tmp_path / NAME).stat().st_size < whole.stat().st_size
    halve_weights(whole, whole)
    assert (tmp_path / NAME).read_bytes() == whole.read_bytes()


def test_views_of_one_tensor(tmp_path):
    """A transposed weight, which safetensors would refuse as it is."""
    model, twin = nn.Linear(2, 3), nn.Linear(2, 3)
    model.weight = nn.Parameter(torch.randn(2, 3).T)
    save_weights(model, tmp_path / "w.safetensors")
    load_weights(twin, tmp_path / "w.safetensors")
    assert torch.equal(model.weight, twin.weight)


class Evil:
    """A pickle that would run code."""

    def __reduce__(self):
        return (print, ("ran",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"weight": torch.zeros(3, 3)}, r"shape \(2, 2\), found \(3, 3\)"),
        ({"weight": torch.zeros(2, 2)}, "expected bias of .* found None"),
        (
            {
                "weight": torch.zeros(2, 2),
                "bias": torch.zeros(2),
                "x": torch.ones(1),
            },
            "expected x of shape None",
        ),
    ],
)
def test_weights_that_do_not_fit(tmp_path, content, message):
    path = tmp_path / "w.safetensors"
    safetensors.torch.save_file(content, path)
    model = nn.Linear(2, 2)
    before = model.weight.clone()
    with pytest.raises(ValueError, match=message):
        load_weights(model, path)
    assert torch.equal(before, model.weight)


@pytest.mark.parametrize("content", [Evil(), [1], {"weight": torch.ones(2, 2)}])
def test_a_pickle_is_no_file_of_weights(tmp_path, content, capsys):
    torch.save(content, tmp_path / "w.ckpt")
    with pytest.raises(ValueError, match="found something else"):
        load_weights(nn.Linear(2, 2), tmp_path / "w.ckpt")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04broken"])
def test_files_that_hold_no_weights(tmp_path, content):
    path = tmp_path / NAME
    path.write_bytes(content)
    with pytest.raises(ValueError, match="found something else"):
        load_weights(nn.Linear(2, 2), path)
    with pytest.raises(ValueError, match="found something else"):
        halve_weights(path, tmp_path / "half.safetensors")
    assert [*tmp_path.iterdir()] == [path]


def test_truncated_weights(tmp_path):
    path = tmp_path / NAME
    save_weights(nn.Linear(20, 20), path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ValueError, match="found something else"):
        load_weights(nn.Linear(20, 20), path)


def test_weights_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="found none at"):
        load_weights(nn.Linear(2, 2), tmp_path / "gone.ckpt")


def test_the_shipped_teacher_is_a_file_of_the_package():
    assert weights_file("shipped", "teacher").parent == FOLDER
    with pytest.raises(FileNotFoundError, match="found none at a/t.safet"):
        weights_file("a/t.safetensors", "teacher")
