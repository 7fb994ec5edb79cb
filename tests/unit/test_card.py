"""A card says what the files beside it say."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from small_corpus import write_corpus

from speechbrain_bifsmn.evaluation.card import make_card
from speechbrain_bifsmn.evaluation.run import evaluate_model
from speechbrain_bifsmn.pretrained import MODEL

ROOT = Path(__file__).resolve().parents[2]
TUNED = {
    "rejects_percent": 12.5,
    "rejects_interval": [10.0, 15.0],
    "per_hour": 0.25,
    "per_hour_interval": [0.1, 0.5],
    "hours": 4.0,
}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A folder with every file that a card can be made of."""
    folder = tmp_path_factory.mktemp("measured")
    corpus = write_corpus(folder / "corpus")
    noise = np.random.default_rng(0).standard_normal(40000) / 10
    (folder / "negatives").mkdir()
    soundfile.write(folder / "negatives" / "noise.flac", noise, 16000)
    evaluation = evaluate_model(
        MODEL, corpus, True, folder / "negatives", "bifsmn evaluate corpus"
    )
    tune = {
        "wanted_per_hour": 0.5,
        "chosen_on": {"hours": 3.0},
        "shared": {
            "thresholds": {"yes": 0.9375, "no": 0.9375},
            "smoothing": 8,
            "depths": {"0": TUNED},
        },
    }
    for name, content in (("evaluation", evaluation), ("tune", tune)):
        (folder / f"{name}.json").write_text(json.dumps(content))
    docs, bench = ROOT / "docs" / "results", ROOT / "benchmarks" / "results"
    shutil.copy(docs / "v1_subset_12.json", folder / "results.json")
    shutil.copy(bench / "engine.json", folder)
    return folder


def load(folder, name):
    return json.loads((folder / f"{name}.json").read_text())


def sections(card):
    return re.findall("^## (.*)$", card, re.MULTILINE)


def test_every_section(measured):
    assert sections(make_card(measured)) == [
        "Use",
        "Accuracy by class",
        "Robustness",
        "Speakers",
        "False alarms",
        "Operating point",
        "Size",
        "Speed",
        "Limits",
        "Training",
        "Licence",
    ]


def test_the_figures_are_those_of_the_files(measured):
    card = make_card(measured)
    evaluation, results = (
        load(measured, "evaluation"),
        load(measured, "results"),
    )
    low, high = evaluation["interval"]["torch"]["1"]
    accuracy = evaluation["accuracy"]["torch"]["1"]
    assert f"{accuracy:.1f} ({low:.1f} to {high:.1f})" in card
    for row in evaluation["robustness"]["conditions"]:
        text = f"| {row['name']} {row['level']} {row['unit']}".rstrip()
        assert f"{text} | {row['accuracy']['0']:.1f} (" in card
    assert evaluation["model"]["crc32"] in card
    assert evaluation["command"] in card and evaluation["commit"][:12] in card
    assert results["command"] in card and f"seed {results['seed']}" in card
    assert f"{results['exported']['bytes']:,} bytes" in card
    counts = load(measured, "engine")["arm_instructions"]
    assert f"{counts['2']:,}" in card
    assert "| keywords rejected, % | 12.5 (10.0 to 15.0) |" in card
    assert "threshold 0.9375, mean of 8 windows" in card


def test_a_changed_figure_changes_the_card(measured, tmp_path):
    folder = shutil.copytree(measured, tmp_path / "folder")
    evaluation = load(folder, "evaluation")
    evaluation["accuracy"]["torch"]["0"] = 12.3456
    (folder / "evaluation.json").write_text(json.dumps(evaluation))
    assert "| torch | 12.3 (" in make_card(folder)


def test_what_is_not_there_is_left_out(measured, tmp_path):
    shutil.copy(measured / "results.json", tmp_path)
    card = make_card(tmp_path)
    assert sections(card) == ["Use", "Size", "Limits", "Training", "Licence"]


def test_synthetic_speech_is_no_data_set(measured, tmp_path):
    results = load(measured, "results") | {"data": "synthetic speech"}
    (tmp_path / "results.json").write_text(json.dumps(results))
    card = make_card(tmp_path)
    assert "google/speech_commands" not in card and "Warden" not in card


def test_tables_are_rectangular(measured):
    for block in re.findall(r"(?:^\|.*\n)+", make_card(measured), re.MULTILINE):
        assert len({line.count("|") for line in block.splitlines()}) == 1
