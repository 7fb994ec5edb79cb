"""A published folder is whole, loads anywhere, and is told by its card."""

import json
import shutil

import pytest
import torch
import yaml
from finished_run import LABELS, SIZES, write_run
from random_networks import random_network

from bifsmn_engine.cli import main
from bifsmn_engine.format import model_file
from bifsmn_engine.loading import load_model
from speechbrain_bifsmn.deploy.folding import fold
from speechbrain_bifsmn.deploy.writer import write_model
from speechbrain_bifsmn.files.owned import MARKER
from speechbrain_bifsmn.lobes.features import LogMel
from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
from speechbrain_bifsmn.lobes.models.dfsmn import DFSMN
from speechbrain_bifsmn.lobes.models.speech_embedding import SpeechEmbedding
from speechbrain_bifsmn.pretrained import FOLDER
from speechbrain_bifsmn.publishing import folder as publishing
from speechbrain_bifsmn.publishing.card import make_card
from speechbrain_bifsmn.publishing.loading import check_loads
from speechbrain_bifsmn.runs.folder import TEACHER, open_run
from speechbrain_bifsmn.runs.weights import load_weights


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Read by all tests, changed by none."""
    return write_run(tmp_path_factory.mktemp("run"))


@pytest.fixture
def own_run(run, tmp_path):
    """A copy to change."""
    return shutil.copytree(run, tmp_path / "run")


@pytest.fixture(scope="module")
def published(run, tmp_path_factory):
    """What the command makes of it; it has been loaded in a process."""
    out = tmp_path_factory.mktemp("hub") / "model"
    sample = run / "model.bifsmn"  # stands for a clip
    words = ["publish", run, out, "--samples", sample, "--data-note", "Two."]
    assert main([*map(str, words)]) == 0
    return out


@pytest.fixture
def unchecked(monkeypatch):
    """Leaves out the process of its own, which takes seconds."""
    monkeypatch.setattr(publishing, "check_loads", lambda folder: None)


@pytest.mark.slow
def test_the_folder_is_whole(published, run):
    assert {path.name for path in published.iterdir()} == {
        *publishing.STATIC,
        *publishing.COPIED,
        *(set(publishing.MADE) - {"engine.json"}),
        MARKER,
    }
    assert [path.name for path in published.parent.iterdir()] == ["model"]
    for name in publishing.COPIED:
        assert (published / name).read_bytes() == (run / name).read_bytes()
    assert (published / "samples" / "model.bifsmn").is_file()


@pytest.mark.slow
def test_the_weights_are_those_of_the_best_epoch(published):
    student = BiDFSMN(4, **SIZES)
    load_weights(student, published / "student.safetensors")
    best = random_network(classes=4, frames=32, **SIZES).state_dict()
    for name, value in student.state_dict().items():
        assert torch.equal(value, best[name]), name
    teacher = DFSMN(4, **SIZES)
    load_weights(teacher, published / "teacher.safetensors")
    larger = SpeechEmbedding(4)
    load_weights(larger, published / "large_teacher.safetensors")
    half = (published / "teacher.safetensors").stat().st_size
    assert half < 0.6 * 4 * sum(p.numel() for p in teacher.parameters())


@pytest.mark.slow
def test_the_card_is_that_of_the_files(published):
    card = (published / "README.md").read_text()
    assert card == make_card(published)
    head = yaml.safe_load(card.split("---")[1])
    assert head["library_name"] == "speechbrain"
    assert head["datasets"] == ["google/speech_commands"]
    assert "CC BY 4.0" in card and "Two." in card
    assert "1 speakers are in two splits" in card
    assert "| training | 3 | 2 |" in card
    assert "python train.py some.yaml" in card and "seed 1" in card
    assert (
        f"a larger teacher, whose weights have the SHA-256 `{'0f' * 32}`"
        in (card)
    )
    assert "## Robustness" not in card  # nobody has measured it


@pytest.mark.slow
def test_publishing_again_replaces_it(published, run, unchecked):
    before = (published / "README.md").read_text()
    publishing.publish(run, published)
    assert (published / "README.md").read_text() != before
    assert (published / "README.md").read_text() == make_card(published)
    assert not (published / "samples").exists()
    assert [path.name for path in published.parent.iterdir()] == ["model"]


def test_a_folder_of_something_else_is_left_alone(run, tmp_path, unchecked):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(FileExistsError, match="found others, as thesis.tex at"):
        publishing.publish(run, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_nothing_is_left_of_a_failure(run, tmp_path, monkeypatch):
    def fail(folder):
        assert (folder / "model.bifsmn").is_file()
        raise RuntimeError("does not load")

    monkeypatch.setattr(publishing, "check_loads", fail)
    with pytest.raises(RuntimeError, match="does not load"):
        publishing.publish(run, tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_folder_that_does_not_load(published, tmp_path):
    broken = shutil.copytree(published, tmp_path / "broken")
    (broken / "hyperparams.yaml").write_text("modules: {}\n")
    with pytest.raises(
        RuntimeError, match="expected a folder that SpeechBrain"
    ):
        check_loads(broken)


@pytest.mark.parametrize("name", ["results.json", TEACHER])
def test_a_run_that_has_not_finished(own_run, name, capsys):
    (own_run / name).unlink()
    assert main(["publish", str(own_run), str(own_run / "out")]) == 1
    assert f"found no {name} in" in capsys.readouterr().err


def test_a_model_file_of_another_epoch(own_run, tmp_path, unchecked):
    other = random_network(classes=4, seed=1, frames=32, **SIZES)
    folded = fold(other, LABELS, LogMel(n_mels=20), provenance="Made up.")
    write_model(folded, own_run / "model.bifsmn")
    with pytest.raises(ValueError, match="expected the student's best epoch"):
        publishing.publish(own_run, tmp_path / "out")


def test_a_tuned_model_file_is_that_of_the_same_epoch(own_run, unchecked):
    path = own_run / "model.bifsmn"
    model = model_file.read(path)
    thresholds = [0.875, *model.thresholds[1:]]
    config = model.config._replace(smoothing=16)
    write_model(model._replace(config=config, thresholds=thresholds), path)
    out = own_run.parent / "out"
    publishing.publish(own_run, out)
    published = load_model(out / "model.bifsmn", "torch")
    assert published.thresholds == {LABELS[0]: 0.875, LABELS[1]: 0.5}


def test_figures_of_another_model_file(own_run, tmp_path, unchecked):
    figures = {"model": {"crc32": "00000000"}}
    (own_run / "evaluation.json").write_text(json.dumps(figures))
    with pytest.raises(
        ValueError, match="those of 00000000; evaluate it again"
    ):
        publishing.publish(own_run, tmp_path / "out")


def test_the_front_end_is_stated_where_it_is_unusual(run, tmp_path, unchecked):
    publishing.publish(run, tmp_path / "out")
    text = (tmp_path / "out" / "hyperparams.yaml").read_text()
    assert "LogMel\n    n_mels: 20\n" in text


def test_counts_of_the_data(run):
    data = open_run(run).data()
    assert data["splits"]["training"] == {
        "clips": 3,
        "speakers": 2,
        "labels": {"yes": 2, "silence": 1},
    }
    assert data["speakers_in_two_splits"] == 1


def test_the_shipped_card_is_that_of_the_shipped_figures():
    if not (FOLDER / "results.json").is_file():
        pytest.skip("no run has been published there yet")
    assert (FOLDER / "README.md").read_text() == make_card(FOLDER)


def test_the_shipped_folder_is_small():
    assert sum(publishing.sizes_of(FOLDER).values()) < 5_000_000
