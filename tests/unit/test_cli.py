"""The command line ``bifsmn``."""

import json
import os
import re
import signal
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest
import sounddevices
import soundfile
from finished_run import write_run

from bifsmn_engine import cli
from bifsmn_engine.cli import listen
from bifsmn_engine.format import model_file
from bifsmn_engine.keyword_stream import detect_file
from bifsmn_engine.loading import load_model, window_posteriors
from bifsmn_engine.pretrained import MODEL
from bifsmn_engine.printable import printable
from speechbrain_bifsmn.cli import train
from speechbrain_bifsmn.deploy.writer import write_model
from speechbrain_bifsmn.pretrained import FOLDER

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(capfd):
    """Runs a command: (exit code, stdout, stderr)."""

    def run(*words):
        try:
            code = cli.main([str(word) for word in words])
        except SystemExit as exit:  # of argparse
            code = exit.code
        return (code, *capfd.readouterr())

    return run


@pytest.fixture
def files(tmp_path):
    """A second and five seconds of noise: (short, long)."""
    random = np.random.default_rng(0)
    noise = 0.1 * random.standard_normal(5 * 16000)
    paths = tmp_path / "short.wav", tmp_path / "long.flac"
    soundfile.write(paths[0], noise[:16000], 16000)
    soundfile.write(paths[1], noise, 16000)
    return paths


def spawn(*words, **options):
    """Starts the command line as a process of its own."""
    command = [sys.executable, "-m", "bifsmn_engine", *map(str, words)]
    options = {"cwd": ROOT, "text": True, **options}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, **{**streams, **options})


def test_it_is_installed():
    (script,) = entry_points(group="console_scripts", name="bifsmn")
    assert script.load() is cli.main


def test_a_short_file_is_classified(run, files):
    model = load_model(thinning=2)
    posteriors = window_posteriors(model, soundfile.read(files[0])[0])[0]
    arguments = files[0], "--thinning", 2, "--format", "json"
    code, out, err = run("spot", *arguments)
    assert (code, err) == (0, "")
    row = json.loads(out)
    best = posteriors.argmax()
    assert row.pop("score") == pytest.approx(posteriors[best], abs=1e-6)
    label = model.labels[best]
    expected = {"file": str(files[0]), "start": 0, "end": 1, "label": label}
    assert row == expected


def test_a_long_file_is_listened_to(run, files):
    """A threshold of 0 detects something in each window."""
    options = "--threshold", 0, "--smoothing", 1
    expected = detect_file(load_model(), files[1], threshold=0.0, smoothing=1)
    expected = [(d.keyword, round(d.start, 3)) for d in expected]
    assert expected
    code, out, err = run("spot", files[1], *options, "--format", "json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [(row["label"], row["start"]) for row in rows] == expected
    _, out, _ = run("spot", files[1], *options)
    assert out.split()[:5] == "file start end keyword score".split()
    assert len(out.splitlines()) == 1 + len(expected)
    _, out, _ = run("spot", files[1], *options, "--format", "ctm")
    lines = [line.split() for line in out.splitlines()]
    assert [(line[4], float(line[2])) for line in lines] == expected
    assert all(len(line) == 6 and line[1] == "1" for line in lines)


def test_nothing_found_is_said_and_is_no_failure(run, files):
    code, out, err = run("spot", files[1], "--gate", 0)
    assert (code, out) == (0, "")
    assert err == f"{files[1]}: no keyword\n"


def test_ctm_holds_words_only(run, files, tmp_path):
    name = tmp_path / "a quiet room.wav"
    soundfile.write(name, np.zeros(16000), 16000)
    model = load_model()
    code, out, _ = run("spot", name, "--format", "ctm")
    best = model.labels[model.classify(np.zeros(16000, "f")).argmax()]
    assert (code, bool(out)) == (0, best not in ("silence", "unknown"))
    _, out, _ = run("spot", name, "--format", "json")
    assert json.loads(out)["label"] == best


def test_a_file_that_fails_does_not_stop_the_rest(run, files, tmp_path):
    (tmp_path / "text.txt").write_text("hello")
    (tmp_path / "empty.wav").touch()
    (tmp_path / "cut.wav").write_bytes(files[0].read_bytes()[:-99])
    for name in ("text.txt", "empty.wav", "cut.wav", "none.wav", "."):
        path = tmp_path / name
        code, out, err = run("spot", path, files[0])
        assert code == 1
        assert err.startswith(f"bifsmn spot: {path}: expected")
        assert err.count("\n") == 1
        assert len(out.splitlines()) == 2  # the head, and the good file


def test_a_96_khz_stereo_flac(run, tmp_path):
    path = tmp_path / "wide.flac"
    tone = np.sin(np.arange(96000) / 30)
    soundfile.write(path, np.stack([tone, tone], 1), 96000, subtype="PCM_24")
    code, out, err = run("spot", path, "--format", "json")
    assert (code, err) == (0, "")
    assert json.loads(out)["end"] == 1


def test_wrong_usage(run, files, tmp_path):
    for words in (
        [],
        ["sing"],
        ["spot"],
        ["spot", files[0], "--backend", "gpu"],
        ["spot", files[0], "--thinning", "deep"],
    ):
        code, out, err = run(*words)
        assert (code, out) == (2, "") and err.startswith("usage: bifsmn")
    for words, said in (
        (["--thinning", 7], "thinning: expected one of"),
        (["--threshold", 3], "threshold: expected 0 to 1"),
        (["--model", tmp_path], "expected a .bifsmn file"),
        (["--model", files[0]], "short.wav"),
    ):
        code, out, err = run("spot", files[0], *words)
        assert (code, out) == (1, "") and said in err
        assert err.startswith("bifsmn spot: ") and err.count("\n") == 1


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_each_command_has_examples(run, command):
    code, out, err = run(command, "--help")
    assert (code, err) == (0, "")
    assert f"examples:\n  bifsmn {command}" in out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_info(run, tmp_path):
    code, out, _ = run("info")
    assert code == 0 and "labels              yes, no" in out
    assert "blocks by thinning  8, 4, 2" in out
    _, out, _ = run("info", FOLDER, "--json")
    facts, content = json.loads(out), model_file.read(MODEL)
    assert facts["labels"] == list(content.labels)
    assert facts["bytes"] == MODEL.stat().st_size
    assert facts["licence"] == content.licence
    assert facts["blocks_by_thinning"][0] == content.config.layers
    code, _, err = run("info", tmp_path / "none.bifsmn")
    assert code == 1 and "expected a .bifsmn file" in err


def test_bench(run):
    code, out, _ = run("bench", "--runs", 2, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    thinnings = list(load_model().thinnings)
    tasks = ("network", "whole")
    assert code == 0
    assert [(r["task"], r["thinning"]) for r in rows] == [
        (task, thinning) for task in tasks for thinning in thinnings
    ]
    for row in rows:
        assert 0 < row["us_p10"] <= row["us_median"] <= row["us_p90"]
    _, out, _ = run("bench", "--runs", 1)
    assert len(out.splitlines()) == 2 + len(rows)
    assert run("bench", "--runs", 0)[0] == 1


def test_train_runs_the_recipe(run, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(os, "execv", lambda *asks: asked.append(asks))
    run("train", "v1_12.yaml", "--data_folder=x", "--seed", "1")
    ((program, (python, recipe, hparams, *rest)),) = asked
    assert program == python == sys.executable
    assert recipe.endswith("BiFSMNv2/train.py")
    assert Path(hparams).is_file() and rest == [
        "--data_folder=x",
        "--seed",
        "1",
    ]
    code, _, err = run("train", "none.yaml")
    assert code == 1 and "bifsmnv2.yaml" in err
    monkeypatch.setattr(train, "RECIPE", "nowhere/train.py")
    code, _, err = run("train", "v1_12.yaml")
    assert code == 1 and "expected the recipe" in err and "sources" in err


def test_synth_without_voices_says_what_to_install(run, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    code, _, err = run("synth", "hey robot", tmp_path / "corpus", "--clips", 2)
    assert code == 1 and "pip install" in err and err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_synth_speaks(run, tmp_path):
    pytest.importorskip("espeakng_loader")
    code, out, _ = run("synth", "hey robot", tmp_path / "corpus", "--clips", 4)
    wavs = list((tmp_path / "corpus/hey robot").glob("*.wav"))
    assert code == 0 and "hey robot" in out
    assert len(wavs) >= 4


def test_export_takes_the_weights_of_the_best_epoch(run, tmp_path):
    folder, path = write_run(tmp_path / "run"), tmp_path / "a.bifsmn"
    code, out, _ = run("export", folder, path, "--threshold", 0.75)
    assert code == 0 and f"{path.stat().st_size} bytes" in out
    model = model_file.read(folder / "model.bifsmn")
    tuned = [0.75] * len(model.labels)
    assert path.read_bytes() == model_file.to_bytes(
        model._replace(thresholds=tuned)
    )
    code, _, err = run("export", folder, MODEL)
    assert code == 1 and "expected a model file of your own" in err
    code, _, err = run("export", folder, folder / "results.json")
    assert code == 1 and "expected a new file, or a model file" in err


def test_export_needs_a_run(run, tmp_path):
    code, _, err = run("export", tmp_path, tmp_path / "a.bifsmn")
    assert code == 1 and "expected the results folder of a run" in err
    assert list(tmp_path.iterdir()) == []


def test_what_is_spotted_is_kept(run, files, tmp_path):
    options = "--threshold", 0, "--smoothing", 1, "--format", "json"
    folder = tmp_path / "kept" / "here"
    code, out, _ = run("spot", *files, *options, "--keep", folder)
    assert code == 0
    rows = [json.loads(line) for line in out.splitlines()]
    assert {Path(row["file"]) for row in rows} == {*files}
    expected = sorted(
        f"{row['label']} {row['score']:.2f} {Path(row['file']).stem} "
        f"{row['start']:.1f}s"
        for row in rows
    )
    kept = sorted(path.name for path in folder.iterdir())
    assert len(kept) == len(expected)
    for name, begin in zip(kept, expected, strict=True):
        assert name.startswith(begin) and name.endswith(".wav")
    (tmp_path / "file").touch()
    code, _, err = run("spot", files[0], "--keep", tmp_path / "file")
    assert code == 1 and err.count("\n") == 1


@pytest.fixture
def microphone(monkeypatch):
    """A microphone that is there."""

    class Microphone(sounddevices.Microphone):
        pass

    fake = sounddevices.stand_in(Microphone)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return Microphone


def test_listen(run, microphone, monkeypatch, tmp_path):
    random = np.random.default_rng(0)
    audio = random.standard_normal((2 * 48000, 1)).astype(np.float32)
    monkeypatch.setattr(microphone, "audio", 0.1 * audio)
    options = "--threshold", 0, "--smoothing", 1, "--seconds", 2
    code, out, err = run("listen", *options, "--json")
    assert (code, err) == (0, "listening; Ctrl-C ends\n")
    rows = [json.loads(line) for line in out.splitlines()]
    assert rows[0]["start"] == 0  # threshold 0: each window is something
    assert {row["label"] for row in rows} <= set(load_model().labels)
    _, out, _ = run("listen", *options)
    assert len(out.splitlines()) == len(rows)
    _, out, _ = run("listen", *options, "--gate", 0, "--threshold", 0.1)
    assert out == ""
    assert run("listen", *options, "--keep", tmp_path)[0] == 0
    kept = [soundfile.info(path) for path in tmp_path.iterdir()]
    assert len(kept) == len(rows)
    assert {info.samplerate for info in kept} == {48000}


def test_listen_draws_bars_on_a_terminal(run, microphone, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(microphone, "audio", np.zeros((60000, 1), np.float32))
    code, out, err = run("listen", "--seconds", 1.2, "--threshold", 1)
    assert code == 0
    assert all(f"{label} " in err for label in load_model().labels)
    assert err.endswith("\x1b[J")  # and wipes them


def test_listen_says_what_is_missing(run, microphone, monkeypatch):
    code, out, err = run("listen", "--device", "none")
    assert code == 1 and "No input device" in err and err.count("\n") == 1
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    code, out, err = run("listen")
    assert code == 1 and "pip install sounddevice" in err


def test_a_microphone_that_is_unplugged(run, microphone, monkeypatch):
    monkeypatch.setattr(listen, "PATIENCE_S", 0.01)
    code, out, err = run("listen")
    assert code == 1 and "still plugged in" in err


def test_ctrl_c_ends_listening(run, microphone, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(listen.KeywordStream, "push", interrupt)
    assert run("listen")[0] == 0


def test_torch_is_not_imported(files):
    """By commands that the engine can do by itself."""
    pytest.importorskip("bifsmn_engine.model", exc_type=ImportError)
    code = (
        "import sys\n"
        "from bifsmn_engine.cli import main\n"
        f"main(['spot', {str(files[0])!r}, {str(files[1])!r}])\n"
        "main(['info'])\n"
        "main(['bench', '--runs', '1'])\n"
        "print({'torch', 'torchaudio', 'speechbrain'} & {*sys.modules})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.endswith("\nset()\n"), done.stderr


def test_a_reader_that_leaves(files):
    process = spawn("spot", *[files[0]] * 5000)
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=60) == 141
    assert process.stderr.read() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="no signals there")
@pytest.mark.usefixtures("usual_signals")
def test_ctrl_c(files):
    process = spawn("spot", *[files[1]] * 5000, "--threshold", "0")
    process.stdout.readline()  # it is at work
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in err


def test_the_shell_completes(tmp_path):
    pytest.importorskip("argcomplete")
    for line, expected in (
        ("bifsmn sp", {"spot"}),
        ("bifsmn spot --for", {"--format"}),
        ("bifsmn spot --format ", {"table", "json", "ctm"}),
    ):
        found = tmp_path / "completions"
        asked = {
            "_ARGCOMPLETE": "1",
            "_ARGCOMPLETE_STDOUT_FILENAME": str(found),
            "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
            "_ARGCOMPLETE_IFS": "\n",
            "COMP_LINE": line,
            "COMP_POINT": str(len(line)),
        }
        with spawn(env={**os.environ, **asked}) as process:
            process.communicate(timeout=60)
        assert set(found.read_text().split()) == expected


def test_listen_shows_labels(run, microphone, monkeypatch, tmp_path):
    """What a terminal would obey is shown, in lines and bars."""
    labels = ["\x1b[2J", "\u202eno", "x\ny", *"abcdefg", "unknown", "silence"]
    labels[3] = "long " * 100
    path = tmp_path / "strange.bifsmn"
    write_model(model_file.read(MODEL)._replace(labels=labels), path)
    random = np.random.default_rng(0)
    audio = random.standard_normal((3 * 48000, 1)).astype(np.float32)
    monkeypatch.setattr(microphone, "audio", 0.1 * audio)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(listen, "EVERY_S", 0)
    words = "--model", path, "--threshold", 0, "--seconds", 3
    code, out, err = run("listen", *words)
    assert code == 0 and out
    drawn = re.sub("\x1b\\[[0-9]+A\x1b\\[J", "", err)
    assert all(printable(line) == line for line in out.split("\n"))
    for line in drawn.split("\n"):
        assert printable(line) == line and len(line) < 80
    assert "\\x1b[2J" in drawn and "\\u202eno" in drawn and "x\\x0ay" in drawn
    monkeypatch.setenv("TERM", "dumb")
    assert run("listen", *words)[2] == "listening; Ctrl-C ends\n"


@pytest.mark.parametrize("seconds", [0, -1, "nan", "-inf"])
def test_listen_for_no_time(run, microphone, seconds):
    code, _, err = run("listen", f"--seconds={seconds}")
    assert code == 1 and "--seconds: expected more than 0" in err


def test_a_microphone_that_does_not_start(run, microphone, monkeypatch):
    def start(self):
        raise sounddevices.PortAudioError("Invalid sample rate\n [code -9997]")

    monkeypatch.setattr(microphone, "start", start)
    code, _, err = run("listen")
    assert code == 1 and "(Invalid sample rate [code -9997])" in err
    assert err.count("\n") == 1
