"""Preparation of Speech Commands: splits, draws, damage."""

import csv
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from runs import RECIPE, WORDS

sys.path.insert(0, str(RECIPE.parent))
from speech_commands_prepare import (  # noqa: E402
    COMMANDS,
    prepare_speech_commands,
    summary,
    task_labels,
)


@pytest.fixture
def corpus(tones, tmp_path):
    """A copy of the tones that a test may damage."""
    return shutil.copytree(tones, tmp_path / "corpus")


def rows(folder, split):
    with open(folder / "manifest" / f"{split}.csv", newline="") as file:
        return list(csv.DictReader(file))


def manifests(folder):
    return {p.name: p.read_bytes() for p in (folder / "manifest").iterdir()}


def test_counts_of_the_twelve_class_task(tones, tmp_path):
    counts = prepare_speech_commands(tones, tmp_path)
    assert counts["train"] == dict.fromkeys(COMMANDS, 12) | {
        "unknown": 12,
        "silence": 12,
    }
    assert counts["test"]["unknown"] == counts["test"]["silence"] == 3
    assert len(rows(tmp_path, "train")) == 144
    assert "train" in summary(counts, task_labels(12))


def test_clips_follow_the_official_lists(tones, tmp_path):
    prepare_speech_commands(tones, tmp_path)
    for split, name in (("valid", "validation"), ("test", "testing")):
        listed = (tones / f"{name}_list.txt").read_text().split()
        for row in rows(tmp_path, split):
            if row["label"] != "silence":
                assert row["wav"].removeprefix("$data_root/") in listed
    train = {row["wav"] for row in rows(tmp_path, "train")}
    assert not any("validation" in wav or "testing" in wav for wav in train)


def test_silence_of_the_splits_is_disjoint(tones, tmp_path):
    prepare_speech_commands(tones, tmp_path, silence_percentage=200)
    spans = {
        split: {
            (row["wav"], sample)
            for row in rows(tmp_path, split)
            if row["label"] == "silence"
            for sample in range(int(row["start"]), int(row["stop"]), 100)
        }
        for split in ("train", "valid", "test")
    }
    noise = rows(tmp_path, "noise")
    for split in ("valid", "test"):
        assert not spans["train"] & spans[split]
        for wav, sample in spans[split]:
            (row,) = [row for row in noise if row["wav"] == wav]
            assert sample >= int(row["stop"])  # never mixed into training
    assert not spans["valid"] & spans["test"]


def test_the_same_on_every_machine(tones, corpus, tmp_path, monkeypatch):
    prepare_speech_commands(tones, tmp_path / "a", unknown_percentage=5)
    expected = manifests(tmp_path / "a")
    prepare_speech_commands(tones, tmp_path / "a", unknown_percentage=5)
    assert manifests(tmp_path / "a") == expected
    scandir, listdir = os.scandir, os.listdir
    monkeypatch.setattr(os, "listdir", lambda p=".": listdir(p)[::-1])

    class Reversed:
        def __init__(self, path):
            self.entries = sorted(scandir(path), key=lambda e: e.name)[::-1]

        def __enter__(self):
            return iter(self.entries)

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(os, "scandir", Reversed)
    prepare_speech_commands(corpus, tmp_path / "b", unknown_percentage=5)
    monkeypatch.undo()
    assert manifests(tmp_path / "b") == expected


def test_another_seed_draws_others(tones, tmp_path):
    for seed in (1, 2):
        prepare_speech_commands(
            tones, tmp_path / str(seed), seed=seed, unknown_percentage=5
        )
    assert rows(tmp_path / "1", "train") != rows(tmp_path / "2", "train")
    words = [
        [row for row in rows(tmp_path / seed, "test") if row["label"] in WORDS]
        for seed in "12"
    ]
    assert words[0] == words[1]


def test_stray_files_are_left_alone(corpus, tmp_path):
    (corpus / "yes" / ".hidden.wav").write_bytes(b"")
    (corpus / "yes" / "notes.txt").write_text("x")
    (corpus / ".git").mkdir()
    (corpus / "README.md").write_text("x")
    counts = prepare_speech_commands(corpus, tmp_path)
    assert counts["train"]["yes"] == 12


def test_every_damaged_file_is_named_once(corpus, tmp_path):
    damage = {
        "yes/train0_nohash_0.wav": b"",
        "no/train1_nohash_0.wav": b"not audio",
        "go/testing15_nohash_0.wav": b"RIFF\0\0\0\0WAVE",
    }
    for name, content in damage.items():
        (corpus / name).write_bytes(content)
    others = {
        "up/train0_nohash_0.wav": (8000, 1),
        "on/train0_nohash_0.wav": (16000, 2),
    }
    for name, (rate, channels) in others.items():
        soundfile.write(corpus / name, np.zeros((99, channels)), rate)
    with pytest.raises(ValueError, match="found 5 damaged") as error:
        prepare_speech_commands(corpus, tmp_path / "out")
    text = str(error.value)
    assert all(text.count(name) == 1 for name in {**damage, **others})
    assert "8000 Hz" in text and "2 channel" in text
    assert not (tmp_path / "out").exists()


def test_a_listed_clip_that_is_missing(corpus, tmp_path):
    (corpus / "yes" / "testing15_nohash_0.wav").unlink()
    with pytest.raises(ValueError, match="yes/testing15_nohash_0.wav: in an"):
        prepare_speech_commands(corpus, tmp_path)


@pytest.mark.parametrize(
    ("remove", "error", "message"),
    [
        ("testing_list.txt", FileNotFoundError, "official list testing_list"),
        ("_background_noise_", ValueError, "expected recordings in"),
        ("stop", ValueError, "in an official list, not there"),
    ],
)
def test_what_is_missing_is_named(corpus, tmp_path, remove, error, message):
    path = corpus / remove
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(error, match=message):
        prepare_speech_commands(corpus, tmp_path)


def test_a_word_without_clips(tones, tmp_path):
    with pytest.raises(ValueError, match="found none of zero, one"):
        prepare_speech_commands(tones, tmp_path, classes=20)


def test_tasks():
    assert task_labels(12)[10:] == ["unknown", "silence"]
    assert len(set(task_labels(20))) == 20 and len(set(task_labels(35))) == 35
    with pytest.raises(ValueError, match="expected 12, 20 or 35, got 30"):
        task_labels(30)


def test_from_the_command_line(tones, tmp_path):
    script = RECIPE.parent / "speech_commands_prepare.py"

    def run(*arguments):
        command = [sys.executable, str(script), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True)

    folders = [f"--data_folder={tones}", f"--save_folder={tmp_path}"]
    done = run(*folders)
    assert done.returncode == 0 and "silence" in done.stdout
    done = run("--data_folder=nowhere", folders[1])
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "--classes" in run("--help").stdout
