"""A card says what the files beside it say."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from small_corpus import write_corpus

from bifsmn_engine.pretrained import MODEL
from bifsmn_engine.printable import printable
from speechbrain_bifsmn.evaluation.run import evaluate_model
from speechbrain_bifsmn.publishing.card import make_card

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
        "thresholds": {"yes": 0.9375, "no": 0.75},
        "smoothing": 8,
        "thinnings": {"1": TUNED},
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
        assert f"{text} | {row['accuracy']['1']:.1f} (" in card
    assert evaluation["model"]["crc32"] in card
    assert evaluation["command"] in card and evaluation["commit"][:12] in card
    assert results["command"] in card and f"seed {results['seed']}" in card
    assert f"{results['exported']['bytes']:,} bytes" in card
    counts = load(measured, "engine")["arm_instructions"]
    assert f"{counts['2']:,}" in card
    assert "| keywords rejected, % | 12.5 (10.0 to 15.0) |" in card
    assert "mean of 8 windows; thresholds: yes 0.9375, no 0.75" in card


def test_a_changed_figure_changes_the_card(measured, tmp_path):
    folder = shutil.copytree(measured, tmp_path / "folder")
    evaluation = load(folder, "evaluation")
    evaluation["accuracy"]["torch"]["1"] = 12.3456
    (folder / "evaluation.json").write_text(json.dumps(evaluation))
    assert "| torch | 12.3 (" in make_card(folder)


def test_the_official_test_set_comes_first(measured, tmp_path):
    results = load(measured, "results")
    for name, test_set in (("with", "official_set"), ("without", "")):
        folder = shutil.copytree(measured, tmp_path / name)
        text = json.dumps(results | {"test_set": test_set})
        (folder / "results.json").write_text(text)
    text, without = (make_card(tmp_path / n) for n in ("with", "without"))
    first, of_others = text.index("`official_set`"), text.index("evaluation.js")
    assert first < of_others
    assert f"{results['test_clips']:,} clips of `official_set`" in text
    assert f"| {results['teacher_accuracy']:.1f} (" in text[:of_others]
    assert "On the official test set" not in without


def test_what_is_not_there_is_left_out(measured, tmp_path):
    shutil.copy(measured / "results.json", tmp_path)
    card = make_card(tmp_path)
    assert sections(card) == ["Use", "Size", "Limits", "Training", "Licence"]


def test_synthetic_speech_is_no_data_set(measured, tmp_path):
    results = load(measured, "results") | {"data": "synthetic speech"}
    (tmp_path / "results.json").write_text(json.dumps(results))
    card = make_card(tmp_path)
    assert "google/speech_commands" not in card and "Warden" not in card


def test_words_that_come_with_the_package_keep_their_licence(
    measured, tmp_path
):
    own = {"task": "Custom keywords: hey robot", "data": "synthetic speech"}
    for shipped, named in ((["negatives"], True), ([], False)):
        results = load(measured, "results") | own | {"shipped": shipped}
        (tmp_path / "results.json").write_text(json.dumps(results))
        card = make_card(tmp_path)
        assert ("google/speech_commands" in card) is named
        assert ("CC BY 4.0" in card) is named


def test_tables_are_rectangular(measured):
    for block in re.findall(r"(?:^\|.*\n)+", make_card(measured), re.MULTILINE):
        assert len({line.count("|") for line in block.splitlines()}) == 1


STRANGE = "```\n# x\n|a|b|\n<img src=x onerror=y> [l](u) *b* \u202e\x1b \\"


def in_each(data):
    """A value of the data in place, with ``STRANGE`` for each of its texts."""
    if isinstance(data, dict):
        return {key: in_each(value) for key, value in data.items()}
    if isinstance(data, list):
        return [in_each(value) for value in data]
    return STRANGE if isinstance(data, str) else data


def test_texts_are_shown_and_not_obeyed(measured, tmp_path):
    """Whatever the files say, headings, tables and code stay as they were."""
    folder = shutil.copytree(measured, tmp_path / "folder")
    evaluation = load(folder, "evaluation")
    strange = json.dumps(in_each(evaluation))
    for label in evaluation["labels"]:  # of which tables are made
        strange = strange.replace(f'"{label}"', json.dumps(STRANGE + label))
    evaluation = json.loads(strange)
    evaluation["labels"] = list(evaluation["per_class"]["1"])
    results = load(folder, "results")
    results |= dict.fromkeys(
        ("task", "data", "command", "yaml", "commit"), STRANGE
    )
    results["labels"] = evaluation["labels"]
    results["versions"] = {STRANGE: STRANGE}
    note = {"note": STRANGE, "speakers_in_two_splits": 0}
    split = {"clips": 1, "speakers": 1, "labels": {STRANGE: 1}}
    note["splits"] = {STRANGE: split}
    for name, content in (
        ("evaluation", evaluation),
        ("results", results),
        ("data", note),
    ):
        (folder / f"{name}.json").write_text(json.dumps(content))
    card = make_card(folder)
    assert (
        sections(card)
        == [*sections(make_card(measured))[:1], "Data"]
        + (sections(make_card(measured))[1:])
    )
    assert all(printable(line) == line for line in card.split("\n"))
    assert card.count("\n```") == make_card(measured).count("\n```")
    bare = re.sub(r"(?s)```.*?\n```", "", card)  # without blocks of code
    spans = re.sub(r"\\.|`[^`\n]*`", "", bare)  # nor escapes and spans
    assert not re.search(r"[`<]|\[l\]", spans)
    for block in re.findall(r"(?:^\|.*\n)+", card, re.MULTILINE):
        bars = [re.sub(r"\\.", "", line) for line in block.splitlines()]
        assert len({line.count("|") for line in bars}) == 1


@pytest.mark.parametrize("name", ["results", "evaluation", "tune", "engine"])
@pytest.mark.parametrize("content", [[], {}, None, 1, "x", {"labels": 1}])
def test_files_of_something_else(measured, tmp_path, name, content):
    folder = shutil.copytree(measured, tmp_path / "folder")
    (folder / f"{name}.json").write_text(json.dumps(content))
    with pytest.raises(
        ValueError, match=f"{name}.json: expected (what|a JSON)"
    ):
        make_card(folder)
