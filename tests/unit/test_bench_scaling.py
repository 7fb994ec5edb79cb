"""The cost curves say what was measured, and fit what they claim to."""

import itertools
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from benchmarks import ROOT, scaling
from benchmarks.backends import torch_batch
from benchmarks.harness import process, scaling_fits, scaling_runner
from benchmarks.models import network, scaled
from benchmarks.models.sizes import CURVES, POINTS, name, thread_counts
from benchmarks.reports import common, plots
from benchmarks.reports.scaling_plot import COLOURS, scaled_to_clips

KEYS = {"bifsmn": 1.0, "litert_int8": 3.0}
THREADS = [1, 2]


def us_of(point):
    """A cost that grows as the fits assume."""
    blocks = 4 + 2 * point["layers"]
    return point["batch"] * blocks * (point["channels"] / 128) ** 1.5


@pytest.fixture
def samples():
    return {
        "us": {
            backend: {
                point: [slow * us_of(sizes)] * 3
                for point, sizes in POINTS.items()
            }
            for backend, slow in KEYS.items()
        },
        "clips_per_s": {
            backend: {"1": [100.0, 90.0, 110.0], "2": [150.0]}
            for backend in KEYS
        },
        "one_clip_us": {"litert_int8": {"1": [60.0], "2": [40.0]}},
    }


def test_points_are_shared_and_change_one_size():
    assert POINTS["base"] == {"batch": 1, "layers": 8, "channels": 128}
    assert name("layers", 8) == "base" and name("layers", 16) == "layers16"
    assert POINTS["channels64"] == {**POINTS["base"], "channels": 64}
    assert len(POINTS) == 1 + sum(len(sizes) - 1 for sizes in CURVES.values())


def test_threads_double_up_to_all_cores():
    assert thread_counts(1) == [1]
    assert thread_counts(2) == [1, 2]
    assert thread_counts(6) == [1, 2, 4, 6]
    assert thread_counts(8) == [1, 2, 4, 8]


def test_the_exponent_of_a_power():
    sizes = [64, 128, 256, 512]
    found = scaling_fits.power(sizes, [3 * n**1.5 for n in sizes])
    assert found == {"exponent": 1.5, "error": 0}
    # By hand: deviations of (1, -1, -1, 1) / 10 leave the slope as it is.
    bent = sizes * np.exp(np.array([1, -1, -1, 1]) / 10)
    error = np.sqrt(4 * 0.01 / 2 / np.var(np.log(sizes)) / 4)
    found = scaling_fits.power(sizes, bent)
    assert found == {"exponent": 1, "error": pytest.approx(error, abs=1e-3)}


def test_the_line_through_costs():
    found = scaling_fits.line([4, 8, 16], [14, 22, 38])
    assert found == {"us_fixed": 6, "us_each": 2, "r2": 1}
    assert scaling_fits.line([1, 2, 3], [1, 3, 2])["r2"] == 0.25


def test_summary(samples):
    found = scaling_fits.summary(samples, THREADS)
    fits, curves = found["fits"], found["curves"]
    assert fits["batch"]["bifsmn"]["us_each"] == 20
    assert fits["layers"]["litert_int8"]["us_fixed"] == 12
    assert fits["layers"]["litert_int8"]["us_each"] == 6
    assert fits["channels"]["bifsmn"]["exponent"] == 1.5
    assert fits["threads"]["bifsmn"] == {"speed_up": {"1": 1, "2": 1.5}}
    assert curves["batch"]["sizes"] == [1, 2, 4, 8, 16, 32, 64]
    assert curves["batch"]["median"]["litert_int8"][:2] == [60, 120]
    assert curves["threads"]["p10_p90"]["bifsmn"][0] == [92, 108]
    within = curves["threads_of_one_clip"]["median"]
    assert within == {"litert_int8": [60, 40]}


class Model:
    """A driver's; the logits of a clip are its sum."""

    def __init__(self, path, threads):
        self.batch, self.calls = scaling_runner.batch_of(path), 0

    def set_input(self, x):
        assert x.ndim == (2 if self.batch == 1 else 3)
        self.x = x.reshape(self.batch, -1)

    def invoke(self):
        self.calls += 1

    def logits(self):
        return self.x.sum(1)


@pytest.mark.parametrize("point", ["base", "batch4"])
def test_logits_of_every_clip(point):
    inputs = np.arange(8 * 6.0).reshape(8, 2, 3)
    path = Path(f"fp32_relu_{point}.bin")
    model = Model(path, 1)
    rows = scaling_runner.logits(model, inputs, model.batch)
    assert rows == [[clip.sum()] for clip in inputs]
    assert model.calls == 8 / model.batch


def test_clips_of_all_threads_count(monkeypatch):
    ticks = itertools.count()
    clock = SimpleNamespace(perf_counter=lambda: next(ticks))
    monkeypatch.setattr(scaling_runner, "time", clock)
    models = [Model(Path("x_base"), 1) for _ in range(2)]
    # One call warms up; the clock's tenth answer ends it.
    assert scaling_runner.clips_per_s(models[:1], 10) == 0.9
    assert models[0].calls == 1 + 9
    ticks = itertools.count()
    assert scaling_runner.clips_per_s(models, 100) > 0.9
    assert min(model.calls for model in models) > 1


def test_timings_by_model_and_threads(monkeypatch):
    monkeypatch.setattr(scaling_runner, "SECONDS", 0)
    monkeypatch.setattr(scaling_runner.clips_per_s, "__defaults__", (0.001,))
    calls = []
    monkeypatch.setattr(scaling_runner, "call_us", lambda _, n: calls.append(n))
    options = scaling_runner.argparse.Namespace(
        models=[Path("x_base.bin"), Path("x_batch16.bin")],
        calls=320,
        threads=[1, 2],
        within=True,
    )
    found = scaling_runner.timings(Model, options, np.zeros((64, 2, 3)))
    assert set(found["us"]) == {"x_base.bin", "x_batch16.bin"}
    assert set(found["clips_per_s"]) == set(found["one_clip_us"]) == {1, 2}
    assert calls == [320, 20, 320, 320]
    assert min(found["clips_per_s"].values()) > 0


@pytest.fixture
def networks(tmp_path, monkeypatch):
    """Two points, written as the benchmark's are."""
    small = {"layers": 4, "channels": 32}
    points = {"base": {**small, "batch": 1}, "batch4": {**small, "batch": 4}}
    for module in (scaled, scaling, scaling_runner):
        monkeypatch.setattr(module, "POINTS", points)
    scaled.write(tmp_path)
    return tmp_path


def test_torch_gives_its_sources_logits(networks):
    inputs = np.load(networks / "inputs.npy")
    expected = np.load(networks / "logits_relu_base.npy")
    for point, batch in (("base", 1), ("batch4", 4)):
        model = torch_batch.Model(networks / f"weights_relu_{point}.npz", 1)
        found = scaling_runner.logits(model, inputs, batch)
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_sides_are_checked(networks, monkeypatch):
    backend = scaling.Native("library", networks, THREADS)
    logits = {p.name: backend.expected("base").tolist() for p in backend.files}
    monkeypatch.setattr(scaling.Scaled, "_run", None)
    monkeypatch.setattr(backend, "_run", lambda *_: logits)
    assert backend.check()["batch4"]["inputs"] == scaled.TESTS
    logits["binary_batch4.bifsmn"][0][0] += 1e-6
    with pytest.raises(SystemExit, match="engine, batch4: expected the logits"):
        backend.check()


def test_what_a_side_measures(networks, monkeypatch):
    backend = scaling.Scaled(
        scaling.LITERT, "litert_int8", "python", networks, networks, THREADS
    )
    found = {"us": {p.name: 5 for p in backend.files}, "clips_per_s": {"1": 7}}
    asked = []

    def run(*options):
        asked.extend(options)
        return {**found, "one_clip_us": {}}

    monkeypatch.setattr(backend, "_run", run)
    expected = {"us": {"base": 5, "batch4": 5}, "clips_per_s": {"1": 7}}
    assert backend.time(9) == expected
    assert asked == ["--calls=9", "--threads=1,2", "--within"]


def test_missing_peers_are_reported(tmp_path, monkeypatch):
    class Native:
        key, peer = "bifsmn", scaling.ENGINE

        def __init__(self, *_):
            pass

        def check(self):
            return {}

    def peer_forms(*_):
        raise process.Missing("pip: no network")

    monkeypatch.setattr(scaling, "Native", Native)
    monkeypatch.setattr(scaling, "peer_forms", peer_forms)
    monkeypatch.setattr(scaling, "build_engine", lambda: tmp_path)
    backends, _, missing = scaling.all_forms(tmp_path, THREADS)
    assert [backend.key for backend in backends] == ["bifsmn"]
    expected = set(COLOURS) - {"bifsmn"}
    assert missing == dict.fromkeys(expected, "pip: no network")


def test_networks_of_other_sizes():
    sizes = {"layers": 4, "channels": 32, "hidden": 64}
    net = network.random_network(binary=False, relu=True, **sizes)
    x = network.features(2)
    assert len(net.blocks) == 4 and net(x).isfinite().all()
    assert net.classifier.untied().shape == (12, 16 * 32)
    with torch.no_grad():
        assert network.folded(net, 1)["3.expand.weight"].shape[2:] == (32, 64)


def test_a_plot_says_what_it_is_of(samples, tmp_path, monkeypatch):
    results = tmp_path / "scaling.json"
    for module in (plots, common):
        monkeypatch.setattr(module, "RESULTS", tmp_path)
    monkeypatch.setattr(plots, "FOLDER", tmp_path)
    monkeypatch.delitem(plots.PLOTS, "peers")
    titles = dict.fromkeys(KEYS, "title")
    content = {**scaling_fits.summary(samples, THREADS), "titles": titles}
    results.write_text(json.dumps(content))
    assert plots.stale() == ["scaling"]
    plots.draw("scaling")
    assert plots.stale() == []
    results.write_text(json.dumps({**content, "commit": "another"}))
    assert plots.stale() == ["scaling"]


def test_batches_are_drawn_per_clip():
    assert scaled_to_clips("batch", [1, 2, 4], [8, 14, 24]) == [8, 7, 6]
    assert scaled_to_clips("layers", [1, 2], [8, 14]) == [8, 14]


def test_help():
    command = [sys.executable, "-m", "benchmarks.scaling", "--help"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "python -m benchmarks.scaling" in done.stdout
