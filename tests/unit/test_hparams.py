"""Small hyperparameter files over a base."""

import pytest
from hyperpyyaml import load_hyperpyyaml

from speechbrain_bifsmn.runs.hparams import base_and_overrides

BASE = """
seed: 1
classes: 12
folder: !ref results/<classes>/<seed>
optimizer: !name:torch.optim.SGD
    lr: 0.1
    momentum: 0.9
"""


def load(path, overrides=""):
    base, merged = base_and_overrides(path, overrides)
    with open(base) as file:
        return load_hyperpyyaml(file, merged, overrides_must_match=True)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "v2.yaml").write_text(
        "base: base.yaml\nclasses: 35\noptimizer:\n    lr: 0.5\n"
    )
    (tmp_path / "tiny.yaml").write_text("base: v2.yaml\nseed: 3\n")
    return tmp_path


def test_a_file_without_base_is_itself(folder):
    base, overrides = base_and_overrides(folder / "base.yaml")
    assert base == folder / "base.yaml" and overrides == {}


def test_changes_reach_references_and_nested_values(folder):
    hparams = load(folder / "v2.yaml")
    assert hparams["folder"] == "results/35/1"
    assert hparams["optimizer"].keywords == {"lr": 0.5, "momentum": 0.9}


def test_a_base_of_a_base(folder):
    assert load(folder / "tiny.yaml")["folder"] == "results/35/3"


def test_the_command_line_comes_first(folder):
    hparams = load(folder / "tiny.yaml", "seed: 9\noptimizer: {lr: 0.7}")
    assert hparams["folder"] == "results/35/9"
    assert hparams["optimizer"].keywords["lr"] == 0.7


def test_references_pass_through(folder):
    hparams = load(folder / "base.yaml", "seed: !ref <classes>")
    assert hparams["folder"] == "results/12/12"


def test_bad_files(folder):
    with pytest.raises(FileNotFoundError, match="found none at .*nope.yaml"):
        base_and_overrides(folder / "nope.yaml")
    (folder / "loop.yaml").write_text("base: loop.yaml\n")
    with pytest.raises(ValueError, match="expected a file without it"):
        base_and_overrides(folder / "loop.yaml")
    with pytest.raises(KeyError, match="typo"):
        load(folder / "v2.yaml", "typo: 1")


def test_what_must_be_given(folder):
    (folder / "own.yaml").write_text("base: base.yaml\nwords: !PLACEHOLDER\n")
    with pytest.raises(ValueError, match="^words: expected a value, got none"):
        base_and_overrides(folder / "own.yaml")
    _, found = base_and_overrides(folder / "own.yaml", "words: 5")
    assert found == {"words": 5}
