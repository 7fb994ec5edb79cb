"""The recipe from end to end."""

import re

import numpy as np
import pytest
import soundfile
from embedding_file import as_onnx
from runs import RECIPE, SHORT, make_tones, results, run_recipe

from bifsmn_engine.format import model_file
from speechbrain_bifsmn.dataio.words import words_of
from speechbrain_bifsmn.lobes.models.bcresnet import BCResNet
from speechbrain_bifsmn.lobes.models.speech_embedding import SpeechEmbedding
from speechbrain_bifsmn.runs.folder import open_run
from speechbrain_bifsmn.runs.weights import save_weights

pytestmark = pytest.mark.slow
YAMLS = sorted(RECIPE.glob("hparams/*.yaml"))


def test_a_run_ends_with_its_table(trained):
    found = results(trained)
    assert list(found["accuracy"]) == ["1", "2", "4"]
    assert found["test_clips"] == 10 * 3 + 3 + 3
    assert found["one_bit_weights"]["1"] == 574_976
    assert found["epochs"] == {"teacher": 2, "student": 2}
    assert found["stored_bytes"]["4"] == 49_972
    assert len(found["labels"]) == 12 and found["seed"] == 1234
    exported = found["exported"]
    file = trained / exported["file"]
    assert file.stat().st_size == exported["bytes"] <= 99_000
    assert list(exported) == ["file", "bytes", "engine"] and exported["engine"]
    screen = (trained / "screen.txt").read_text()
    assert (trained / "results.md").read_text() in screen
    for name in ("curves.png", "confusion_thinning2.png", "train_log.txt"):
        assert (trained / name).stat().st_size > 0
    stages = (trained / "train_log.txt").read_text().splitlines()
    assert [line.split(",")[0] for line in stages] == [
        "stage: teacher",
        "stage: teacher",
        "stage: student",
        "stage: student",
    ]


def test_a_finished_run_is_not_trained_again(trained, tones, tmp_path):
    before = results(trained)
    log = (trained / "train_log.txt").read_text()
    done = run_recipe(
        "hparams/bifsmnv2.yaml",
        f"--data_folder={tones}",
        f"--output_folder={trained}",
        *SHORT,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert results(trained)["accuracy"] == before["accuracy"]
    assert (trained / "train_log.txt").read_text() == log


def test_a_teacher_of_another_architecture(tones, tmp_path):
    done = run_recipe(
        "hparams/bifsmnv2.yaml",
        f"--data_folder={tones}",
        "--teacher_model=!ref <bc_resnet>",
        "--bc_resnet={scale: 0.5, n_mels: 40, frames: 101}",
        "--teacher_features=!ref <fine_features>",
        f"--output_folder={tmp_path}",
        *SHORT,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = results(tmp_path)
    assert found["epochs"] == {"teacher": 2, "student": 2}
    assert found["teacher_macs"] < found["macs"]["1"]
    assert isinstance(open_run(tmp_path).teacher(), BCResNet)


@pytest.fixture(scope="module")
def versions(tmp_path_factory):
    """A small corpus with the words of each version."""
    folders = {}
    for version in ("0.01", "0.02"):
        folders[version] = tmp_path_factory.mktemp(version)
        few = {"train": 2, "validation": 1, "testing": 1}
        make_tones(folders[version], words_of(version), few)
    return folders


def test_torchscript_is_refused(tones, tmp_path):
    done = run_recipe(
        "hparams/bifsmnv2.yaml",
        f"--data_folder={tones}",
        f"--output_folder={tmp_path / 'output'}",
        "--jit",
    )
    assert done.returncode == 1 and not (tmp_path / "output").exists()
    last = done.stderr.splitlines()[-1]
    assert last.startswith("train.py: jit: expected none")


OUTPUTS = {"12": 12, "20": 20, "35": 35, "keywords": 4}


@pytest.fixture
def larger(tmp_path):
    """Weights of a larger teacher, which knows nothing."""
    path = tmp_path / "larger.safetensors"
    save_weights(SpeechEmbedding(classes=12), path)
    return path


@pytest.mark.parametrize("path", YAMLS, ids=lambda path: path.stem)
def test_every_yaml_trains(path, versions, larger, tmp_path):
    version = "0.01" if path.stem.startswith("v1") else "0.02"
    embedding = tmp_path / "embedding.onnx"
    as_onnx(SpeechEmbedding(classes=12), embedding)
    needed = {
        "custom_keywords": [
            "--words=cat, hey robot",
            "--spoken_clips=5",
            "--voices=espeak",
        ],
        "large_teacher": [f"--speech_embedding_weights={embedding}"],
        "v1_12_large_teacher": [f"--large_teacher={larger}"],
    }
    has_student = path.stem not in ("teacher", "large_teacher")
    done = run_recipe(
        path,
        f"--data_folder={versions[version]}",
        f"--output_folder={tmp_path / 'output'}",
        "--teacher_epochs=1",
        *needed.get(path.stem, []),
        *(["--student_epochs=1"] if has_student else []),
        *["--debug", "--debug_persistently"],
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = results(tmp_path / "output")
    assert len(found["labels"]) == OUTPUTS.get(path.stem.split("_")[-1], 12)
    assert len(found["accuracy"]) == (3 if has_student else 0)
    assert (tmp_path / "output/curves.png").exists()


def test_the_front_end_of_the_paper(tones, tmp_path):
    done = run_recipe(
        "hparams/bifsmnv2.yaml",
        f"--data_folder={tones}",
        f"--output_folder={tmp_path / 'output'}",
        *["--n_fft=2048", "--hop_length=512"],
        *["--teacher_epochs=1", "--student_epochs=1"],
        *["--debug", "--debug_persistently"],
    )
    assert done.returncode == 0, done.stderr[-3000:]
    config = model_file.read(tmp_path / "output/model.bifsmn").config
    assert (config.n_fft, config.hop, config.frames) == (2048, 512, 32)


def test_a_hop_whose_frames_no_network_takes(tones, tmp_path):
    done = run_recipe(
        "hparams/bifsmnv2.yaml",
        f"--data_folder={tones}",
        f"--output_folder={tmp_path / 'output'}",
        "--hop_length=256",
    )
    last = done.stderr.splitlines()[-1]
    assert last.startswith("train.py: frames: expected a multiple of 4, ")


def test_a_large_teacher_hears_what_the_student_hears(tones, larger, tmp_path):
    done = run_recipe(
        "hparams/bifsmnv2.yaml",
        f"--data_folder={tones}",
        f"--output_folder={tmp_path / 'output'}",
        f"--large_teacher={larger}",
        "--teacher_features=!ref <fine_features>",
    )
    last = done.stderr.splitlines()[-1]
    assert last.startswith("train.py: large_teacher_copies: expected the stud")


def test_a_given_teacher_beside_a_larger_one(trained, tones, larger, tmp_path):
    """Its test needs the soft targets that its objective asks for."""
    done = run_recipe(
        "hparams/bifsmnv2.yaml",
        f"--data_folder={tones}",
        f"--output_folder={tmp_path / 'output'}",
        f"--teacher={trained}/save/teacher.safetensors",
        f"--large_teacher={larger}",
        "--teacher_objective={beta: 1.0}",
        "--student_epochs=1",
        *["--debug", "--debug_persistently"],
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_a_given_teacher_in_half_precision(trained, tones, tmp_path):
    done = run_recipe(
        "hparams/bifsmnv2.yaml",
        f"--data_folder={tones}",
        f"--output_folder={tmp_path}",
        f"--teacher={trained}/save/teacher.safetensors",
        "--student_epochs=1",
        "--precision=bf16",
        *["--debug", "--debug_persistently"],
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert (
        results(tmp_path)["teacher_accuracy"]
        == results(trained)["teacher_accuracy"]
    )


def test_the_version_must_be_that_of_the_folder(tones, tmp_path):
    done = run_recipe(
        "hparams/v2_12.yaml",
        f"--data_folder={tones}",
        f"--output_folder={tmp_path}",
    )
    assert "expected 0.02, found the words of 0.01" in done.stderr


def test_every_augmentation_and_workers(trained, tones, tmp_path):
    """Workers only read: two of them, or none, give the same weights."""
    losses, radio = [], tmp_path / "radio.wav"
    soundfile.write(radio, np.zeros(90 * 16000), 16000)
    kinds = "reverberation drop_frequency drop_chunk mask_time mask_mel"
    augmentations = [f"--{name}_probability=0.5" for name in kinds.split()]

    def run(folder, workers):
        done = run_recipe(
            "hparams/bifsmnv2.yaml",
            f"--data_folder={tones}",
            f"--output_folder={folder}",
            f"--teacher={trained}/save/teacher.safetensors",
            "--student_epochs=1",
            f"--num_workers={workers}",
            f"--negatives=[{radio}]",
            f"--rooms={tmp_path}/rooms/rooms.csv",
            *augmentations,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return (folder / "train_log.txt").read_text()

    for workers in (0, 2):
        folder = tmp_path / str(workers)
        losses.append(run(folder, workers))
        listed = {
            path.stem: path.read_text().count("_negatives_")
            for path in (folder / "save/manifest").glob("*.csv")
        }
        # In an entry the name stands twice; each second of radio is one.
        assert listed == {"train": 2 * 90, "valid": 0, "test": 0, "noise": 0}
    without_seconds = [re.sub("seconds: [^ ]+", "", text) for text in losses]
    assert without_seconds[0] == without_seconds[1]
    assert run(folder.rename(tmp_path / "moved"), 2) == losses[1]


def fails(*arguments):
    done = run_recipe("hparams/bifsmnv2.yaml", *arguments)
    assert done.returncode != 0
    return done.stdout + done.stderr


def test_no_such_data_folder(tmp_path):
    message = fails("--data_folder=nowhere", f"--output_folder={tmp_path}")
    assert "data_folder: expected the unpacked Speech Commands" in message


def test_a_teacher_of_another_size(trained, tones, tmp_path):
    message = fails(
        f"--data_folder={tones}",
        f"--output_folder={tmp_path}",
        f"--teacher={trained}/save/teacher.safetensors",
        "--channels=64",
    )
    assert re.search("train.py: expected .* of shape .*, found", message)
    assert "teacher.safetensors" in message


def test_an_unknown_option(tmp_path):
    assert "nope" in fails("--nope=1", f"--output_folder={tmp_path}")


def test_a_number_of_classes_that_is_no_task(tones, tmp_path):
    message = fails(
        f"--data_folder={tones}", f"--output_folder={tmp_path}", "--classes=13"
    )
    assert "classes: expected 12, 20 or 35, got 13" in message
