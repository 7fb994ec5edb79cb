"""The benchmark of the engine compares what it claims to."""

import argparse
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from benchmarks import ROOT, THINNINGS, engine
from benchmarks import __main__ as everything
from benchmarks.harness import (
    arm_count,
    backend,
    cache,
    process,
    results,
    timing,
    unfinished,
)
from benchmarks.harness.backend import Form
from benchmarks.harness.process import Missing
from benchmarks.harness.registry import LITERT, PEERS
from benchmarks.harness.stopwatch import median_us
from benchmarks.models import check, network, prepared, trained
from bifsmn_engine.format import model_file
from speechbrain_bifsmn.deploy.folding import fold
from speechbrain_bifsmn.deploy.writer import write_model

US = {
    "bifsmn_fast": {"1": [10, 11, 9], "2": [5, 6, 4], "4": [2, 2, 3]},
    "bifsmn_slow": {"1": [90], "2": [50], "4": [20]},
    "litert_int8": {"1": [30, 31, 29], "2": [20], "4": [10]},
    "litert_int8_prelu": {"1": [40], "2": [25], "4": [12]},
    "litert_fp32_relu": {"1": [81], "2": [41], "4": [30]},
    "litert_fp32_prelu": {"1": [80], "2": [45], "4": [28]},
}
AUDIO = {"bifsmn_fast": {"1": [120], "2": [110], "4": [100]}}
SAMPLES = {
    "us": US,
    "audio_us": AUDIO,
    "call_us": {"bifsmn_fast": {"any": [0.1, 0.3, 0.2]}},
}


def test_ratios_are_the_peers_time_over_ours():
    found = timing.summary(SAMPLES, "fast")
    assert found["us"]["bifsmn_fast"] == {"1": 10, "2": 5, "4": 2}
    assert found["us_p10_p90"]["bifsmn_fast"]["1"] == [9.2, 10.8]
    assert found["ratio_litert_int8"] == {"1": 3, "2": 4, "4": 5}
    assert found["ratio_litert_int8_prelu"] == {"1": 4, "2": 5, "4": 6}
    # Of the two forms the one that is faster at full depth.
    assert found["us"]["litert_fp32"] == found["us"]["litert_fp32_prelu"]
    assert found["ratio_litert_fp32"] == {"1": 8, "2": 9, "4": 14}
    assert found["ratio_litert_fp32_full"] == {"1": 8, "2": 16, "4": 40}
    assert found["audio_to_decision_us"] == {"1": 120, "2": 110, "4": 100}
    assert found["call_us"] == 0.2
    assert found["python_us"] is None
    assert found["ratio_litert_int8_avx2"] is None


def test_ratios_of_the_other_instruction_set():
    ratio = timing.summary(SAMPLES, "slow")["ratio_litert_int8"]
    assert ratio == {"1": 0.33, "2": 0.4, "4": 0.5}


def test_ratio_of_what_both_take_without_avx512():
    us = {"bifsmn_avx2": {"1": [20]}, "litert_int8_avx2": {"1": [90]}}
    found = timing.summary({"us": {"bifsmn_fast": {"1": [1]}, **us}}, "fast")
    assert found["ratio_litert_int8_avx2"] == {"1": 4.5}


def test_ratio_on_arm():
    cycles = {"cortex-a53": {"1": 200, "4": 100}, "neoverse-n1": {"1": 10}}
    peers = {"cortex-a53": {"litert_int8": {"1": 900, "4": 250}}}
    found = engine.arm_ratio({"arm_cycles": cycles, "arm_peer_cycles": peers})
    ratio = found["arm_cycles_ratio_litert_int8"]
    assert ratio == {"cortex-a53": {"1": 4.5, "4": 2.5}}
    for nothing in ({}, {"arm_cycles": cycles}, {"arm_peer_cycles": peers}):
        assert engine.arm_ratio(nothing) == {
            "arm_cycles_ratio_litert_int8": None
        }


class Backend:
    def __init__(self, key, log, isa=""):
        self.key, self.log, self.isa = key, log, isa

    def time(self, calls):
        self.log.append(self.key)
        return {"us": {n: values[0] for n, values in US[self.key].items()}}

    def bytes(self):
        return {"1": 5}

    def memory(self):
        return {"peak_kib": 7}


def test_backends_take_turns_both_ways():
    log = []
    names = ["bifsmn_fast", "litert_int8"]
    backends = [Backend(name, log) for name in names]
    samples = timing.measure(backends, 3, 1, {})
    assert log == [*names[::-1], *names, *names[::-1]]
    assert samples["us"]["litert_int8"]["2"] == [20, 20, 20]


def test_a_backend_that_fails_later_is_left_out():
    class Failing(Backend):
        def time(self, calls):
            if len(self.log) > 2:
                raise Missing("why")
            return super().time(calls)

    log, missing = [], {}
    backends = [Backend("bifsmn_fast", log), Failing("litert_int8", log)]
    samples = timing.measure(backends, 4, 1, missing)
    assert samples["us"] == {
        "bifsmn_fast": {"1": [10] * 4, **{"2": [5] * 4, "4": [2] * 4}}
    }
    assert missing == {"litert_int8": "why"}
    assert log.count("litert_int8") == 1


@pytest.fixture(scope="module")
def random_file(tmp_path_factory):
    """A random network of the usual sizes."""
    path = tmp_path_factory.mktemp("model") / "model.bifsmn"
    write_model(network.random_model(), path)
    return path


@pytest.fixture
def options(tmp_path, monkeypatch, random_file):
    """A benchmark in which there are no peers, and nothing on ARM."""

    def environment(*_):
        raise Missing("pip: no network")

    monkeypatch.setattr(cache, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(unfinished, "SOURCES", ())
    native = [Backend("bifsmn_fast", [], isa="fast")]
    checks = {"bifsmn_fast": {"1": {"prediction_mismatches": 0}}}
    monkeypatch.setattr(engine, "build_engine", lambda: tmp_path)
    monkeypatch.setattr(engine, "compiler", lambda _: "none")
    monkeypatch.setattr(prepared, "networks", lambda _: tmp_path)
    monkeypatch.setattr(engine, "environment", environment)
    np.save(tmp_path / "inputs.npy", np.zeros((3, 64, 32)))
    found = native, checks, {"bifsmn_faster": "not in this processor"}
    monkeypatch.setattr(engine, "native_backends", lambda *_: found)
    monkeypatch.setattr(engine, "tool_timings", lambda *_: {})
    monkeypatch.setattr(arm_count, "TOOLS", ["no-emulator"])
    return argparse.Namespace(
        model=random_file,
        data_folder=None,
        rounds=2,
        calls=1,
        output=tmp_path / "new" / "engine.json",
    )


def test_what_is_missing_is_reported(options):
    found = results.run_and_save(engine.benchmark, options)
    assert json.loads(options.output.read_text()) == found
    forms = {form for peer in PEERS for form in peer.forms}
    assert found["missing"] == {
        **dict.fromkeys(forms, "pip: no network"),
        "bifsmn_faster": "not in this processor",
    }
    assert found["ratio_litert_int8"] is None
    assert found["ratio_litert_fp32_full"] is None
    assert found["us"] == {"bifsmn_fast": {"1": 10, "2": 5, "4": 2}}
    assert found["checks"]["bifsmn_fast"]["1"]["prediction_mismatches"] == 0
    assert found["bytes"] == {"bifsmn_fast": {"1": 5}}
    assert found["memory"] == {"bifsmn_fast": {"peak_kib": 7}}
    assert found["compared_on"] == "3 generated inputs"
    assert found["arm_instructions"] is None
    assert found["arm_note"] == (
        "expected no-emulator, found none; make test-arm installs it"
    )
    assert found["arm_peers"] == {}
    assert found["arm_cycles_ratio_litert_int8"] is None
    assert found["file_bytes"] == options.model.stat().st_size
    assert "missing_parts" not in found


def test_a_missing_model_of_cores_is_told(options, monkeypatch, capsys):
    counted = {
        f"{region} {n}": {"total": 1}
        for region in ("logits", "classify")
        for n in engine.THINNINGS
    }
    found = {"isa": "neon", "instructions": counted}
    monkeypatch.setattr(engine.arm_count, "measure", lambda model: found)
    assert engine.arm_counts(options.model)["arm_cycles"] == {}
    assert "package llvm-19 has it" in "".join(capsys.readouterr())


def test_one_part_that_fails_stops_no_other(options, monkeypatch):
    def broken(*_):
        raise RuntimeError("why")

    def missing(*_):
        raise Missing("no tool")

    monkeypatch.setattr(engine, "arm_counts", broken)
    monkeypatch.setattr(engine, "tool_timings", missing)
    with pytest.raises(RuntimeError):
        results.run_and_save(engine.benchmark, options)
    found = json.loads(options.output.read_text())
    assert found["us"]["bifsmn_fast"]["1"] == 10
    assert found["missing_parts"] == {"tool": "no tool", "arm": "why"}
    assert found["memory"] and found["arm_peers"] == {}


def test_a_run_that_was_stopped_goes_on(options, monkeypatch):
    counted = []

    def stopped(*_):
        raise KeyboardInterrupt

    def counts(*_):
        counted.append(1)
        return {"arm_note": "counted"}

    monkeypatch.setattr(engine, "arm_counts", stopped)
    with pytest.raises(KeyboardInterrupt):
        results.run_and_save(engine.benchmark, options)
    monkeypatch.setattr(engine, "arm_counts", counts)
    monkeypatch.setattr(engine, "measure", None)  # it was done
    found = results.run_and_save(engine.benchmark, options)
    assert found["us"]["bifsmn_fast"] == {"1": 10, "2": 5, "4": 2}
    assert found["arm_note"] == "counted"
    with pytest.raises(TypeError):  # it measures anew
        results.run_and_save(engine.benchmark, options)
    assert counted == [1, 1]


def test_another_run_begins_anew(options):
    def folder():
        return unfinished.Unfinished(options).folder

    before = folder()
    assert folder() == before
    options.output.parent.mkdir()
    options.output.write_text("results of before")
    assert folder() == before
    options.calls += 1
    assert folder() != before


def test_all_benchmarks_run_though_one_fails(monkeypatch):
    commands = []

    def run(command, cwd):
        commands.append(command[2:])
        return argparse.Namespace(returncode=len(commands) % 2)

    monkeypatch.setattr(everything.subprocess, "run", run)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--calls=9"])
    with pytest.raises(SystemExit, match="engine, scaling did not"):
        everything.main()
    modules = [f"benchmarks.{name}" for name in everything.MODULES]
    assert commands == [[modules[0], "--calls=9"], *[[m] for m in modules[1:]]]


def test_instruction_sets_that_a_processor_lacks(monkeypatch):
    class Native(Backend):
        def __init__(self, library, model, features, isa=""):
            super().__init__(f"bifsmn_{isa}", [], isa)

        def isas(self):
            return ["avx2", "portable", "reference"]

        def check(self):
            return {}

    monkeypatch.setattr(engine, "Native", Native)
    monkeypatch.setattr(engine.platform, "machine", lambda: "x86_64")
    found, checks, missing = engine.native_backends(ROOT, ROOT, ROOT)
    assert [backend.isa for backend in found] == ["avx2", "portable"]
    assert set(checks) == {f"bifsmn_{isa}" for isa in Native("", "", "").isas()}
    lacking = "bifsmn_avx512", "bifsmn_avx512vl", "bifsmn_avx512vnni"
    assert missing == dict.fromkeys(lacking, "not in this processor")


def program(path, text):
    path.write_text(f"#!{sys.executable}\n{text}\n")
    path.chmod(0o755)
    return path


def test_timings_of_the_tool(tmp_path):
    rows = [
        {"task": task, "isa": "fast", "thinning": 2, "us": {"median": us}}
        for task, us in (("features -> logits", 5), ("audio -> posteriors", 90))
    ]
    rows.append({**rows[0], "isa": "reference"})
    text = f"print({json.dumps(json.dumps({'results': rows}))})"
    us = engine.tool_timings(program(tmp_path / "tool", text), "model")
    assert us["features -> logits"] == {"fast": {"2": 5}}
    assert us["audio -> posteriors"] == {"fast": {"2": 90}}


def test_counts_of_instructions(monkeypatch):
    counts = {
        f"{task} {n}": {"total": 1000 * at + int(n)}
        for at, task in enumerate(("logits", "classify"))
        for n in THINNINGS
    }
    found = {"isa": "neon", "instructions": counts, "loop": {"vector": 3}}
    found["cycles"] = {"a53": {f"logits {n}": int(n) for n in THINNINGS}}
    monkeypatch.setattr(arm_count, "measure", lambda _: found)
    counted = engine.arm_counts("model")
    assert counted["arm_instructions"] == {"1": 1, "2": 2, "4": 4}
    assert counted["arm_audio_instructions"]["4"] == 1004
    assert counted["arm_loop"] == {"vector": 3}
    assert counted["arm_cycles"] == {"a53": {"1": 1, "2": 2, "4": 4}}


def test_models_of_other_sizes_are_refused(tmp_path, random_file):
    path = tmp_path / "model.bifsmn"
    check.check_sizes(random_file)
    net = network.random_network(hidden=128)
    file = fold(net, list("abcdefghijkl"), network.front_end())
    write_model(file, path)
    with pytest.raises(SystemExit, match="expected hidden = 256, .*found 128"):
        check.check_sizes(path)


@pytest.fixture
def form(tmp_path, monkeypatch):
    """A form of LiteRT whose driver gives the source's logits."""
    networks, models = tmp_path / "networks", tmp_path / "models"
    networks.mkdir()
    models.mkdir()
    form = Form(LITERT, "litert_fp32_relu", "python", networks, models)
    expected = np.eye(3, 12)
    for thinning in THINNINGS:
        np.save(networks / f"logits_relu_{thinning}.npy", expected)
    form.found = {file.name: expected.tolist() for file in form.files}
    monkeypatch.setattr(form, "_run", lambda *_, **__: form.found)
    return form


def test_mismatches_are_counted(form):
    found = {"largest_difference": 0, "prediction_mismatches": 0, "inputs": 3}
    assert form.check() == dict.fromkeys(THINNINGS, found)
    form.form = "int8_relu"
    form.found[form.files[1].name] = np.eye(3, 12)[[0, 2, 1]].tolist()
    found = form.check()
    assert found["2"]["prediction_mismatches"] == 2
    assert found["2"]["largest_difference"] == 1


def test_a_broken_peer_is_missing(form):
    form.found[form.files[2].name] = (np.eye(3, 12) + 0.01).tolist()
    with pytest.raises(Missing, match="relu_4: expected the source's"):
        form.check()


def test_a_peer_with_a_network_of_its_own(form):
    own = np.eye(3, 12)[::-1]
    np.save(form.models / "logits_relu_1.npy", own)
    with pytest.raises(Missing, match="relu_1: expected the source's"):
        form.check()
    form.found[form.files[0].name] = own.tolist()
    assert form.check()["1"]["largest_difference"] == 0


def test_what_a_form_takes(form):
    for size, file in enumerate(form.files):
        file.write_bytes(bytes(size))
    assert form.bytes() == {"1": 0, "2": 1, "4": 2}
    form.found = {"us": form.found, "audio_us": {}}
    assert set(form.time(5)) == {"us"}


def test_an_engine_that_errs_is_not_measured(
    tmp_path, monkeypatch, random_file
):
    model, features = random_file, tmp_path / "features.npy"
    inputs = network.features(2)
    np.save(features, inputs.numpy())
    native = backend.Native("library", model, features, "fast")
    twin = backend.DeployedBiDFSMN(model_file.read(model))
    logits = {}
    for thinning in THINNINGS:
        twin.thinning = int(thinning)
        logits[thinning] = twin(inputs).tolist()
    monkeypatch.setattr(native, "_run", lambda: {"logits": logits})
    assert native.check()["1"]["inputs"] == 2
    logits["2"][0][0] += 1e-6
    with pytest.raises(SystemExit, match="fast, thinning 2: expected the log"):
        native.check()


def test_the_peers_can_be_trained(tmp_path, monkeypatch):
    monkeypatch.setattr(trained, "EPOCHS", 1)
    monkeypatch.setattr(trained, "CALIBRATION", 4)
    data = network.features(8), torch.arange(8)
    monkeypatch.setattr(trained, "read", lambda *_: data)
    found = trained.write(tmp_path, "data")
    assert set(found) == {"prelu", "relu"} and set(found["relu"]) == set("124")
    weights = np.load(tmp_path / "weights_relu_2.npz")
    assert weights["0.memory.slope"] == 0
    assert np.load(tmp_path / "calibration.npy").shape == (4, 64, 32)
    w = {name: torch.from_numpy(weights[name]) for name in weights}
    x = torch.from_numpy(np.load(tmp_path / "inputs.npy"))
    y = torch.from_numpy(np.load(tmp_path / "logits_relu_2.npy"))
    torch.testing.assert_close(run(w, x[:, None]), y, atol=1e-3, rtol=1e-3)


def test_what_a_process_needs():
    # In a process of its own: here, memory that was freed would serve again.
    program = """
from benchmarks.harness.memory import needed
held = []
found = needed(lambda: lambda: held.append(b"x" * 10**7), calls=3)
assert 29_000 < found["added_kib"] < found["peak_kib"], found
"""
    command = [sys.executable, "-c", program]
    subprocess.run(command, cwd=ROOT, check=True)


@pytest.mark.parametrize("relu", [False, True])
def test_peers_get_the_same_network(relu):
    net = network.random_network(binary=False, relu=relu)
    x = network.features(4)
    for thinning in net.thinnings:
        net.thinning = thinning
        w = {
            name: torch.from_numpy(np.asarray(a))
            for name, a in network.folded(net, net.thinning).items()
        }
        y = run(w, net.scaling(x)[:, None])
        torch.testing.assert_close(y, net(x), atol=1e-4, rtol=1e-4)


def run(w, x):
    """What ``make_tflite.classify`` computes, of (B, 1, T, F)."""

    def conv(name, x, **options):
        weight = w[f"{name}.weight"].permute(3, 2, 0, 1)
        return activation(name, F.conv2d(x, weight, **options))

    def activation(name, x):
        x = x + w[f"{name}.bias"].view(-1, 1, 1)
        return torch.where(x > 0, x, w[f"{name}.slope"] * x)

    x = conv("conv1", x, stride=2, padding=2)
    x = conv("conv2", x, stride=2, padding=2)
    x = x.permute(0, 2, 3, 1).flatten(2)  # (B, T, bands)
    x = conv("projection", x.transpose(1, 2)[..., None])
    for block in range(len([name for name in w if "memory.slope" in name])):
        taps = w[f"{block}.memory.weight"].permute(2, 3, 0, 1)
        memory = F.conv2d(x, taps, padding=(2, 0), groups=len(taps))
        x = activation(f"{block}.memory", memory) + x
        x = conv(f"{block}.project", conv(f"{block}.expand", x)) + x
    x = x[..., 0].transpose(1, 2).flatten(1)  # (B, T C)
    return x @ w["classifier.weight"] + w["classifier.bias"]


def test_programs_that_fail_say_why(monkeypatch):
    with pytest.raises(Missing, match="no-such-program: No such file"):
        process.run(["no-such-program"])
    with pytest.raises(Missing, match="the reason"):
        process.run([sys.executable, "-c", "raise SystemExit('the reason')"])
    monkeypatch.setattr(process, "MAX_SECONDS", 0.1)
    with pytest.raises(Missing, match="took 0.1 s and more"):
        process.run([sys.executable, "-c", "import time; time.sleep(9)"])
    monkeypatch.undo()
    threads = "import os; print(os.environ['OMP_NUM_THREADS'])"
    assert process.run([sys.executable, "-c", threads]) == "1\n"


def test_the_cache_follows_its_sources(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "CACHE", tmp_path / "cache")
    source, made = tmp_path / "source.txt", []

    def make(folder):
        made.append(folder)
        if len(made) == 1:
            raise Missing("half done")

    source.write_text("1")
    with pytest.raises(Missing):
        cache.cached("name", [source], make)
    first = cache.cached("name", [source], make)
    assert cache.cached("name", [source], make) == first
    source.write_text("2")
    assert cache.cached("name", [source], make) != first
    assert len(made) == 3


def test_every_call_is_timed_after_warming_up():
    calls = []
    assert 0 <= median_us(lambda: calls.append(0), 5, warm_up=2) < 1e4
    assert len(calls) == 7


def test_help():
    command = [sys.executable, "-m", "benchmarks.engine", "--help"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "speed-up over LiteRT" in done.stdout
