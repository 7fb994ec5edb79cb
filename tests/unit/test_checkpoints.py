"""Checkpoints survive a kill."""

import pytest
import torch
from torch import nn

from speechbrain_bifsmn.runs.checkpoints import AtomicCheckpointer, History


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
