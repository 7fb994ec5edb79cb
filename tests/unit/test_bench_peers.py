"""The benchmark of keyword spotters counts what it claims to."""

import argparse
import json
from pathlib import Path

import numpy as np
import pytest
import tuning_audio
from tuning_audio import KEYWORDS

from benchmarks import keywords, peers
from benchmarks.harness import keyword_runner
from benchmarks.harness.keyword_audio import write_audio
from benchmarks.harness.keyword_counts import of_keywords
from benchmarks.harness.keyword_peers import ENGINE, PEERS
from benchmarks.harness.keyword_runner import CHUNK, RATE, Spotter
from benchmarks.harness.process import Missing
from benchmarks.reports.keyword_table import peers_lines


class Loudness(Spotter):
    """Hears "loud" where samples are large; a step for each chunk."""

    keywords, thresholds, hop_s = ["loud"], [0.5], CHUNK / RATE

    def __init__(self):
        self.model, self.library = [Path(__file__)], []
        self.chunks = 0

    def reset(self):
        self.chunks = 0

    def take(self, chunk):
        self.chunks += 1
        return [[np.abs(chunk).max() / 32768]]


@pytest.fixture
def audio(tmp_path):
    """A loud clip, a quiet one, one of another word, and an hour and a bit."""
    for name, level in (
        ("clips/loud/0", 30000),
        ("clips/loud/1", 3000),
        ("clips/other/2", 20000),
    ):
        path = tmp_path / f"{name}.s16"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.full(2 * CHUNK, level, np.int16).tofile(path)
    hour = np.zeros(3700 * RATE // CHUNK * CHUNK, np.int16)
    hour[RATE : RATE + 10] = hour[99 * RATE] = 20000
    (tmp_path / "other").mkdir()
    hour.tofile(tmp_path / "other" / "room.s16")
    return tmp_path


def test_scores_are_counted(audio, capsys):
    path = audio / "scores.npz"
    options = argparse.Namespace(audio=audio, scores=path, memory=False)
    keyword_runner.main(Loudness, options)
    about = json.loads(capsys.readouterr().out)
    assert about["bytes"] == {
        "model": Path(__file__).stat().st_size,
        "library": 0,
    }
    assert about["cpu_s_per_hour"] > 0
    with np.load(path) as scores:
        assert set(scores) == {"clips/loud/0", "clips/loud/1", "other/room"}
        found = of_keywords(dict(scores), about)["loud"]
    assert found["hours"] == pytest.approx(3700 / 3600, rel=1e-3)
    assert found["at_own"]["false_rejects"] == 1
    assert found["at_own"]["false_alarms"] == 2
    rejects = {r: f["false_rejects"] for r, f in found["rates"].items()}
    assert rejects == {"1": 1, "5": 0}
    assert found["rates"]["1"]["rejects_percent"] == 50


def test_false_alarms_above_every_clip():
    scores = {
        "clips/loud/0": np.float32([[0.2]]),
        "other/room": np.tile(np.float32([[0.9], [0.0]]), (60, 1)),
    }
    about = {"thresholds": {"loud": 0.5}, "hop_s": 60, "smoothing": 1}
    found = of_keywords(scores, about)["loud"]
    assert found["rates"]["1"]["rejects_percent"] == 100
    assert found["at_own"]["false_alarms"] == 60


def test_memory_is_of_loading_and_listening(audio, capsys):
    options = argparse.Namespace(audio=audio, scores=None, memory=True)
    keyword_runner.main(Loudness, options)
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"peak_kib", "added_kib"}


def test_the_engine_scores_the_files(tmp_path):
    place = tuning_audio.write_all(tmp_path)
    audio = tmp_path / "audio"
    negatives = [place / "radio.flac", place / "street"]
    write_audio(audio, place / "clips", negatives, KEYWORDS)
    clips = sorted((audio / "clips").glob("*/*.s16"))
    assert len(clips) == 8 * len(KEYWORDS)
    assert {p.stat().st_size for p in clips} == {2 * 3 * RATE}
    seconds = [p.stat().st_size / 2 / RATE for p in (audio / "other").iterdir()]
    expected = [4 * 6.5, 41]  # with pauses; one file is halved
    assert sorted(seconds) == pytest.approx(expected, abs=0.01)
    found = peers.measure(
        ENGINE, place / "model.bifsmn", audio, [*KEYWORDS, "other"]
    )
    assert set(found["keywords"]) == set(KEYWORDS)
    assert found["keywords"]["yes"]["at_own"]["clips"] == 8
    assert found["cpu_s_per_hour"] > 0 and found["memory_kib"]["added_kib"] > 0
    assert found["bytes"]["library"] > found["bytes"]["model"] > 0


def counted(missed):
    rate = {
        "rejects_percent": missed,
        "rejects_interval": (missed / 2, missed * 2),
    }
    own = {**rate, "clips": 50, "per_hour": 2.0, "per_hour_interval": (1, 4)}
    return {"rates": {"1": rate}, "at_own": own, "hours": 1.5}


def row(*words):
    return {
        "keywords": {word: counted(10.0) for word in words},
        "cpu_s_per_hour": 3.6,
        "memory_kib": {"peak_kib": 30000, "added_kib": 5000},
        "bytes": {"model": 100000, "library": 600000},
        "commit": "0" * 40,
    }


def test_one_that_is_missing_loses_nothing_else():
    def measure(peer):
        if peer.key == "openwakeword":
            raise Missing("python: no wheel for this machine")
        return row("yes", "no") if peer is ENGINE else row("yes")

    found = list(peers.measured(PEERS, measure))[-1]
    keys = [p.key for p in PEERS if p.key != "openwakeword"]
    assert list(found["rows"]) == keys
    assert list(found["missing"]) == ["openwakeword"]
    about = {
        "machine": {"processor": "a CPU"},
        "command": "python -m benchmarks.keywords",
    }
    lines = peers_lines(found | about)
    assert lines[2] == (
        "| this project | yes |  | 10.0 (5.0 to 20.0) |  | 10.0 (5.0 to 20.0) "
        "| 2.0 (1.0 to 4.0) | 4 | 5 | 0.1 + 0.6 |"
    )
    assert lines[3].startswith("|  | no |") and lines[3].endswith("|  |  |  |")
    assert lines[7].startswith("| openWakeWord: missing (python: no wheel")
    assert len({line.count("|") for line in lines[:8]}) == 1
    assert "50 clips of yes, 50 clips of no; 1.5 h" in lines[-1]


def test_each_half_of_the_results_survives_the_other(tmp_path):
    path = tmp_path / "keywords.json"
    keywords.Results(path, ["yes"]).write(rows={"alone": 1}, command="x")
    keywords.Results(path, ["yes"]).write(peers={"rows": {}})
    found = json.loads(path.read_text())
    assert found == {
        "words": ["yes"],
        "rows": {"alone": 1},
        "command": "x",
        "peers": {"rows": {}},
    }
    keywords.Results(path, ["no"]).write(peers={})
    found = json.loads(path.read_text())
    assert found == {"words": ["no"], "rows": {}, "peers": {}}
