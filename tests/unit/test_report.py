"""Results files and the commit they name."""

import json
import re
import subprocess

import pytest

from speechbrain_bifsmn.files.owned import MARKER
from speechbrain_bifsmn.provenance import git_commit
from speechbrain_bifsmn.runs.results import (
    BY_THINNING,
    REQUIRED,
    write_results,
)


def results():
    values = dict.fromkeys(REQUIRED, "x")
    values |= {key: {"1": 5000, "2": 3000} for key in BY_THINNING}
    return values | {
        "accuracy": {"1": 91.234, "2": 80.0},
        "interval": {"1": [90.0, 92.0], "2": [78.0, 82.0]},
        "stored_bytes": {"1": 1024, "2": 512},
        "teacher_accuracy": 95.5,
        "teacher_interval": [94.0, 97.0],
        "teacher_stored_bytes": 10240,
        "teacher_macs": 6000,
        "test_clips": 1234,
        "epochs": {"teacher": 5, "student": 10},
        "seconds": {"teacher": 10.4, "student": 20.0},
        "versions": {"torch": "2.13"},
    }


def test_both_files_say_the_same(tmp_path):
    text = write_results(tmp_path / "new", results())
    assert (tmp_path / "new" / "results.md").read_text() == text
    assert json.loads((tmp_path / "new" / "results.json").read_text()) == (
        results()
    )
    assert "| student, thinning 1 | 91.23 (90.0 to 92.0) | 5,000 " in text
    assert "| 1.0 | 10.0x |" in text
    assert "1,234 clips" in text
    assert "teacher 5 epochs in 10 s, student 10 epochs in 20 s" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({row.count("|") for row in rows}) == 1
    names = {path.name for path in (tmp_path / "new").iterdir()}
    assert names == {"results.json", "results.md", MARKER}


@pytest.mark.parametrize(
    ("engine", "words"),
    [("avx2", "bit-exact on avx2"), ("not installed", "not installed")],
)
def test_the_file_of_the_student_is_told(tmp_path, engine, words):
    exported = {"file": "m.bifsmn", "bytes": 12345, "engine": engine}
    text = write_results(tmp_path, results() | {"exported": exported})
    assert "file `m.bifsmn` of 12,345 bytes, bit by bit; engine: " in text
    assert f"; engine: {words}\n" in text


def test_a_missing_key_writes_nothing(tmp_path):
    incomplete = results()
    del incomplete["seed"]
    with pytest.raises(ValueError, match="found none of seed"):
        write_results(tmp_path / "new", incomplete)
    assert not (tmp_path / "new").exists()


def git(folder, *arguments):
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    subprocess.run(command, check=True, capture_output=True)


def test_the_commit_and_its_changes(tmp_path):
    assert git_commit(tmp_path) == "unknown"
    git(tmp_path, "init")
    assert git_commit(tmp_path) == "unknown"
    (tmp_path / "file").write_text("a")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "x")
    clean = git_commit(tmp_path)
    assert len(clean) == 40
    (tmp_path / "untracked").write_text("a")
    assert git_commit(tmp_path) == clean
    (tmp_path / "file").write_text("b")
    assert git_commit(tmp_path) == f"{clean}-dirty"


def test_new_results_leave_a_commit_clean(tmp_path):
    results = tmp_path / "benchmarks" / "results"
    results.mkdir(parents=True)
    git(tmp_path, "init")
    for name in (results / "engine.json", tmp_path / "code.py"):
        name.write_text("a")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "x")
    clean = git_commit(tmp_path)
    (results / "engine.json").write_text("b")
    assert git_commit(results) == clean
    (tmp_path / "code.py").write_text("b")
    assert git_commit(results) == f"{clean}-dirty"


def test_without_git(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert git_commit(tmp_path) == "unknown"


@pytest.mark.parametrize("key", REQUIRED)
def test_every_missing_key_is_named(tmp_path, key):
    incomplete = results()
    del incomplete[key]
    with pytest.raises(ValueError, match=f"found none of {key}; add"):
        write_results(tmp_path, incomplete)


@pytest.mark.parametrize("key", BY_THINNING[1:])
def test_thinnings_must_agree(tmp_path, key):
    incomplete = results()
    del incomplete[key]["2"]
    with pytest.raises(ValueError, match=f"expected {key} at .* 1, 2 of"):
        write_results(tmp_path, incomplete)
    assert not list(tmp_path.iterdir())


def test_new_results_replace_old_ones(tmp_path):
    write_results(tmp_path, results())
    assert "seed 5," in write_results(tmp_path, results() | {"seed": 5})
    assert json.loads((tmp_path / "results.json").read_text())["seed"] == 5


def test_the_commit_of_this_folder_or_none(tmp_path):
    assert git_commit(tmp_path / "missing") == "unknown"
    pattern = r"unknown|[0-9a-f]{40}(-dirty)?"
    assert re.fullmatch(pattern, git_commit("."))
