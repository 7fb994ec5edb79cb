"""The benchmark of streams measures what it claims to."""

import argparse
import ctypes
import importlib
import json
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from benchmarks import ROOT, THINNINGS, engine, streaming
from benchmarks.backends import native_stream, network_stream
from benchmarks.harness import process, stream_runner
from benchmarks.harness.backend import Form
from benchmarks.harness.registry import LCE
from benchmarks.harness.stream_runner import HOP, WARM_UP

SAMPLES = {
    "stream": {
        "bifsmn_fast": {"1": [5, 7, 6], "2": [4, 4, 4]},
        "peer": {"1": [20], "2": [15]},
        "micro": {"any": [9]},
    },
    "network": {
        "bifsmn_fast": {"1": [3, 3, 3], "2": [1.5, 1, 0.5]},
        "peer": {"1": [12], "2": [8]},
        "micro": {"any": [2]},
    },
    "front_end": {"micro": {"any": [3.6]}},
}


def test_the_share_of_the_front_end():
    results = streaming.summary(SAMPLES, ["bifsmn_fast"])
    cpu = results["cpu_s_per_hour"]
    assert cpu["stream"]["bifsmn_fast"] == {"1": 6, "2": 4}
    assert cpu["front_end"]["bifsmn_fast"] == {"1": 3, "2": 3}
    assert cpu["front_end_shared"] == {"peer": {"1": 15, "2": 11}}
    assert results["front_end_us_per_second"]["micro"] == {"any": 1000}
    assert results["isa"] == "fast"
    spread = results["cpu_s_per_hour_p10_p90"]["stream"]["bifsmn_fast"]
    assert spread["1"] == [5.2, 6.8]


def test_audio_is_the_same_in_every_process():
    audio = stream_runner.chunks(3)
    assert audio.shape == (3 * 16000 // HOP, HOP)
    assert audio.dtype == np.float32 and 0.1 < np.abs(audio).max() < 1
    assert np.array_equal(audio, stream_runner.chunks(3))


def test_only_what_follows_the_warm_up_is_timed(monkeypatch):
    taken = []

    def clock():
        return 0.25 * len(taken)

    monkeypatch.setattr(stream_runner.time, "process_time", clock)
    audio = range(WARM_UP + 10)
    found = stream_runner.per_hour(taken.append, audio)
    assert taken == list(audio)
    assert found == pytest.approx(0.25 * 3600 * 16000 / HOP)


def test_a_backend_times_each_part_or_weighs_the_first(capsys):
    made, taken = [], []

    def part(name):
        def make():
            made.append(name)
            return taken.append

        return make

    parts = {"stream": {1: part("a"), 2: part("b")}, "network": {1: part("c")}}
    options = argparse.Namespace(seconds=0.1, memory=False)
    stream_runner.main(parts, options, lambda chunk: chunk.tobytes())
    found = json.loads(capsys.readouterr().out)
    assert {k: set(v) for k, v in found.items()} == {
        "stream": {"1", "2"},
        "network": {"1"},
    }
    assert made == ["a", "b", "c"]
    assert all(len(chunk) == 4 * HOP for chunk in taken)
    options.memory = True
    stream_runner.main(parts, options)
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
    stream = native_stream.Stream(engine)
    audio = stream_runner.chunks(0.5)
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
    stream = network_stream.Stream(Model(), FrontEnd())
    audio = stream_runner.chunks(0.3)
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
    name = "benchmarks.backends.micro_stream"
    monkeypatch.delitem(sys.modules, name, raising=False)
    micro_stream = importlib.import_module(name)

    audio = stream_runner.chunks(3)
    network, front_end = micro_stream.network(), micro_stream.front_end()
    for chunk in audio:
        network(chunk)
        front_end(micro_stream.bytes_of(chunk))
    monkeypatch.delitem(sys.modules, name)
    assert len(invoked) == audio.size // 480
    assert MicroFrontend.steps == audio.size // 160


def test_a_backend_runs_its_module(tmp_path):
    program = tmp_path / "python"
    program.write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        "print(json.dumps([sys.argv[3:], os.environ['BIFSMN_ISA']]))"
    )
    program.chmod(0o755)
    given = "name", program, "module", ["model"]
    backend = streaming.StreamBackend(*given, max_seconds=4, BIFSMN_ISA="fast")
    assert backend.time(20) == [["model", "--seconds=4"], "fast"]
    assert backend.time(2) == [["model", "--seconds=2"], "fast"]
    assert backend.memory() == [["model", "--memory"], "fast"]


def test_missing_backends_are_reported(monkeypatch):
    def environment(*_):
        raise process.Missing("pip: no network")

    for module in (streaming, engine):
        monkeypatch.setattr(module, "environment", environment)
    backends, missing = streaming.other_backends(
        Path("networks"), ("so", "model")
    )
    assert [backend.key for backend in backends] == ["keyword_spotter_torch"]
    forms = {form for peer in streaming.STREAMED for form in peer.forms}
    assert missing == dict.fromkeys(
        {*forms, "pymicro_wakeword"}, "pip: no network"
    )


def test_larq_is_compared_with_its_own_source(tmp_path):
    form = Form(LCE, "lce", "python", tmp_path, tmp_path)
    for thinning in THINNINGS:
        expected = np.full((1, 12), float(thinning))
        np.save(tmp_path / f"logits_binary_{thinning}.npy", expected)
        assert np.array_equal(form.expected(thinning), expected)
    assert form.files[1].name == "lce_binary_2.tflite"


def test_help():
    command = [sys.executable, "-m", "benchmarks.streaming", "--help"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "seconds per hour of audio" in done.stdout
