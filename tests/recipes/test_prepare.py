"""Preparation of Speech Commands: splits, draws, protocols, damage."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from runs import RECIPE

from speechbrain_bifsmn.dataio.keywords import keyword_dataset
from speechbrain_bifsmn.dataio.tasks import Task
from speechbrain_bifsmn.dataio.words import COMMANDS, task_labels

sys.path.insert(0, str(RECIPE.parent))
from speech_commands_prepare import prepare_speech_commands  # noqa: E402

TWELVE = Task(task_labels(12))
FEW_UNKNOWN = TWELVE._replace(unknown_percentage=5)


@pytest.fixture
def corpus(tones, tmp_path):
    """A copy of the tones that a test may damage."""
    return shutil.copytree(tones, tmp_path / "corpus")


def rows(folder, split):
    with open(folder / "manifest" / f"{split}.csv", newline="") as file:
        return list(csv.DictReader(file))


def manifests(folder):
    return {p.name: p.read_bytes() for p in (folder / "manifest").iterdir()}


def counts(text):
    """{label: [train, valid, test]} of what is printed."""
    lines = [line.rsplit(maxsplit=3) for line in text.splitlines()[2:-1]]
    return {label: [int(n) for n in numbers] for label, *numbers in lines}


def test_counts_of_the_twelve_class_task(tones, tmp_path):
    text = prepare_speech_commands(tones, tmp_path, TWELVE)
    expected = dict.fromkeys(TWELVE.labels, [12, 3, 3])
    expected |= {"all": [144, 36, 36], "speakers": [12, 3, 3]}
    assert counts(text) == expected
    assert text.startswith("Speech Commands 0.01, standard protocol, test ")
    assert "speakers in common: 0 train/valid, 0 train/test" in text
    assert len(rows(tmp_path, "train")) == 144


def test_clips_follow_the_official_lists(tones, tmp_path):
    prepare_speech_commands(tones, tmp_path, TWELVE)
    for split, name in (("valid", "validation"), ("test", "testing")):
        listed = (tones / f"{name}_list.txt").read_text().split()
        for row in rows(tmp_path, split):
            if row["label"] != "silence":
                assert row["wav"].removeprefix("$data_root/") in listed
    train = {row["wav"] for row in rows(tmp_path, "train")}
    assert not any("validation" in wav or "testing" in wav for wav in train)


def test_silence_of_the_splits_is_disjoint(tones, tmp_path):
    loud = TWELVE._replace(silence_percentage=200)
    prepare_speech_commands(tones, tmp_path, loud)
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
    prepare_speech_commands(tones, tmp_path / "a", FEW_UNKNOWN)
    expected = manifests(tmp_path / "a")
    prepare_speech_commands(tones, tmp_path / "a", FEW_UNKNOWN)
    assert manifests(tmp_path / "a") == expected
    scandir, listdir = os.scandir, os.listdir
    monkeypatch.setattr(os, "listdir", lambda p=".": listdir(p)[::-1])

    class Reversed:
        def __init__(self, path):
            entries = sorted(scandir(path), key=lambda e: e.name)
            self.entries = iter(entries[::-1])

        def __enter__(self):
            return self

        def __iter__(self):
            return self

        def __next__(self):
            return next(self.entries)

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(os, "scandir", Reversed)
    prepare_speech_commands(corpus, tmp_path / "b", FEW_UNKNOWN)
    monkeypatch.undo()
    assert manifests(tmp_path / "b") == expected


def test_stray_files_are_left_alone(corpus, tmp_path):
    (corpus / "yes" / ".hidden.wav").write_bytes(b"")
    (corpus / "yes" / "notes.txt").write_text("x")
    (corpus / ".git").mkdir()
    (corpus / "_old_").mkdir()
    (corpus / "_old_" / "x_nohash_0.wav").write_bytes(b"")
    (corpus / "README.md").write_text("x")
    text = prepare_speech_commands(corpus, tmp_path, TWELVE)
    assert counts(text)["yes"] == [12, 3, 3]


def test_doubled_endings(corpus, tmp_path):
    """Twice ``.wav`` is a copy, or stands for the name with one."""
    twice = corpus / "yes" / "validation12_nohash_0.wav.wav"
    (corpus / "yes" / "validation12_nohash_0.wav").rename(twice)
    copy = corpus / "no" / "train0_nohash_0.wav.wav"
    shutil.copy(corpus / "no" / "train0_nohash_0.wav", copy)
    text = prepare_speech_commands(corpus, tmp_path, TWELVE)
    assert counts(text)["yes"] == counts(text)["no"] == [12, 3, 3]
    assert "$data_root/yes/validation12_nohash_0.wav.wav" in {
        row["wav"] for row in rows(tmp_path, "valid")
    }


def test_clips_of_other_lengths(corpus, tmp_path):
    for name, samples in (("train0", 7000), ("train1", 20000)):
        path = corpus / "yes" / f"{name}_nohash_0.wav"
        soundfile.write(path, np.full(samples, 0.5), 16000)
    prepare_speech_commands(corpus, tmp_path, TWELVE)
    clips = keyword_dataset(
        tmp_path / "manifest" / "train.csv", corpus, TWELVE.labels
    )
    short = clips[clips.data_ids.index("yes/train0_nohash_0_0_1")]["sig"]
    long = clips[clips.data_ids.index("yes/train1_nohash_0_0_1")]["sig"]
    assert short.shape == long.shape == (16000,)
    assert short[6999] > 0.4 and not short[7000:].any() and long[-1] > 0.4


def test_a_test_set_does_not_depend_on_what_is_not_in_it(corpus, tmp_path):
    prepare_speech_commands(corpus, tmp_path / "all", FEW_UNKNOWN)
    for path in (corpus / "cat").glob("train1*"):
        path.unlink()
    prepare_speech_commands(corpus, tmp_path / "less", FEW_UNKNOWN)
    assert rows(tmp_path / "all", "test") == rows(tmp_path / "less", "test")


def test_the_protocol_of_the_paper(tones, tmp_path):
    paper = TWELVE._replace(protocol="paper")
    text = prepare_speech_commands(tones, tmp_path, paper)
    assert counts(text)["unknown"] == [12, 3, 3]
    assert counts(text)["silence"] == [13, 3, 3]  # 10 % of 132 and of 33
    clips = keyword_dataset(
        tmp_path / "manifest" / "test.csv", tones, paper.labels
    )
    silence = [c["sig"] for c in clips if c["target"] == 11]
    assert len(silence) == 3 and not any(clip.any() for clip in silence)
    with pytest.raises(ValueError, match="standard, paper, got 'tf'"):
        prepare_speech_commands(tones, tmp_path, TWELVE._replace(protocol="tf"))


@pytest.mark.parametrize("beside", [False, True])
def test_the_official_test_set(corpus, tmp_path, beside):
    name = "speech_commands_test_set_v0.01"
    folder = (corpus.parent if beside else corpus) / name
    clip = corpus / "go" / "testing15_nohash_0.wav"
    for place, wav in {
        "yes": "0a7c2a8d_nohash_0.wav",
        "_unknown_": "bed_0a7c2a8d_nohash_0.wav.wav",
        "_silence_": "0.wav",
    }.items():
        (folder / place).mkdir(parents=True)
        shutil.copy(clip, folder / place / wav)
    with pytest.raises(ValueError, match="found none of no, up"):
        prepare_speech_commands(corpus, tmp_path / "out", TWELVE)
    for word in COMMANDS[1:]:
        (folder / word).mkdir()
        shutil.copy(clip, folder / word / "0a7c2a8d_nohash_0.wav")
    text = prepare_speech_commands(corpus, tmp_path / "out", TWELVE)
    assert "test clips from the official test set" in text
    assert counts(text)["unknown"] == [12, 3, 1]
    found = rows(tmp_path / "out", "test")
    assert len(found) == 12 and {row["speaker"] for row in found} == {
        "0a7c2a8d",
        "0",
    }
    clips = keyword_dataset(
        tmp_path / "out/manifest/test.csv", corpus, TWELVE.labels
    )
    assert clips[0]["sig"].any()
    paper = TWELVE._replace(protocol="paper")
    text = prepare_speech_commands(corpus, tmp_path / "paper", paper)
    assert "test clips from the testing list" in text


def test_own_keywords(tones, tmp_path):
    task = Task(["stop", "cat", "unknown", "silence"], unknown_percentage=100)
    found = counts(prepare_speech_commands(tones, tmp_path, task))
    assert list(found) == [*task.labels, "all", "speakers"]
    assert found["cat"] == [12, 3, 3] and found["unknown"] == [9 * 12, 6, 6]
    assert "yes" not in {row["label"] for row in rows(tmp_path, "train")}


def test_all_unknown_words_of_training_are_listed_to_draw_from(tones, tmp_path):
    task = Task(["stop", "unknown", "silence"])
    found = counts(prepare_speech_commands(tones, tmp_path, task))
    assert found["unknown"] == [10 * 12, 1, 1]
    assert found["stop"] == [12, 3, 3] and found["silence"] == [2, 1, 1]


def test_a_share_of_the_training_clips(tones, tmp_path):
    shares, found = (25, 50, 100), []
    for share in shares:
        task = TWELVE._replace(train_percentage=share)
        prepare_speech_commands(tones, tmp_path / str(share), task)
        listed = rows(tmp_path / str(share), "train")
        found.append({row["ID"] for row in listed if row["label"] == "yes"})
    assert list(map(len, found)) == [3, 6, 12]
    assert found[0] < found[1] < found[2]


def test_a_test_set_by_name(corpus, tmp_path):
    folder = tmp_path / "deep" / "elsewhere"
    clip = next((corpus / "yes").glob("*.wav"))
    for name in (*TWELVE.labels[:10], "_unknown_", "_silence_"):
        (folder / name).mkdir(parents=True)
        shutil.copy(clip, folder / name)
    (tmp_path / "link").symlink_to(corpus)
    for data in (corpus, tmp_path / "link"):
        text = prepare_speech_commands(data, tmp_path / "out", TWELVE)
        assert "test clips from the testing list" in text
        text = prepare_speech_commands(
            data, tmp_path / "out", TWELVE, test_set=folder
        )
        assert "test clips from the official test set" in text
        listed = rows(tmp_path / "out", "test")
        assert len(listed) == 12
        wav = listed[0]["wav"].replace("$data_root", str(data))
        assert Path(wav).is_file()
    with pytest.raises(FileNotFoundError, match="^test_set: expected the unp"):
        prepare_speech_commands(
            corpus, tmp_path / "odd", TWELVE, test_set=tmp_path
        )


def test_versions(corpus, tmp_path):
    text = prepare_speech_commands(corpus, tmp_path, TWELVE, 0.01)
    assert text.startswith("Speech Commands 0.01")
    with pytest.raises(ValueError, match="expected 0.02, found the words of"):
        prepare_speech_commands(corpus, tmp_path, TWELVE, "0.02")
    (corpus / "cat").rename(corpus / "visual")
    for name in ("validation_list.txt", "testing_list.txt"):
        text = (corpus / name).read_text().replace("cat/", "visual/")
        (corpus / name).write_text(text)
    text = prepare_speech_commands(corpus, tmp_path, TWELVE)
    assert text.startswith("Speech Commands 0.02")
    with pytest.raises(ValueError, match="expected 0.01, found"):
        prepare_speech_commands(corpus, tmp_path, TWELVE, "0.01")
    with pytest.raises(ValueError, match="expected one of 0.01, 0.02, got 3"):
        prepare_speech_commands(corpus, tmp_path, TWELVE, "3")


def test_json_holds_the_same_clips(tones, tmp_path):
    folders = {}
    for kind in ("csv", "json"):
        folders[kind] = tmp_path / kind / "manifest"
        options = {"manifest_format": kind}
        prepare_speech_commands(tones, tmp_path / kind, TWELVE, **options)
    entries = json.loads((folders["json"] / "valid.json").read_text())
    for row in rows(tmp_path / "csv", "valid"):
        entry = entries[row["ID"]]
        assert entry["wav"] == row["wav"].replace("$data_root", "{data_root}")
        assert entry["label"] == row["label"]
    csv_clips, json_clips = (
        keyword_dataset(folder / f"valid.{kind}", tones, TWELVE.labels)
        for kind, folder in folders.items()
    )
    assert csv_clips.data_ids == json_clips.data_ids
    assert all(
        (a["sig"] == b["sig"]).all() and a["target"] == b["target"]
        for a, b in zip(csv_clips, json_clips, strict=True)
    )
    with pytest.raises(ValueError, match="expected .csv or .json"):
        prepare_speech_commands(tones, tmp_path, TWELVE, manifest_format="txt")


def test_every_damaged_file_is_named_once(corpus, tmp_path):
    damage = {
        "yes/train0_nohash_0.wav": b"",
        "no/train1_nohash_0.wav": b"not audio",
        "go/testing15_nohash_0.wav": b"RIFF\0\0\0\0WAVE",
    }
    for name, content in damage.items():
        (corpus / name).write_bytes(content)
    whole = (corpus / "left/train2_nohash_0.wav").read_bytes()
    (corpus / "left/train2_nohash_0.wav").write_bytes(whole[:9000])
    damage["left/train2_nohash_0.wav"] = b""
    others = {
        "up/train0_nohash_0.wav": (8000, 1),
        "on/train0_nohash_0.wav": (16000, 2),
    }
    for name, (rate, channels) in others.items():
        soundfile.write(corpus / name, np.zeros((99, channels)), rate)
    with pytest.raises(ValueError, match="found 6 damaged") as error:
        prepare_speech_commands(corpus, tmp_path / "out", TWELVE)
    text = str(error.value)
    assert "train2_nohash_0.wav: expected as much audio as its header" in text
    assert all(text.count(name) == 1 for name in {**damage, **others})
    assert "8000 Hz" in text and "2 channel" in text
    assert not (tmp_path / "out").exists()


def test_clips_that_were_streamed_are_counted_to_their_end(corpus, tmp_path):
    """As ffmpeg, sox and a recorder without a battery leave them."""
    for place, length in enumerate((0xFFFFFFFF, 0x7FFFF000, 0)):
        path = corpus / "yes" / f"train{place}_nohash_0.wav"
        content = bytearray(path.read_bytes())
        content[4:8] = content[40:44] = length.to_bytes(4, "little")
        path.write_bytes(content)
    prepare_speech_commands(corpus, tmp_path, TWELVE)
    stops = {row["wav"]: row["stop"] for row in rows(tmp_path, "train")}
    for place in range(3):
        assert stops[f"$data_root/yes/train{place}_nohash_0.wav"] == "16000"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes there")
def test_a_pipe_is_not_waited_for(corpus, tmp_path):
    (corpus / "yes" / "train0_nohash_0.wav").unlink()
    os.mkfifo(corpus / "yes" / "train0_nohash_0.wav")
    with pytest.raises(ValueError, match="train0.*found a device or a pipe"):
        prepare_speech_commands(corpus, tmp_path, TWELVE)


def test_background_noise_of_hours_is_refused(corpus, tmp_path):
    """Two megabytes that would fill the memory of training."""
    hours = corpus / "_background_noise_" / "hours.wav"
    with soundfile.SoundFile(
        hours, "w", 16000, 1, format="FLAC", compression_level=0.5
    ) as file:
        for _ in range(61):
            file.write(np.zeros(60 * 16000, np.int16))
    assert hours.stat().st_size < 3_000_000
    with pytest.raises(ValueError, match="hours.wav: expected 160000 to 576"):
        prepare_speech_commands(corpus, tmp_path, TWELVE)


def test_a_listed_clip_that_is_missing(corpus, tmp_path):
    (corpus / "yes" / "testing15_nohash_0.wav").unlink()
    with pytest.raises(ValueError, match="none for 1 .yes/testing15_noh"):
        prepare_speech_commands(corpus, tmp_path, TWELVE)


@pytest.mark.parametrize(
    ("remove", "error", "message"),
    [
        ("testing_list.txt", FileNotFoundError, "found no testing_list.txt"),
        ("_background_noise_", ValueError, "expected recordings in"),
        ("stop", ValueError, "validation_list.txt: .* none for 3 .stop/val"),
    ],
)
def test_what_is_missing_is_named(corpus, tmp_path, remove, error, message):
    path = corpus / remove
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(error, match=message):
        prepare_speech_commands(corpus, tmp_path, TWELVE)


def test_a_word_without_clips(tones, tmp_path):
    with pytest.raises(ValueError, match="found none of zero, one"):
        prepare_speech_commands(tones, tmp_path, Task(task_labels(20)))


def test_a_clip_in_both_lists(corpus, tmp_path):
    with open(corpus / "validation_list.txt", "a") as file:
        file.write("yes/testing15_nohash_0.wav\n")
    with pytest.raises(ValueError, match="yes/testing15_nohash_0.wav in both"):
        prepare_speech_commands(corpus, tmp_path, TWELVE)


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
    done = run(*folders, "--version=0.02")
    assert done.returncode == 2 and "found the words of 0.01" in done.stderr
    assert "--classes" in run("--help").stdout
