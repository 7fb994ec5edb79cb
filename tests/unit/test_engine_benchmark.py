"""The benchmark of the engine compares what it claims to."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(FOLDER))
sys.path.insert(1, str(FOLDER.parent / "docs"))
import bench_tables  # noqa: E402
import engine  # noqa: E402
from peers import network, prepare, sides, timing, trained  # noqa: E402
from peers.registry import LITERT, PEERS  # noqa: E402
from peers.sides import Form  # noqa: E402
from peers.stopwatch import median_us  # noqa: E402

US = {
    "bifsmn_fast": {"0": [10, 11, 9], "1": [5, 6, 4], "2": [2, 2, 3]},
    "bifsmn_slow": {"0": [90], "1": [50], "2": [20]},
    "litert_int8": {"0": [30, 31, 29], "1": [20], "2": [10]},
    "litert_int8_prelu": {"0": [40], "1": [25], "2": [12]},
    "litert_fp32_relu": {"0": [81], "1": [41], "2": [30]},
    "litert_fp32_prelu": {"0": [80], "1": [45], "2": [28]},
}
AUDIO = {"bifsmn_fast": {"0": [120], "1": [110], "2": [100]}}
SAMPLES = {
    "us": US,
    "audio_us": AUDIO,
    "call_us": {"bifsmn_fast": {"any": [0.1, 0.3, 0.2]}},
}


def test_ratios_are_the_peers_time_over_ours():
    results = timing.summary(SAMPLES, "fast")
    assert results["us"]["bifsmn_fast"] == {"0": 10, "1": 5, "2": 2}
    assert results["us_p10_p90"]["bifsmn_fast"]["0"] == [9.2, 10.8]
    assert results["ratio_litert_int8"] == {"0": 3, "1": 4, "2": 5}
    assert results["ratio_litert_int8_prelu"] == {"0": 4, "1": 5, "2": 6}
    # Of the two forms the one that is faster at full depth.
    assert results["us"]["litert_fp32"] == results["us"]["litert_fp32_prelu"]
    assert results["ratio_litert_fp32"] == {"0": 8, "1": 9, "2": 14}
    assert results["ratio_litert_fp32_full"] == {"0": 8, "1": 16, "2": 40}
    assert results["audio_to_decision_us"] == {"0": 120, "1": 110, "2": 100}
    assert results["call_us"] == 0.2
    assert results["python_us"] is None


def test_ratios_of_the_other_path():
    ratio = timing.summary(SAMPLES, "slow")["ratio_litert_int8"]
    assert ratio == {"0": 0.33, "1": 0.4, "2": 0.5}


class Side:
    def __init__(self, name, log, path=""):
        self.engine, self.log, self.path = name, log, path

    def time(self, calls):
        self.log.append(self.engine)
        us = {depth: values[0] for depth, values in US[self.engine].items()}
        return {"us": us}

    def bytes(self):
        return {"0": 5}

    def memory(self):
        return {"peak_kib": 7}


def test_sides_take_turns_both_ways():
    log = []
    names = ["bifsmn_fast", "litert_int8"]
    samples = timing.measure([Side(name, log) for name in names], 3, 1)
    assert log == [*names[::-1], *names, *names[::-1]]
    assert samples["us"]["litert_int8"]["1"] == [20, 20, 20]


def test_missing_peers_are_reported(tmp_path, monkeypatch):
    def environment(*_):
        raise engine.Missing("pip: no network")

    native = [Side("bifsmn_fast", [], path="fast")]
    checks = {"bifsmn_fast": {"0": {"other_decisions": 0}}}
    monkeypatch.setattr(prepare, "build_engine", lambda: tmp_path)
    monkeypatch.setattr(prepare, "compiler", lambda _: "none")
    monkeypatch.setattr(prepare, "networks", lambda _: tmp_path)
    monkeypatch.setattr(prepare, "environment", environment)
    np.save(tmp_path / "inputs.npy", np.zeros((3, 32, 32)))
    monkeypatch.setattr(engine, "native_sides", lambda *_: (native, checks))
    monkeypatch.setattr(engine, "tool_timings", lambda *_: {})
    monkeypatch.setattr(engine, "COUNT", engine.ROOT / "nowhere.py")
    options = argparse.Namespace(
        model=engine.MODEL, data_folder=None, rounds=2, calls=1
    )
    results = engine.benchmark(options)
    forms = {form for peer in PEERS for form in peer.forms}
    assert results["missing"] == dict.fromkeys(forms, "pip: no network")
    assert results["ratio_litert_int8"] is None
    assert results["ratio_litert_fp32_full"] is None
    assert results["us"] == {"bifsmn_fast": {"0": 10, "1": 5, "2": 2}}
    assert results["checks"] == checks
    assert results["bytes"] == {"bifsmn_fast": {"0": 5}}
    assert results["memory"] == {"bifsmn_fast": {"peak_kib": 7}}
    assert results["compared_on"] == "3 generated inputs"
    assert results["arm_instructions"] is None
    assert results["arm_note"] == "nowhere.py does not exist"
    assert results["file_bytes"] == engine.MODEL.stat().st_size


def program(path, text):
    path.write_text(f"#!{sys.executable}\n{text}\n")
    path.chmod(0o755)
    return path


def test_timings_of_the_tool(tmp_path):
    rows = [
        {"task": task, "path": "fast", "depth": 1, "us": {"median": us}}
        for task, us in (("features -> logits", 5), ("audio -> posteriors", 90))
    ]
    rows.append({**rows[0], "path": "reference"})
    text = f"print({json.dumps(json.dumps({'results': rows}))})"
    us = engine.tool_timings(program(tmp_path / "tool", text), "model")
    assert us["features -> logits"] == {"fast": {"1": 5}}
    assert us["audio -> posteriors"] == {"fast": {"1": 90}}


def test_counts_of_instructions(tmp_path, monkeypatch):
    tasks = ("logits", "classify")
    counts = {
        f"{task} {depth}": {"total": 1000 * at + depth}
        for at, task in enumerate(tasks)
        for depth in range(3)
    }
    found = {"path": "neon", "instructions": counts, "loop": {"vector": 3}}
    found["cycles"] = {"a53": {f"logits {depth}": depth for depth in range(3)}}
    text = f"print({json.dumps(json.dumps(found))})"
    script = program(tmp_path / "count.py", text)
    monkeypatch.setattr(engine, "COUNT", script)
    results = engine.arm_counts("model")
    assert results["arm_instructions"] == {"0": 0, "1": 1, "2": 2}
    assert results["arm_audio_instructions"]["2"] == 1002
    assert results["arm_loop"] == {"vector": 3}
    assert results["arm_cycles"] == {"a53": {"0": 0, "1": 1, "2": 2}}
    script.write_text("raise SystemExit('qemu-aarch64 is missing')")
    results = engine.arm_counts("model")
    assert results["arm_instructions"] is None
    assert "qemu-aarch64 is missing" in results["arm_note"]


def test_models_of_other_sizes_are_refused(tmp_path):
    path = tmp_path / "model.bifsmn"
    engine.write_model(prepare.random_model(), path)
    engine.check_sizes(path)
    net = engine.prepare.network.BiDFSMN(12, hidden=128)
    engine.write_model(prepare.fold(net, list("abcdefghijkl")), path)
    with pytest.raises(SystemExit, match="expected hidden = 256, .*found 128"):
        engine.check_sizes(path)


@pytest.fixture
def form(tmp_path, monkeypatch):
    """A form of LiteRT whose driver gives the source's logits."""
    networks, models = tmp_path / "networks", tmp_path / "models"
    networks.mkdir()
    models.mkdir()
    form = Form(LITERT, "litert_fp32_relu", "python", networks, models)
    expected = np.eye(3, 12)
    for depth in engine.DEPTHS:
        np.save(networks / f"logits_relu_{depth}.npy", expected)
    form.found = {path.name: expected.tolist() for path in form.paths}
    monkeypatch.setattr(form, "_run", lambda *_, **__: form.found)
    return form


def test_decisions_are_counted(form):
    found = {"largest_difference": 0, "other_decisions": 0, "inputs": 3}
    assert form.check() == dict.fromkeys(engine.DEPTHS, found)
    form.name = "int8_relu"
    form.found[form.paths[1].name] = np.eye(3, 12)[[0, 2, 1]].tolist()
    found = form.check()
    assert found["1"]["other_decisions"] == 2
    assert found["1"]["largest_difference"] == 1


def test_a_broken_peer_is_missing(form):
    form.found[form.paths[2].name] = (np.eye(3, 12) + 0.01).tolist()
    with pytest.raises(engine.Missing, match="relu_2: expected the source's"):
        form.check()


def test_a_peer_with_a_network_of_its_own(form):
    own = np.eye(3, 12)[::-1]
    np.save(form.models / "logits_relu_0.npy", own)
    with pytest.raises(engine.Missing, match="relu_0: expected the source's"):
        form.check()
    form.found[form.paths[0].name] = own.tolist()
    assert form.check()["0"]["largest_difference"] == 0


def test_what_a_form_takes(form):
    for size, path in enumerate(form.paths):
        path.write_bytes(bytes(size))
    assert form.bytes() == {"0": 0, "1": 1, "2": 2}
    form.found = {"us": form.found, "audio_us": {}}
    assert set(form.time(5)) == {"us"}


def test_an_engine_that_errs_is_not_measured(tmp_path, monkeypatch):
    model, features = tmp_path / "model.bifsmn", tmp_path / "features.npy"
    engine.write_model(prepare.random_model(), model)
    inputs = network.features(2)
    np.save(features, inputs.numpy())
    side = engine.Native("library", model, features, "fast")
    twin = sides.DeployedBiDFSMN(engine.model_file.read(model))
    logits = {}
    for depth in engine.DEPTHS:
        twin.depth = int(depth)
        logits[depth] = twin(inputs).tolist()
    monkeypatch.setattr(side, "_run", lambda: {"logits": logits})
    assert side.check()["0"]["inputs"] == 2
    logits["1"][0][0] += 1e-6
    with pytest.raises(SystemExit, match="fast, depth 1: expected the logits"):
        side.check()


def test_the_peers_can_be_trained(tmp_path, monkeypatch):
    monkeypatch.setattr(trained, "EPOCHS", 1)
    monkeypatch.setattr(trained, "CALIBRATION", 4)
    data = network.features(8), torch.arange(8)
    monkeypatch.setattr(trained, "read", lambda *_: data)
    found = trained.write(tmp_path, "data")
    assert set(found) == {"prelu", "relu"} and set(found["relu"]) == set("012")
    weights = np.load(tmp_path / "weights_relu_1.npz")
    assert weights["0.memory.slope"] == 0
    assert np.load(tmp_path / "calibration.npy").shape == (4, 32, 32)
    w = {name: torch.from_numpy(weights[name]) for name in weights}
    x = torch.from_numpy(np.load(tmp_path / "inputs.npy"))
    y = torch.from_numpy(np.load(tmp_path / "logits_relu_1.npy"))
    torch.testing.assert_close(run(w, x[:, None]), y, atol=1e-3, rtol=1e-3)


def test_what_a_process_needs():
    # In a process of its own: here, memory that was freed would serve again.
    program = """
from memory import needed
held = []
found = needed(lambda: lambda: held.append(b"x" * 10**7), calls=3)
assert 29_000 < found["added_kib"] < found["peak_kib"], found
"""
    command = [sys.executable, "-c", program]
    subprocess.run(command, cwd=FOLDER / "peers", check=True)


@pytest.mark.parametrize("relu", [False, True])
def test_peers_get_the_same_network(relu):
    net = network.random_network(binary=False, relu=relu)
    x = network.features(4)
    for net.depth in range(3):
        w = {
            name: torch.from_numpy(np.asarray(a))
            for name, a in network.folded(net, net.depth).items()
        }
        y = run(w, network.scaled(net, x)[:, None])
        torch.testing.assert_close(y, net(x), atol=1e-4, rtol=1e-4)


def run(w, x):
    """What ``convert.classify`` computes, of (B, 1, T, F)."""

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


def test_programs_that_fail_say_why():
    with pytest.raises(prepare.Missing, match="no-such-program: No such file"):
        prepare.run(["no-such-program"])
    with pytest.raises(prepare.Missing, match="the reason"):
        prepare.run([sys.executable, "-c", "raise SystemExit('the reason')"])
    threads = "import os; print(os.environ['OMP_NUM_THREADS'])"
    assert prepare.run([sys.executable, "-c", threads]) == "1\n"


def test_the_cache_follows_its_sources(tmp_path, monkeypatch):
    monkeypatch.setattr(prepare, "CACHE", tmp_path / "cache")
    source, made = tmp_path / "source.txt", []

    def make(folder):
        made.append(folder)
        if len(made) == 1:
            raise prepare.Missing("half done")

    source.write_text("1")
    with pytest.raises(prepare.Missing):
        prepare.cached("name", [source], make)
    first = prepare.cached("name", [source], make)
    assert prepare.cached("name", [source], make) == first
    source.write_text("2")
    assert prepare.cached("name", [source], make) != first
    assert len(made) == 3


def test_every_call_is_timed_after_warming_up():
    calls = []
    assert 0 <= median_us(lambda: calls.append(0), 5, warm_up=2) < 1e4
    assert len(calls) == 7


def test_goals_that_were_not_measured(monkeypatch):
    results = bench_tables.load("engine")
    results |= dict.fromkeys(("ratio_litert_int8", "ratio_litert_fp32_full"))
    del results["arm_loop"]
    monkeypatch.setattr(bench_tables, "load", lambda _: results)
    lines = bench_tables.goals_table("")
    assert sum("| not measured |  |" in line for line in lines) == 3
    assert sum(" met |" in line for line in lines) == 3


def test_help():
    command = [sys.executable, str(FOLDER / "engine.py"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "as fast as LiteRT" in done.stdout
