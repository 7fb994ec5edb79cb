"""The benchmark of the engine compares what it claims to."""

import argparse
import json
import re
import struct
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(FOLDER))
import engine  # noqa: E402
from peers import arm, network, prepare, sides  # noqa: E402
from peers.stopwatch import median_us  # noqa: E402

SAMPLES = {
    "bifsmn_fast": {"0": [10, 11, 9], "1": [5, 6, 4], "2": [2, 2, 3]},
    "bifsmn_slow": {"0": [90], "1": [50], "2": [20]},
    "litert_int8": {"0": [30, 31, 29], "1": [20], "2": [10]},
    "litert_int8_prelu": {"0": [40], "1": [25], "2": [12]},
    "litert_fp32_relu": {"0": [81], "1": [41], "2": [30]},
    "litert_fp32_prelu": {"0": [80], "1": [45], "2": [28]},
    "audio_to_decision": {"0": [120], "1": [110], "2": [100]},
    "call": {"any": [0.1, 0.3, 0.2]},
}


def test_ratios_are_the_peers_time_over_ours():
    results = engine.summary(SAMPLES, "fast")
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
    assert "audio_to_decision" not in results["us"]


def test_ratios_of_the_other_path():
    ratio = engine.summary(SAMPLES, "slow")["ratio_litert_int8"]
    assert ratio == {"0": 0.33, "1": 0.4, "2": 0.5}


class Side:
    def __init__(self, name, log, path=""):
        self.name, self.log, self.path = name, log, path

    def time(self, calls):
        self.log.append(self.name)
        us = SAMPLES[self.name]
        return {self.name: {depth: values[0] for depth, values in us.items()}}


def test_sides_take_turns_both_ways():
    log = []
    names = ["bifsmn_fast", "litert_int8"]
    samples = engine.measure([Side(name, log) for name in names], 3, 1)
    assert log == [*names[::-1], *names, *names[::-1]]
    assert samples["litert_int8"]["1"] == [20, 20, 20]


def test_missing_peers_are_reported(tmp_path, monkeypatch):
    def litert_sides():
        raise engine.Missing("pip: no network")

    native = [Side("bifsmn_fast", [], path="fast")]
    monkeypatch.setattr(prepare, "build_engine", lambda: tmp_path)
    monkeypatch.setattr(prepare, "compiler", lambda _: "none")
    monkeypatch.setattr(engine, "native_sides", lambda *_: native)
    monkeypatch.setattr(engine, "litert_sides", litert_sides)
    monkeypatch.setattr(engine, "tool_timings", lambda *_: {})
    monkeypatch.setattr(engine, "COUNT", engine.ROOT / "nowhere.py")
    options = argparse.Namespace(model=None, rounds=2, calls=1)
    results = engine.benchmark(options)
    assert results["missing"]["litert_int8"] == "pip: no network"
    assert results["ratio_litert_int8"] is None
    assert results["ratio_litert_fp32_full"] is None
    assert results["us"] == {"bifsmn_fast": {"0": 10, "1": 5, "2": 2}}
    assert results["arm_instructions"] is None
    assert results["arm_note"] == "nowhere.py does not exist"
    assert results["arm_litert_instructions"] is None
    assert results["arm_litert_note"] == "LiteRT does not run here"
    size = (tmp_path / "random.bifsmn").stat().st_size
    assert results["file_bytes"] == size > 100_000


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


@pytest.fixture
def arm_sides(tmp_path, monkeypatch):
    """Two forms, and in the emulator's place a program that counts 1000, ..."""
    monkeypatch.setattr(arm, "make_or_find", lambda: tmp_path)
    emulator = program(
        tmp_path / "emulator",
        """
import json, pathlib, sys
core, out, script, calls, inputs, *paths = sys.argv[1:]
names, lines = [pathlib.Path(path).name for path in paths], []
for at, name in enumerate(names):
    each = 1000 * (at + 1) + ("prelu" in name) + 100 * (core == "cortex-a53")
    loop = 7 * int(calls)
    lines += [f"{2 * at} 5a0 {int(calls) * each} b.ne #0x580\\n"]
    lines += [f"{2 * at} 5a4 {loop} ret\\n", f"{2 * at + 1} 5a4 {loop} ret\\n"]
pathlib.Path(out).write_text("".join(lines))
print(json.dumps(dict.fromkeys(names, [0.0, 1.0])))
""",
    )
    monkeypatch.setattr(arm, "emulator", lambda _, *words: [emulator, *words])
    for activation in ("relu", "prelu"):
        for depth in engine.DEPTHS:
            path = tmp_path / f"logits_{activation}_{depth}.npy"
            np.save(path, np.eye(2)[::-1])
    names = ("litert_fp32_prelu", "litert_fp32_relu")
    return [engine.LiteRT("python", tmp_path, name) for name in names]


def test_counts_of_litert_on_arm(arm_sides):
    results = arm.counts(arm_sides)
    found = results["arm_litert_instructions"]
    assert found["litert_fp32_prelu"] == {"0": 1001, "1": 2001, "2": 3001}
    assert found["litert_fp32_relu"] == {"0": 1000, "1": 2000, "2": 3000}
    assert found["litert_fp32"] == found["litert_fp32_relu"]
    others = results["arm_litert_other_cores"]
    assert set(others) == set(arm.CORES) - {arm.CORE}
    assert others["cortex-a53"]["litert_fp32"]["1"] == 2100


def test_models_of_litert_on_arm(arm_sides, monkeypatch):
    monkeypatch.setattr(arm.cycles, "available", lambda: True)
    monkeypatch.setattr(arm.cycles, "modelled", lambda c, _: 2 * arm.total(c))
    monkeypatch.setattr(
        arm.cycles, "of_each", lambda texts, _: [3] * len(texts)
    )
    results = arm.counts(arm_sides)
    # On each core the best kernels that it can run.
    for core in ("cortex-a53", "cortex-a72", "neoverse-n1"):
        cycles = results["arm_litert_cycles"][core]
        assert cycles == {"litert_fp32": {"0": 2000, "1": 4000, "2": 6000}}
    loop = results["arm_litert_loop"]["cortex-a53"]
    assert loop["products"] == 0 and loop["instructions"] >= 1
    monkeypatch.setattr(arm.cycles, "available", lambda: False)
    assert "arm_litert_cycles" not in arm.counts(arm_sides)


def test_a_loop_is_of_128_products(monkeypatch):
    fmla = "fmla v0.4s, v1.4s, v2.s[0]"
    counts = {0: (1, "nop"), 4: (9, fmla), 8: (9, fmla), 12: (9, "b #0x4")}
    monkeypatch.setattr(arm.cycles, "of_each", lambda texts, _: [6])
    assert arm.loop(counts, "cortex-a53") == {
        "products": 8,
        "instructions": 3,
        "modelled_cycles_per_128": 96,
    }


def test_a_broken_peer_is_not_counted(arm_sides):
    np.save(arm_sides[1].folder / "logits_relu_1.npy", np.eye(2))
    results = arm.counts(arm_sides)
    assert results["arm_litert_instructions"] is None
    assert "fp32_relu_1 on ARM: expected torch's" in results["arm_litert_note"]


def test_without_a_python_for_arm(tmp_path, monkeypatch):
    monkeypatch.setattr(arm, "ARM", tmp_path)
    assert "run.sh makes it" in arm.counts(["side"])["arm_litert_note"]


def test_marks_are_those_of_the_counter(monkeypatch):
    litert = types.SimpleNamespace(Model=None)
    monkeypatch.setitem(sys.modules, "litert", litert)
    from peers.marked import MARKS

    text = arm.PLUGIN.read_text()
    hints = re.findall(r"k(?:Begin|End) = (0x[0-9a-f]+)", text)
    begin, _, end, _ = struct.unpack("<4I", MARKS)
    assert [begin, end] == [int(hint, 16) for hint in hints]


def test_models_of_other_sizes_are_refused(tmp_path):
    path = tmp_path / "model.bifsmn"
    engine.model_file.write(prepare.random_model(), path)
    engine.check_sizes(path)
    net = engine.prepare.network.BiDFSMN(12, hidden=128)
    engine.model_file.write(prepare.fold(net, list("abcdefghijkl")), path)
    with pytest.raises(SystemExit, match="expected hidden = 256, .*found 128"):
        engine.check_sizes(path)


def test_a_broken_peer_is_missing(tmp_path, monkeypatch):
    side = engine.LiteRT("python", tmp_path, "litert_fp32_relu")
    expected = np.eye(3, 12)
    for depth in engine.DEPTHS:
        np.save(tmp_path / f"logits_relu_{depth}.npy", expected)
    found = dict.fromkeys(engine.DEPTHS, expected.tolist())
    monkeypatch.setattr(side, "_run", lambda: found)
    assert side.check()["2"] == {"largest_difference": 0, "same_decision": 1}
    found["2"] = (expected + 0.01).tolist()
    with pytest.raises(engine.Missing, match="fp32_relu_2: expected torch's"):
        side.check()


def test_an_engine_that_errs_is_not_measured(tmp_path, monkeypatch):
    model, features = tmp_path / "model.bifsmn", tmp_path / "features.npy"
    engine.model_file.write(prepare.random_model(), model)
    inputs = network.features(2)
    np.save(features, inputs.numpy())
    side = engine.Native("library", model, features, "fast")
    twin = sides.DeployedBiDFSMN(engine.model_file.read(model))
    logits = {}
    for depth in engine.DEPTHS:
        twin.depth = int(depth)
        logits[depth] = twin(inputs).tolist()
    monkeypatch.setattr(side, "_run", lambda: {"logits": logits})
    side.check()
    logits["1"][0][0] += 1e-6
    with pytest.raises(SystemExit, match="fast, depth 1: expected the logits"):
        side.check()


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


def test_help():
    command = [sys.executable, str(FOLDER / "engine.py"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "as fast as LiteRT" in done.stdout
