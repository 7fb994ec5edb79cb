"""A run continues what it began, and says what was adjusted."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from runs import RECIPE, make_tones, run_recipe

from bifsmn_engine.cli import main
from speechbrain_bifsmn.files.owned import owned_file
from speechbrain_bifsmn.operating_points.tune import store
from speechbrain_bifsmn.publishing import folder as publishing
from speechbrain_bifsmn.runs.output import OWNER

pytestmark = pytest.mark.slow

TINY = (
    "--layers=4 --channels=16 --hidden=16 --front_channels=8 --batch_size=24 "
    "--teacher_epochs=1 --student_epochs=1 --noprogressbar --teacher_start= "
    "--false_alarms_per_hour=0 --negatives=[] --reverberation_probability=0"
).split()
FEW = {"train": 4, "validation": 2, "testing": 2}
WORDS = ["stop", "go", "cat"]


@pytest.fixture(scope="module")
def small_tones(tmp_path_factory):
    """Recordings of three words."""
    folder = tmp_path_factory.mktemp("tones")
    make_tones(folder, WORDS, FEW)
    return folder


def arguments(data, output, *more):
    return [
        "hparams/custom_keywords.yaml",
        "--words=stop, go",
        f"--data_folder={data}",
        "--speak=never",
        f"--output_folder={output}",
        *TINY,
        *more,
    ]


def train(data, output, *more):
    return run_recipe(*arguments(data, output, *more))


@pytest.fixture(scope="module")
def begun(small_tones, tmp_path_factory):
    """A finished run, which nobody changes."""
    output = tmp_path_factory.mktemp("begun") / "output"
    done = train(small_tones, output)
    assert done.returncode == 0, done.stderr[-3000:]
    return output


@pytest.fixture
def output(begun, tmp_path):
    """A copy of it."""
    return shutil.copytree(begun, tmp_path / "output")


def one_line(done):
    """Returns the refusal; there is no traceback."""
    assert done.returncode == 1, done.stderr[-3000:]
    assert "Traceback" not in done.stdout + done.stderr
    return done.stderr.strip().splitlines()[-1]


def results(output):
    return json.loads((output / "results.json").read_text())


def test_it_is_exported_and_published(begun, tmp_path, monkeypatch):
    monkeypatch.setattr(publishing, "check_loads", lambda folder: None)
    path = tmp_path / "a.bifsmn"
    assert main(["export", str(begun), str(path)]) == 0
    assert path.read_bytes() == (begun / "model.bifsmn").read_bytes()
    assert main(["publish", str(begun), str(tmp_path / "out")]) == 0


def test_a_tuned_model_stays(small_tones, output):
    model, tuned = output / "model.bifsmn", output / "tune.json"
    with owned_file(model, OWNER) as place:
        store({"yes": 0.875}, 16, model, place)
    with owned_file(tuned, OWNER) as place:
        place.write_text("{}")
    before = model.read_bytes()
    done = train(small_tones, output)
    assert done.returncode == 0, done.stderr[-3000:]
    assert tuned.exists() and model.read_bytes() == before


def test_new_recordings_are_trained_on(small_tones, output, tmp_path):
    """As the guide says: add recordings, train again."""
    data = shutil.copytree(small_tones, tmp_path / "data")
    before = (output / "model.bifsmn").read_bytes()
    for take, name in enumerate(sorted(os.listdir(data / "stop"))[:4]):
        shutil.copyfile(
            data / "stop" / name, data / "stop" / f"new_nohash_{take}.wav"
        )
    said = one_line(train(data, output))
    assert said.startswith("train.py: data (corpus): expected the same, as")
    assert "--restart=True" in said
    assert (output / "model.bifsmn").read_bytes() == before
    done = train(data, output, "--restart=True")
    assert done.returncode == 0, done.stderr[-3000:]
    old = output.with_name("output.before-1")
    assert (old / "model.bifsmn").read_bytes() == before
    assert "new_nohash_0" in (output / "save/manifest/train.csv").read_text()
    assert results(output)["epochs"] == {"teacher": 1, "student": 1}


def test_other_audio_of_the_same_names_is_refused(
    small_tones, output, tmp_path
):
    data = shutil.copytree(small_tones, tmp_path / "data")
    names = [path.name for path in sorted((data / "go").iterdir())]
    shutil.copyfile(data / "go" / names[0], data / "go" / names[1])
    said = one_line(train(data, output))
    assert said.startswith("train.py: data (corpus): expected the same, as")


@pytest.mark.parametrize("option", ["--seed=x", "--noise_snr=3"])
def test_values_of_another_kind(option, small_tones, tmp_path):
    said = one_line(train(small_tones, tmp_path / "output", option))
    assert said.startswith("train.py: hyperparameters: expected values of")


def test_the_same_recordings_elsewhere_are_the_same(
    small_tones, output, tmp_path
):
    data = shutil.copytree(small_tones, tmp_path / "data")
    done = train(data, output)
    assert done.returncode == 0, done.stderr[-3000:]


def test_more_epochs_go_on_and_the_report_says_so(small_tones, output):
    done = train(small_tones, output, "--student_epochs=2", "--batch_size=12")
    assert done.returncode == 1  # each option once
    more = [w for w in TINY if "student_epochs" not in w and "batch" not in w]
    done = run_recipe(
        *arguments(small_tones, output)[:5],
        *more,
        *("--student_epochs=2", "--batch_size=12"),
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert results(output)["epochs"] == {"teacher": 1, "student": 2}
    changes = {"student_epochs": [1, 2], "batch_size": [24, 12]}
    assert results(output)["continued"] == [changes]
    text = (output / "results.md").read_text()
    assert "- went on with student_epochs 2 (before: 1), batch_size 12" in text


@pytest.mark.parametrize(
    ("option", "name"),
    [("--seed=5", "seed"), ("--n_mels=40", "n_mels"), ("--seed=1", "seed")],
)
def test_another_setting_is_refused(option, name, small_tones, output):
    said = one_line(train(small_tones, output, option))
    assert said.startswith(f"train.py: {name}: expected ")


def test_an_option_given_twice(small_tones, output):
    said = one_line(train(small_tones, output, "--seed=1", "--seed=2"))
    assert 'found duplicate key "seed"; give it once' in said


def test_a_changed_result_is_kept(small_tones, output):
    (output / "results.md").write_text("my notes")
    said = one_line(train(small_tones, output))
    assert "found results.md changed" in said
    assert (output / "results.md").read_text() == "my notes"


def test_a_folder_of_something_else_is_left_alone(small_tones, tmp_path):
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "log.txt").write_text("mine")
    said = one_line(train(small_tones, tmp_path / "output"))
    assert "expected a new folder, or one that `train` has made" in said
    assert (tmp_path / "output" / "log.txt").read_text() == "mine"


def test_a_checkpoint_of_another_network(small_tones, output):
    """As where somebody has copied one there."""
    path = next(output.glob("save/student/CKPT*/model.ckpt"))
    shutil.copyfile(next(output.glob("save/teacher/CKPT*/model.ckpt")), path)
    said = one_line(train(small_tones, output))
    assert "found another in" in said


def start(*words):
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "train.py", *map(str, words), "--device=cpu"],
        cwd=RECIPE,
        stdout=pipe,
        stderr=pipe,
        text=True,
        start_new_session=True,
    )


def test_two_runs_on_one_folder(small_tones, tmp_path):
    output = tmp_path / "output"
    words = arguments(small_tones, output, "--num_workers=2")
    words[words.index("--teacher_epochs=1")] = "--teacher_epochs=1000"
    with start(*words) as first:
        log = output / "train_log.txt"
        deadline = time.monotonic() + 200
        while not log.exists() and time.monotonic() < deadline:
            assert first.poll() is None, first.stderr.read()[-3000:]
            time.sleep(0.1)
        said = one_line(train(small_tones, output))
        assert "no other process trains, found one at work" in said
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=30)
        assert first.returncode == -signal.SIGTERM
    assert not _alive(first.pid)
    assert log.read_text()


def _alive(session):
    """Returns the processes of a session that have not ended."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        done = subprocess.run(
            ["ps", "-o", "pid=", "-s", str(session)],
            capture_output=True,
            text=True,
        )
        if not done.stdout.split():
            return []
        time.sleep(0.2)
    return done.stdout.split()


FULL = """
import sys
import torch
real = torch.save

def full(thing, file, *more, **options):
    real(thing, file, *more, **options)
    if "student" in str(file):
        raise RuntimeError(
            "[enforce fail at inline_container.cc:668] . PytorchStreamWriter "
            "failed writing file data/1: file write failed\\nmore lines"
        )

torch.save = full
import train
train.main()
"""


def test_a_full_disk(small_tones, tmp_path):
    script = tmp_path / "full.py"
    script.write_text(
        f"import sys\nsys.path.insert(0, {str(RECIPE)!r})\n{FULL}"
    )
    output = tmp_path / "output"
    said = one_line(run_recipe(*arguments(small_tones, output), script=script))
    assert "expected room for a checkpoint in" in said
    assert "goes on where it was" in said
    assert "PytorchStreamWriter" in (output / "log.txt").read_text()
    done = train(small_tones, output)
    assert done.returncode == 0, done.stderr[-3000:]
    assert results(output)["epochs"] == {"teacher": 1, "student": 1}
