"""The programs for WAV files: bifsmn-run, and the example in C."""

import json
import os
import shutil
import struct
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from printable_examples import BYTES, EXAMPLES

from bifsmn_engine.format import model_file
from bifsmn_engine.keyword_stream import detect_file
from bifsmn_engine.loading import window_posteriors
from bifsmn_engine.printable import printable
from speechbrain_bifsmn.deploy.writer import write_model
from speechbrain_bifsmn.operating_points.tune import store

pytestmark = pytest.mark.slow


@pytest.fixture
def run(build, default, tmp_path):
    """Runs bifsmn-run with files of ``tmp_path``: (status, lines, errors)."""

    def run(*arguments, model=default.path):
        command = [build / "tools" / "bifsmn-run", model, *arguments]
        done = subprocess.run(
            list(map(str, command)),
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout.splitlines(), done.stderr

    return run


def write(path, seconds, rate=16000, channels=1):
    """Writes noise; returns its samples, the mean of the channels."""
    shape = (int(seconds * rate), channels)
    noise = np.random.default_rng(len(path.name)).standard_normal(shape)
    noise = (noise * 3000).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(noise.tobytes())
    return (noise.astype(np.float64).mean(1) / 32768).astype(np.float32)


@pytest.mark.parametrize("thinning", [1, 4])
def test_scores_are_the_engine_s(run, engine, default, tmp_path, thinning):
    model = engine.Model.load(default.path)
    model.thinning = thinning
    for name, channels in (("mono.wav", 1), ("stereo.wav", 2)):
        clip = write(tmp_path / name, 0.9, channels=channels)
        posteriors = model.classify(clip)
        order = np.argsort(-posteriors)[:3]
        status, lines, errors = run(
            name, "--json", "--top", 3, "--thinning", thinning
        )
        assert (status, errors) == (0, "")
        found = [json.loads(line) for line in lines]
        assert [row["label"] for row in found] == [f"word {k}" for k in order]
        scores = [row["score"] for row in found]
        np.testing.assert_allclose(scores, posteriors[order], atol=1e-6)
        assert all((row["start"], row["end"]) == (0, 0.9) for row in found)


def test_text(run, tmp_path):
    write(tmp_path / "a.wav", 1)
    write(tmp_path / "b.wav", 0.5)
    status, lines, _ = run("a.wav", "b.wav")
    assert status == 0
    assert [line.split()[:3] for line in lines] == [
        ["a.wav", "0.00-1.00", "s"],
        ["b.wav", "0.00-0.50", "s"],
    ]


@pytest.mark.parametrize("seconds", [1.01, 5])
def test_long_files_are_streamed_as_in_python(
    run, engine, default, tmp_path, seconds
):
    """The same detections; of 3 windows the mean counts."""
    clip = write(tmp_path / "long.wav", seconds)
    model = engine.Model.load(default.path)
    rows = window_posteriors(model, clip)
    means = [np.mean(rows[max(0, i - 2) : i + 1], 0) for i in range(len(rows))]
    # A threshold that half of the windows reach, and none by a hair.
    best = np.sort(np.max(means, 1))
    middle = best[len(best) // 2 - 1 :][:2].astype(np.float64).mean()
    content = model_file.read(default.path)
    path = tmp_path / "half.bifsmn"
    store(dict.fromkeys(content.labels, middle), 3, default.path, path)

    expected = list(detect_file(engine.Model.load(path), tmp_path / "long.wav"))
    assert expected
    status, lines, _ = run("long.wav", "--json", model=path)
    found = [json.loads(line) for line in lines]
    assert status == 0
    assert [row["label"] for row in found] == [d.keyword for d in expected]
    for row, detection in zip(found, expected, strict=True):
        assert row["start"] == round(detection.start, 3)
        assert row["end"] == round(detection.end, 3)
        assert row["score"] == pytest.approx(detection.score, abs=1e-6)


def test_errors_are_one_sentence(run, tmp_path):
    write(tmp_path / "good.wav", 1)
    write(tmp_path / "slow.wav", 1, rate=8000)
    (tmp_path / "text.wav").write_text("no audio")
    cut = (tmp_path / "good.wav").read_bytes()[:-1]
    (tmp_path / "cut.wav").write_bytes(cut)
    for name, words in (
        ("slow.wav", "expected 16000 Hz, found 8000 Hz"),
        ("text.wav", "expected a WAV file"),
        ("cut.wav", "expected as many bytes as its header says"),
        ("none.wav", "No such file"),
        (".", "directory"),
    ):
        status, lines, errors = run(name, "good.wav")
        assert status == 1
        assert len(lines) == 1 and lines[0].startswith("good.wav")
        assert errors.startswith(f"{name}: ") and words in errors
        assert errors.count("\n") == 1


def test_the_likeliest_of_a_file_that_is_too_long(run, tmp_path):
    """It is not classified: --top would do nothing."""
    write(tmp_path / "short.wav", 1)
    write(tmp_path / "long.wav", 1.05)
    status, lines, errors = run("long.wav", "short.wav", "--top", 2)
    assert status == 1 and len(lines) == 2
    assert all(line.startswith("short.wav") for line in lines)
    assert errors.startswith("long.wav: --top: expected a file that fits")
    assert errors.count("\n") == 1
    assert run("long.wav", "--top", 1)[0] == 0


def test_usage(run, tmp_path):
    status, lines, errors = run("--help")
    assert status == 0 and "examples:" in lines and errors == ""
    write(tmp_path / "good.wav", 1)
    for wrong in (
        ["--thinning", "0"],
        ["--thinning", "3"],
        ["--thinning", "8"],
        ["--thinning", "x"],
        ["--thinning"],
        ["--top", "0"],
        ["--no-such-option"],
        ["--stream", "--top", "2"],
    ):
        status, lines, errors = run("good.wav", *wrong)
        assert (status, lines) == (2, [])
        assert errors.count("\n") == 1
    assert run()[0] == 2
    status, _, errors = run("good.wav", model="good.wav")
    assert status == 1 and "no .bifsmn file" in errors


def test_the_example_in_c(build, engine, default, tmp_path):
    posteriors = engine.Model.load(default.path).classify(
        write(tmp_path / "clip.wav", 1)
    )
    program = build / "examples" / "classify"
    done = subprocess.run(
        [program, default.path, tmp_path / "clip.wav"],
        capture_output=True,
        text=True,
        check=True,
    )
    best = posteriors.argmax()
    assert done.stdout == f"word {best} {posteriors[best]:.3f}\n"


def test_text_of_strangers_is_shown(build, default, tmp_path):
    """Labels and names as Python shows them; all JSON is valid UTF-8."""
    texts = [text for text in EXAMPLES if text]
    content = model_file.read(default.path)
    classes = content.config.classes
    program = build / "tools" / "bifsmn-run"
    for start in range(0, len(texts), classes):
        part = texts[start : start + classes]
        labels = (part + content.labels)[:classes]
        path = tmp_path / "strange.bifsmn"
        write_model(content._replace(labels=labels), path)
        write(tmp_path / "a.wav", 1)
        command = [program, path, tmp_path / "a.wav", "--top", "1000000"]
        out = subprocess.run(command, capture_output=True, check=True).stdout
        found = [line.split("  ", 2)[2][:-7] for line in _lines(out)]
        assert sorted(found) == sorted(map(printable, labels))
        command.append("--json")
        out = subprocess.run(command, capture_output=True, check=True).stdout
        found = [json.loads(line)["label"] for line in _lines(out)]
        assert sorted(found) == sorted(labels)


def _lines(out):
    lines = out.decode().split("\n")
    assert all(printable(line) == line for line in lines)
    return lines[:-1]


@pytest.mark.parametrize("name", BYTES)
def test_names_that_are_no_utf8(build, default, tmp_path, name):
    program = build / "tools" / "bifsmn-run"
    if b"/" not in name:
        write(tmp_path / "a.wav", 1)
        shutil.copy(tmp_path / "a.wav", tmp_path / os.fsdecode(name))
        command = [program, default.path, name, "--json"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True)
        (line,) = _lines(done.stdout)
        assert os.fsencode(json.loads(line)["file"]) == name
    for command in (
        [program, default.path, b"no " + name],
        [program, default.path, b"a.wav", b"--" + name],
        [program, b"no " + name, b"a.wav"],
        [build / "examples" / "classify", default.path, b"no " + name],
        [build / "tools" / "bifsmn-bench", b"no " + name],
    ):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True)
        assert done.returncode in (1, 2) and done.stdout == b""
        (line,) = _lines(done.stderr)
        assert BYTES[name] in line


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_stdout_that_cannot_be_written(build, default, tmp_path):
    write(tmp_path / "a.wav", 1)
    run = [build / "tools" / "bifsmn-run", default.path, "a.wav", "a.wav"]
    bench = [build / "tools" / "bifsmn-bench", default.path, "--runs", "1"]
    for command in (run, [*run, "--json"], bench, [*bench, "--json"]):
        for words in (command, [command[0], "--help"]):
            for where in (">/dev/full", ">&-"):
                shell = ["sh", "-c", f'exec "$@" {where}', "sh", *words]
                done = subprocess.run(
                    shell, cwd=tmp_path, capture_output=True, text=True
                )
                assert done.returncode == 1
                assert "stdout: " in done.stderr
                assert done.stderr.count("\n") == 1


def test_special_files(run, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "/dev/null", "/dev/zero"):
        status, lines, errors = run(name)
        assert (status, lines) == (1, [])
        assert "expected a file, found a pipe or a device" in errors
    (tmp_path / "empty.wav").touch()
    status, _, errors = run("empty.wav")
    assert status == 1 and "expected a WAV file" in errors


def test_standard_input(run, build, default, tmp_path):
    """A file or a pipe; as that file, but for the name."""
    write(tmp_path / "a.wav", 1)
    data = (tmp_path / "a.wav").read_bytes()
    _, (expected,), _ = run("a.wav")
    command = [build / "tools" / "bifsmn-run", default.path, "-"]
    at = data.index(b"data") + 4
    streamed = data[:at] + b"\xff" * 4 + data[at + 4 :]
    for content, status, words in (
        (data, 0, ""),
        (streamed, 0, ""),
        (b"", 1, "-: expected a WAV file"),
        (b"words", 1, "-: expected a WAV file"),
        (data[:-9], 1, "-: expected as many bytes as its header says"),
    ):
        done = subprocess.run(command, input=content, capture_output=True)
        assert done.returncode == status
        assert done.stderr.decode().startswith(words)
        found = done.stdout.decode().replace("-", "a.wav", 1)
        assert found == ("" if status else f"{expected}\n")
    with open(tmp_path / "a.wav", "rb") as file:
        done = subprocess.run(command, stdin=file, capture_output=True)
    assert done.returncode == 0
    primary, secondary = os.openpty()
    done = subprocess.run(command, stdin=secondary, capture_output=True)
    os.close(primary)
    os.close(secondary)
    assert done.returncode == 1 and b"found a terminal" in done.stderr


def test_a_file_larger_than_memory(build, default, tmp_path):
    """It is read as it goes, so that memory does not matter."""
    head = struct.pack(
        *("<4sI4s4sIHHIIHH4sI", b"RIFF", 0xFFFFFFFF, b"WAVE", b"fmt ", 16),
        *(1, 32, 16000, 1024000, 64, 16, b"data", 2**31 - 64),
    )
    with open(tmp_path / "huge.wav", "wb") as file:
        file.write(head)
        file.truncate(len(head) + 2**31 - 64)
    program = build / "tools" / "bifsmn-run"
    words = [str(word) for word in (program, default.path, "huge.wav")]
    code = (
        "import os, resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (2**28, 2**28))\n"
        "os.execv(sys.argv[1], sys.argv[1:])\n"
    )
    command = [sys.executable, "-c", code, *words, "--thinning", "4"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="no /proc")
def test_a_file_that_becomes_shorter(build, default, tmp_path):
    """While it is read: a sentence, and what was found before is not lost."""
    write(tmp_path / "a.wav", 1)
    write(tmp_path / "long.wav", 900)
    program = build / "tools" / "bifsmn-run"
    command = [program, default.path, "a.wav", "long.wav"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline().startswith("a.wav")
        maps = Path(f"/proc/{process.pid}/maps")
        while process.poll() is None and "long.wav" not in maps.read_text():
            pass
        os.truncate(tmp_path / "long.wav", 10000)
        errors = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "became shorter" in errors and errors.count("\n") == 1
