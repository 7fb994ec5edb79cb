"""Two processes train one network, BatchNorm included."""

import json
import sys

import pytest
import torch
from runs import run_recipe

pytestmark = pytest.mark.slow

# Saves each process's own weights before the best checkpoint replaces them.
SCRIPT = """
import os, sys
sys.path.insert(0, os.getcwd())
import torch, train

def spy(brain, data, test=train.test):
    name = f"{{brain.hparams.stage}}_{{torch.distributed.get_rank()}}.pt"
    weights = brain.averaged.module.state_dict()
    torch.save(weights, {folder!r} + "/" + name)
    test(brain, data)

train.test = spy
train.main()
"""


@pytest.mark.parametrize(
    ("scales", "epochs"), [("learned", (10, 6)), ("statistic", (1, 2))]
)
def test_both_hold_the_same_weights(scales, epochs, tones, tmp_path):
    script = tmp_path / "spy.py"
    script.write_text(SCRIPT.format(folder=str(tmp_path)))
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    done = run_recipe(
        "hparams/bifsmnv2.yaml",
        f"--data_folder={tones}",
        f"--output_folder={tmp_path}/output",
        f"--teacher_epochs={epochs[0]}",
        f"--student_epochs={epochs[1]}",
        "--batch_size=12",
        f"--student_model={{scales: {scales}}}",
        "--distributed_backend=gloo",
        launcher=[*torchrun, "--nproc_per_node=2"],
        script=script,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for stage in ("teacher", "student"):
        first, second = (
            torch.load(tmp_path / f"{stage}_{rank}.pt", weights_only=True)
            for rank in range(2)
        )
        assert first.keys() == second.keys()
        for name, value in first.items():
            assert torch.equal(value, second[name]), (stage, name)
    if epochs == (1, 2):  # too few to learn
        return
    results = json.loads((tmp_path / "output/results.json").read_text())
    assert results["teacher_accuracy"] > 50
    assert results["accuracy"]["1"] > 30
