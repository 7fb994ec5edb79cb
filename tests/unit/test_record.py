"""A run continues only what it began."""

import json
import os

import pytest
from runs import RECIPE

from speechbrain_bifsmn.files.owned import owner
from speechbrain_bifsmn.runs.hparams import as_plain, base_and_overrides
from speechbrain_bifsmn.runs.output import output_folder
from speechbrain_bifsmn.runs.record import (
    NAME,
    check_run,
    describe_run,
    fingerprint,
    keep_record,
    read_record,
)


def describe(overrides="", name="bifsmnv2", **options):
    path = RECIPE / "hparams" / f"{name}.yaml"
    path, overrides = base_and_overrides(path, overrides)
    return describe_run(path, overrides, options, ["yes", "no"])


@pytest.fixture
def begun(tmp_path):
    """The save folder of a run that has trained for an epoch."""
    (tmp_path / "teacher" / "CKPT+1").mkdir(parents=True)
    path = tmp_path / NAME
    record = describe() | {"data": {"train.csv": "a", "corpus": None}}
    path.write_text(json.dumps(record | {"continued": []}))
    return tmp_path


def test_the_record_holds_what_a_run_is():
    run = describe("seed: 5\n", device="cpu", noprogressbar=True)
    assert run["settings"]["seed"] == 5
    assert run["adjustable"]["device"] == "cpu"
    assert "noprogressbar" not in run["settings"]
    options = next(iter(run["networks"]["student"].values()))
    assert options["channels"] == 128 and options["planes"] == 2
    assert json.loads(json.dumps(run)) == run


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        ("seed: 5", "seed"),
        ("channels: 64", "channels"),
        ("n_mels: 40", "n_mels"),
        ("noise_snr: [0, 10]", "noise_snr"),
        ("student_schedule: {peak: 0.1}", "student_schedule"),
        ("distillation: {bands: [low]}", "distillation"),
        ("max_grad_norm: 1.0", "max_grad_norm"),
        ("words: hey", "words"),
        ("train_unknown_percentage: 5", "train_unknown_percentage"),
    ],
)
def test_another_setting_is_refused_by_name(begun, overrides, name):
    with pytest.raises(ValueError, match=f"^{name}: expected .*, as the run"):
        check_run(begun, describe(overrides))
    before = (begun / NAME).read_bytes()
    assert read_record(begun) and (begun / NAME).read_bytes() == before


def test_other_labels_and_data_are_refused(begun):
    with pytest.raises(ValueError, match="^labels: expected"):
        check_run(begun, describe() | {"labels": ["no", "yes"]})
    with pytest.raises(ValueError, match=r"^data \(train.csv\): expected the"):
        check_run(begun, describe() | {"data": {"train.csv": "b"}})
    check_run(begun, describe() | {"data": {"corpus": None}})
    with pytest.raises(ValueError, match="^precision"):
        check_run(begun, describe(precision="bf16"))


def test_what_may_change_is_noted(begun):
    for epochs, size in ((12, 96), (20, 96), (20, 48)):
        run = describe(f"teacher_epochs: {epochs}\nbatch_size: {size}\n")
        check_run(begun, run)
        keep_record(begun, run | {"data": {}})
    assert read_record(begun)["continued"] == [
        {"teacher_epochs": [12, 20]},
        {"batch_size": [96, 48]},
    ]


def test_a_student_keeps_its_teacher(begun):
    longer = describe("teacher_epochs: 99")
    check_run(begun, longer)
    (begun / "student" / "CKPT+1").mkdir(parents=True)
    with pytest.raises(ValueError, match="^teacher_epochs: expected 12, as"):
        check_run(begun, longer)
    check_run(begun, describe("student_epochs: 99"))


def test_places_may_change(begun):
    check_run(begun, describe("data_folder: moved\noutput_folder: moved\n"))


def test_a_run_that_has_not_trained_may_still_change(begun):
    (begun / "teacher" / "CKPT+1").rmdir()
    check_run(begun, describe("seed: 5"))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "{}", "[" * 100_000, '{"labels": "yes"}', "\xff", "NaN"],
)
def test_a_record_that_is_none(begun, text):
    (begun / NAME).write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match="expected the record of a run"):
        check_run(begun, describe())


def test_the_fingerprint_is_of_the_lists(tmp_path):
    clip, path = tmp_path / "yes.wav", tmp_path / "train.csv"
    found = []
    for label, audio in (("yes", "a"), ("no", "a"), ("no", "b")):
        path.write_text(f"ID,wav,label\n1,$data_root/yes.wav,{label}\n")
        clip.write_text(audio)
        found += [fingerprint([path], tmp_path)["train.csv"]]
    assert len(set(found)) == 3
    clip = clip.rename(tmp_path / "moved.wav")  # as where a run's folder was
    path.write_text(f"ID,wav,label\n{clip},{clip},no\n")
    assert fingerprint([path], tmp_path)["train.csv"] == found[-1]


def test_yaml_that_expands_without_bound(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for k in range(1, 12):
        lines.append(f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]")
    path = tmp_path / "bomb.yaml"
    path.write_text("\n".join(lines))
    with pytest.raises(ValueError, match="hyperparameters: expected YAML in"):
        base_and_overrides(path)
    assert as_plain({"a": (1, 2.0, None, True)}) == {"a": [1, 2.0, None, True]}


def test_an_option_given_twice(tmp_path):
    path = RECIPE / "hparams" / "bifsmnv2.yaml"
    with pytest.raises(ValueError, match='duplicate key "seed"; give it once'):
        base_and_overrides(path, "seed: 1\nseed: 2\n")
    for text in ("- 1", "a", "a: [", "a: b: c"):
        with pytest.raises(ValueError, match="expected YAML in the command"):
            base_and_overrides(path, text)


def test_one_training_at_a_time(tmp_path):
    with output_folder(tmp_path / "run"):
        for restart in (False, True):
            with pytest.raises(OSError, match="no other process trains"):
                with output_folder(tmp_path / "run", restart):
                    pass
    with output_folder(tmp_path / "run") as folder:
        assert owner(folder) == "train"


def test_a_restart_moves_what_is_there_aside(tmp_path):
    for text in "abc":
        with output_folder(tmp_path / "run", restart=True) as folder:
            assert not (folder / "save").exists()
            (folder / "save").mkdir()
            (folder / "save" / "text").write_text(text)
    assert sorted(os.listdir(tmp_path)) == [
        "run",
        "run.before-1",
        "run.before-2",
    ]
    assert (tmp_path / "run.before-1" / "save" / "text").read_text() == "a"


def test_a_folder_of_something_else_is_no_output_folder(tmp_path):
    (tmp_path / "results.json").write_text("mine")
    for restart in (False, True):
        with pytest.raises(FileExistsError, match="found other files at"):
            with output_folder(tmp_path, restart):
                pass
    assert os.listdir(tmp_path) == ["results.json"]
