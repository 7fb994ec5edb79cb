"""The benchmark of streams measures what it claims to."""

import argparse
import ctypes
import json
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path[:0] = [str(FOLDER), str(FOLDER / "peers")]
import stream_drive  # noqa: E402
import stream_native  # noqa: E402
import stream_peer  # noqa: E402
import streaming  # noqa: E402
from peers.registry import LCE  # noqa: E402
from peers.sides import DEPTHS, Form  # noqa: E402
from stream_drive import HOP, WARM_UP  # noqa: E402

SAMPLES = {
    "stream": {
        "bifsmn_fast": {"0": [5, 7, 6], "1": [4, 4, 4]},
        "peer": {"0": [20], "1": [15]},
        "micro": {"any": [9]},
    },
    "network": {
        "bifsmn_fast": {"0": [3, 3, 3], "1": [1.5, 1, 0.5]},
        "peer": {"0": [12], "1": [8]},
        "micro": {"any": [2]},
    },
    "front_end": {"micro": {"any": [3.6]}},
}


def test_the_share_of_the_front_end():
    results = streaming.summary(SAMPLES, ["bifsmn_fast"])
    cpu = results["cpu_s_per_hour"]
    assert cpu["stream"]["bifsmn_fast"] == {"0": 6, "1": 4}
    assert cpu["front_end"]["bifsmn_fast"] == {"0": 3, "1": 3}
    assert cpu["front_end_shared"] == {"peer": {"0": 15, "1": 11}}
    assert results["front_end_us_per_second"]["micro"] == {"any": 1000}
    assert results["path"] == "fast"
    spread = results["cpu_s_per_hour_p10_p90"]["stream"]["bifsmn_fast"]
    assert spread["0"] == [5.2, 6.8]


def test_audio_is_the_same_in_every_process():
    audio = stream_drive.chunks(3)
    assert audio.shape == (3 * 16000 // HOP, HOP)
    assert audio.dtype == np.float32 and 0.1 < np.abs(audio).max() < 1
    assert np.array_equal(audio, stream_drive.chunks(3))


def test_only_what_follows_the_warm_up_is_timed(monkeypatch):
    taken = []

    def clock():
        return 0.25 * len(taken)

    monkeypatch.setattr(stream_drive.time, "process_time", clock)
    audio = range(WARM_UP + 10)
    found = stream_drive.per_hour(taken.append, audio)
    assert taken == list(audio)
    assert found == pytest.approx(0.25 * 3600 * 16000 / HOP)


def test_a_driver_times_each_part_or_weighs_the_first(capsys):
    made, taken = [], []

    def part(name):
        def make():
            made.append(name)
            return taken.append

        return make

    parts = {"stream": {0: part("a"), 1: part("b")}, "network": {0: part("c")}}
    options = argparse.Namespace(seconds=0.1, memory=False)
    stream_drive.drive(parts, options, lambda chunk: chunk.tobytes())
    found = json.loads(capsys.readouterr().out)
    assert {k: set(v) for k, v in found.items()} == {
        "stream": {"0", "1"},
        "network": {"0"},
    }
    assert made == ["a", "b", "c"]
    assert all(len(chunk) == 4 * HOP for chunk in taken)
    options.memory = True
    stream_drive.drive(parts, options)
    assert set(json.loads(capsys.readouterr().out)) == {
        "peak_kib",
        "added_kib",
    }
    assert made[3:] == ["a"]


class Library:
    """Has a window ready after each 300 samples."""

    def __init__(self):
        self.taken, self.left = [], 300

    def bifsmn_push(self, state, audio, samples, used, scores, ready):
        count = min(self.left, samples.value)
        floats = ctypes.POINTER(ctypes.c_float)
        self.taken += ctypes.cast(audio, floats)[:count]
        self.left -= count
        used._obj.value, ready._obj.value = count, self.left == 0
        self.left = self.left or 300
        return 0


def test_the_engine_gets_all_audio():
    library = Library()
    engine = types.SimpleNamespace(
        library=library, state=None, scores=None, check=lambda status: None
    )
    stream = stream_native.Stream(engine)
    audio = stream_drive.chunks(0.5)
    for chunk in audio:
        stream(chunk)
    assert np.array_equal(np.float32(library.taken), audio.ravel())
    assert stream.windows == audio.size // 300


class FrontEnd:
    window_samples = 3 * HOP

    def __call__(self, window):
        return window


class Model:
    def set_input(self, x):
        self.x = x.copy()

    def invoke(self):
        self.y = self.x

    def logits(self):
        return self.y


def test_peers_get_the_last_window():
    stream = stream_peer.Stream(Model(), FrontEnd())
    audio = stream_drive.chunks(0.3)
    for chunk in audio:
        found = stream(chunk)
    assert np.array_equal(found, audio[-3:].ravel())


def test_the_other_spotter_runs_as_often_as_on_audio(monkeypatch):
    invoked = []
    library = types.SimpleNamespace(TfLiteInterpreterInvoke=invoked.append)
    model = types.SimpleNamespace(lib=library, interpreter=0, stride=3)

    class MicroFrontend:
        steps = 0

        def process_samples(self, audio):
            MicroFrontend.steps += 1
            return types.SimpleNamespace(samples_read=len(audio) // 2)

    features = types.SimpleNamespace(MicroFrontend=MicroFrontend)
    package = types.SimpleNamespace(
        MicroWakeWord=types.SimpleNamespace(from_builtin=lambda _: model),
        MicroWakeWordFeatures=None,
        Model=types.SimpleNamespace(OKAY_NABU=None),
    )
    monkeypatch.setitem(sys.modules, "pymicro_features", features)
    monkeypatch.setitem(sys.modules, "pymicro_wakeword", package)
    monkeypatch.delitem(sys.modules, "stream_micro", raising=False)
    import stream_micro

    audio = stream_drive.chunks(3)
    network, front_end = stream_micro.network(), stream_micro.front_end()
    for chunk in audio:
        network(chunk)
        front_end(stream_micro.bytes_of(chunk))
    monkeypatch.delitem(sys.modules, "stream_micro")
    assert len(invoked) == audio.size // 480
    assert MicroFrontend.steps == audio.size // 160


def test_a_side_runs_its_driver(tmp_path):
    program = tmp_path / "driver.py"
    program.write_text(
        "import json, os, sys\n"
        "print(json.dumps([sys.argv[1:], os.environ['BIFSMN_PATH']]))"
    )
    command = [sys.executable, program]
    side = streaming.Side("name", command, seconds=4, BIFSMN_PATH="fast")
    assert side.time(20) == [["--seconds=4"], "fast"]
    assert side.time(2) == [["--seconds=2"], "fast"]
    assert side.memory() == [["--memory"], "fast"]


def test_missing_sides_are_reported(monkeypatch):
    def environment(*_):
        raise streaming.prepare.Missing("pip: no network")

    monkeypatch.setattr(streaming.prepare, "environment", environment)
    sides, missing = streaming.other_sides(Path("networks"), ("so", "model"))
    assert [side.engine for side in sides] == ["keyword_spotter_torch"]
    forms = {form for peer in streaming.STREAMED for form in peer.forms}
    assert missing == dict.fromkeys(
        {*forms, "pymicro_wakeword"}, "pip: no network"
    )


def test_larq_is_compared_with_its_own_source(tmp_path):
    side = Form(LCE, "lce", "python", tmp_path, tmp_path)
    for depth in DEPTHS:
        expected = np.full((1, 12), float(depth))
        np.save(tmp_path / f"logits_binary_{depth}.npy", expected)
        assert np.array_equal(side.expected(depth), expected)
    assert side.paths[1].name == "lce_binary_1.tflite"


def test_help():
    command = [sys.executable, str(FOLDER / "streaming.py"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "seconds per hour of audio" in done.stdout
