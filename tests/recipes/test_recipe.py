"""The recipe from end to end."""

import json
import re

import pytest
from runs import RECIPE, SHORT, run_recipe

pytestmark = pytest.mark.slow
YAMLS = sorted(RECIPE.glob("hparams/*.yaml"))


def results(folder):
    return json.loads((folder / "results.json").read_text())


def test_a_run_ends_with_its_table(trained):
    found = results(trained)
    assert list(found["accuracy"]) == ["0", "1", "2"]
    assert found["test_clips"] == 10 * 3 + 3 + 3
    assert found["one_bit_weights"]["0"] == 574_976
    assert found["epochs"] == {"teacher": 2, "student": 2}
    assert found["stored_bytes"]["2"] == 92_980
    assert len(found["labels"]) == 12 and found["seed"] == 1234
    screen = (trained / "screen.txt").read_text()
    assert (trained / "results.md").read_text() in screen
    for name in ("curves.png", "confusion_depth2.png", "train_log.txt"):
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


@pytest.mark.parametrize("path", YAMLS, ids=lambda path: path.stem)
def test_every_yaml_trains_with_a_given_teacher(path, trained, tones, tmp_path):
    done = run_recipe(
        path,
        f"--data_folder={tones}",
        f"--output_folder={tmp_path}",
        f"--teacher={trained}/save/teacher.ckpt",
        "--student_epochs=1",
        "--precision=bf16",
        *["--debug", "--debug_persistently"],
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert (
        results(tmp_path)["teacher_accuracy"]
        == results(trained)["teacher_accuracy"]
    )


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
        f"--teacher={trained}/save/teacher.ckpt",
        "--channels=64",
    )
    assert re.search("train.py: expected .* of shape .*, found", message)
    assert "teacher.ckpt" in message


def test_an_unknown_option(tmp_path):
    assert "nope" in fails("--nope=1", f"--output_folder={tmp_path}")


def test_a_number_of_classes_that_is_no_task(tones, tmp_path):
    message = fails(
        f"--data_folder={tones}", f"--output_folder={tmp_path}", "--classes=13"
    )
    assert "classes: expected 12, 20 or 35, got 13" in message
