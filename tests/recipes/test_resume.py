"""A killed run, started again, ends where an unbroken one does."""

import json

import pytest
import torch
from runs import SHORT, run_recipe

pytestmark = pytest.mark.slow

# Ends the process without any clean-up, in the middle of an epoch.
KILLER = """
import os, sys
sys.path.insert(0, os.getcwd())
import train
from speechbrain_bifsmn.core import KeywordBrain

whole = KeywordBrain.on_fit_batch_end

def killed(self, *arguments):
    whole(self, *arguments)
    epochs = len(self.hparams.history.rows)
    if (self.hparams.stage, epochs, self.step) == ({stage!r}, {epoch}, 3):
        os._exit(9)

KeywordBrain.on_fit_batch_end = killed
train.main()
"""


def weights(folder, stage):
    (path,) = sorted(folder.glob(f"save/{stage}/CKPT*/counter.ckpt"))[-1:]
    parts = ("model.ckpt", "averaged.ckpt")
    return {
        (part, name): value
        for part in parts
        for name, value in torch.load(
            path.with_name(part), weights_only=True
        ).items()
    }


@pytest.mark.parametrize("epoch", [0, 1])
@pytest.mark.parametrize("stage", ["teacher", "student"])
def test_exact(stage, epoch, trained, tones, tmp_path):
    output = tmp_path / "output"
    arguments = [
        "hparams/bifsmnv2.yaml",
        f"--data_folder={tones}",
        f"--output_folder={output}",
        *SHORT,
    ]
    script = tmp_path / "killer.py"
    script.write_text(KILLER.format(stage=stage, epoch=epoch))
    assert run_recipe(*arguments, script=script).returncode == 9
    done = run_recipe(*arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    for part in ("teacher", "student"):
        expected = weights(trained, part)
        for name, value in weights(output, part).items():
            assert torch.equal(value, expected[name]), (part, name)
    ours, theirs = (
        json.loads((folder / "results.json").read_text())
        for folder in (output, trained)
    )
    assert ours["accuracy"] == theirs["accuracy"]
