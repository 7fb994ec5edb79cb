"""Checkpoints survive a kill; weights are checked before they are taken."""

import pytest
import safetensors.torch
import torch
from torch import nn

from speechbrain_bifsmn.pretrained import FOLDER
from speechbrain_bifsmn.runs.checkpoints import (
    AtomicCheckpointer,
    History,
    load_weights,
    save_weights,
    weights_file,
)


class Killed(BaseException):
    """Stands for the end of the process."""


def test_a_kill_while_saving_leaves_the_checkpoint_before(tmp_path):
    model, history = nn.Linear(2, 2), History()
    recoverables = {"model": model, "history": history}
    checkpointer = AtomicCheckpointer(tmp_path, recoverables)
    history.rows.append({"epoch": 1})
    checkpointer.save_and_keep_only(meta={"accuracy": 1.0})
    weights = model.weight.detach().clone()

    def killed(obj, path):
        path.write_bytes(b"half")
        raise Killed

    nn.init.zeros_(model.weight)
    history.rows.append({"epoch": 2})
    checkpointer.custom_save_hooks["history"] = killed
    with pytest.raises(Killed):
        checkpointer.save_and_keep_only(meta={"accuracy": 2.0})
    del checkpointer.custom_save_hooks["history"]

    again = AtomicCheckpointer(tmp_path, recoverables)
    again.recover_if_possible()
    assert torch.equal(model.weight, weights)
    assert history.rows == [{"epoch": 1}]
    again.save_and_keep_only(meta={"accuracy": 2.0})
    assert not (tmp_path / "unfinished").exists()
    assert len(again.list_checkpoints()) == 1


def test_the_best_and_the_latest_are_kept(tmp_path):
    checkpointer = AtomicCheckpointer(tmp_path, {"model": nn.Linear(2, 2)})
    for accuracy in (1.0, 3.0, 2.0, 2.5):
        checkpointer.save_and_keep_only(
            meta={"accuracy": accuracy}, max_keys=["accuracy"]
        )
    kept = [c.meta["accuracy"] for c in checkpointer.list_checkpoints()]
    assert sorted(kept) == [2.5, 3.0]
    best = checkpointer.find_checkpoint(max_key="accuracy")
    assert best.meta["accuracy"] == 3.0
    assert all(path.is_file() for path in best.paramfiles.values())


@pytest.mark.parametrize("left", [["CKPT.yaml"], ["model.ckpt"], []])
def test_what_is_left_of_a_deleted_checkpoint_is_none(tmp_path, left):
    checkpointer = AtomicCheckpointer(tmp_path, {"model": nn.Linear(2, 2)})
    first = checkpointer.save_checkpoint(meta={"accuracy": 1.0})
    second = checkpointer.save_checkpoint(meta={"accuracy": 2.0})
    for path in second.path.iterdir():
        if path.name not in left:
            path.unlink()
    assert checkpointer.find_checkpoint(max_key="accuracy").path == first.path
    checkpointer.save_and_keep_only(meta={"accuracy": 3.0})
    assert checkpointer.recover_if_possible().meta["accuracy"] == 3.0


def test_a_checkpoint_of_another_network(tmp_path):
    AtomicCheckpointer(tmp_path, {"model": nn.Linear(2, 2)}).save_checkpoint()
    other = AtomicCheckpointer(tmp_path, {"model": nn.Linear(2, 3)})
    with pytest.raises(ValueError, match="found another in .*CKPT"):
        other.recover_if_possible()


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
    assert (tmp_path / NAME).stat().st_size < (
        tmp_path / f"whole{NAME}"
    ).stat().st_size


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
