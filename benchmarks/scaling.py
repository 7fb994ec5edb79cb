#!/usr/bin/env python3
"""How the cost of an inference grows, beside the peers, on this machine.

    python benchmarks/scaling.py

Measures features to logits in networks of random weights: by the number of
clips in a call, of threads, of blocks and of channels. The engine takes a
batch clip by clip, and a clip in one thread; of the peers a model has the batch
in its shape, and also shares one clip among threads. The peers' networks have
ReLU, with which they are fastest. Every side must give its source's logits
first; each is timed in processes of its own, in turns.

What growth is fitted to the medians: "exponent" of a power of the number of
channels; "us_each" more for each clip or block, and "us_fixed"; "speed_up" by
threads.
"""

import argparse
import json
import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import speechbrain_bifsmn  # noqa: F401  first: it repairs torchaudio

# isort: split
import numpy as np
import torch
from peers import prepare, scaled
from peers.prepare import PEERS, say
from peers.registry import LITERT, ONNX_RUNTIME, Peer
from peers.results import ROOT, carried_out, provenance
from peers.scale_points import CURVES, POINTS, name, thread_counts
from peers.sides import Form
from peers.timing import measure, quantiles

from bifsmn_engine.format import model_file
from speechbrain_bifsmn.deploy.network import DeployedBiDFSMN

RESULTS = ROOT / "benchmarks" / "results" / "scaling.json"
FORMS = ("fp32_relu", "int8_relu", "weights_relu")
ONNX = replace(
    ONNX_RUNTIME,
    maker="make_scaled_onnx.py",
    sources=("make_onnx.py", *ONNX_RUNTIME.sources),
)
TORCH = Peer(
    title="torch eager",
    driver="scale_torch.py",
    suffix=".npz",
    forms={"torch_fp32_relu": "weights_relu"},
)
ENGINE = Peer(
    title="engine",
    driver="scale_native.py",
    suffix=".bifsmn",
    forms={"bifsmn": "binary"},
)


class Scaled(Form):
    """A form at all sizes; what a ``Form`` has by depth it has by point."""

    def __init__(self, peer, name, python, networks, models, threads):
        super().__init__(peer, name, python, networks, models)
        self.threads = threads
        self.paths = [
            models / f"{self.name}_{point}{peer.suffix}" for point in POINTS
        ]
        module = Path(peer.driver).stem
        script, inputs = PEERS / "scale_peer.py", networks / "inputs.npy"
        self.command = [python, script, module, inputs]

    def _by_depth(self, found):
        return {
            point: found[path.name]
            for point, path in zip(POINTS, self.paths, strict=True)
        }

    def time(self, calls):
        """Returns what was measured, by kind, and by point or threads."""
        counts = ",".join(map(str, self.threads))
        within = ["--within"] if self.peer is not ENGINE else []
        options = [f"--calls={calls}", f"--threads={counts}", *within]
        found = self._run(*options)
        us = self._by_depth(found.pop("us"))
        return {"us": us, **{kind: by for kind, by in found.items() if by}}


class Native(Scaled):
    """The engine's best path."""

    def __init__(self, library, networks, threads):
        super().__init__(
            ENGINE, "bifsmn", sys.executable, networks, networks, threads
        )
        self.command[-1] = networks / "features.npy"
        self.library = library

    def _run(self, *options):
        command = [*self.command, *self.paths, *options]
        found = prepare.run(command, BIFSMN_LIBRARY=str(self.library))
        return json.loads(found)

    @torch.no_grad()
    def expected(self, point):
        """Returns the logits of the twin in torch for all inputs."""
        path = self.networks / f"{self.name}_{point}{self.peer.suffix}"
        twin = DeployedBiDFSMN(model_file.read(path)).eval()
        features = np.load(self.networks / "features.npy")
        return twin(torch.from_numpy(features)).numpy()

    def refuse(self, point, difference, where=""):
        """Refuses an engine whose bits are not those of its twin."""
        if difference:
            sys.exit(
                f"engine, {point}{where}: expected the logits of "
                f"DeployedBiDFSMN bit for bit, found them {difference:.2g} "
                "apart; repair the engine first"
            )


def measured_forms(peer):
    """Returns the names in the results of what is measured of a peer."""
    return [side for side, form in peer.forms.items() if form in FORMS]


def sides_of(peer, networks, threads):
    """Returns the forms of a peer that are measured, and their checks."""
    if peer is TORCH:
        python, models = sys.executable, networks
    else:
        python = prepare.environment(peer.requirements, peer.project_torch)
        models = prepare.models(peer, networks)
    sides = [
        Scaled(peer, side, python, networks, models, threads)
        for side in measured_forms(peer)
    ]
    say(f"Comparing the logits of {peer.title} and their source")
    return sides, {side.engine: side.check() for side in sides}


def checked_sides(networks, threads):
    """Returns the sides, what their checks found, and which are missing."""
    library = prepare.build_engine() / "libbifsmn.so"
    sides, missing = [Native(library, networks, threads)], {}
    say("Comparing the logits of the engine and torch")
    checks = {sides[0].engine: sides[0].check()}
    makers = [
        (p.title, measured_forms(p), partial(sides_of, p, networks, threads))
        for p in (LITERT, ONNX, TORCH)
    ]
    for found, checked in prepare.obtained(makers, missing):
        sides += found
        checks |= checked
    return sides, checks, missing


def power(sizes, costs):
    """Returns the exponent of the power that fits best, and its error."""
    (slope, _), covariance = np.polyfit(
        np.log(sizes), np.log(costs), 1, cov=True
    )
    error = float(np.sqrt(covariance[0, 0]))
    return {"exponent": round(float(slope), 3), "error": round(error, 3)}


def line(sizes, costs):
    """Returns the line that fits best, and what share it explains."""
    slope, fixed = np.polyfit(sizes, costs, 1)
    left = np.var(costs - np.polyval([slope, fixed], sizes))
    return {
        "us_fixed": round(float(fixed), 2),
        "us_each": round(float(slope), 3),
        "r2": round(float(1 - left / np.var(costs)), 5),
    }


def speed_up(counts, clips_per_s):
    """Returns how many times the clips of one thread others classify."""
    return {
        str(count): round(rate / clips_per_s[0], 2)
        for count, rate in zip(counts, clips_per_s, strict=True)
    }


FITS = {"batch": line, "layers": line, "channels": power}


def curve(samples, keys, sizes):
    """Returns sizes, medians and spread by side."""
    medians = quantiles(samples, 0.5)
    spread = quantiles(samples, 0.1, 0.9)
    return {
        "sizes": list(sizes),
        "median": {
            side: [of_side[key][0] for key in keys]
            for side, of_side in medians.items()
        },
        "p10_p90": {
            side: [of_side[key] for key in keys]
            for side, of_side in spread.items()
        },
    }


def summary(samples, threads):
    """Returns the curves and what was fitted to them."""
    counts = [str(count) for count in threads]
    curves = {
        axis: curve(samples["us"], [name(axis, n) for n in sizes], sizes)
        for axis, sizes in CURVES.items()
    }
    curves["threads"] = curve(samples["clips_per_s"], counts, threads)
    within = samples.get("one_clip_us", {})
    curves["threads_of_one_clip"] = curve(within, counts, threads)
    fits = {
        axis: {
            side: fit(curves[axis]["sizes"], us)
            for side, us in curves[axis]["median"].items()
        }
        for axis, fit in FITS.items()
    }
    fits["threads"] = {
        side: {"speed_up": speed_up(threads, rates)}
        for side, rates in curves["threads"]["median"].items()
    }
    return {"curves": curves, "fits": fits}


def benchmark(options):
    """Returns the results."""
    networks, threads = scaled.networks(), thread_counts(os.cpu_count() or 1)
    sides, checks, missing = checked_sides(networks, threads)
    samples = measure(sides, options.rounds, options.calls)
    return {
        **summary(samples, threads),
        "missing": missing,
        "checks": checks,
        "n": {"processes": options.rounds, "calls": options.calls},
        "titles": {side.engine: side.peer.title for side in sides},
        **provenance([LITERT, ONNX]),
    }


def main():
    """Measures and writes."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--calls",
        type=int,
        default=300,
        help="of one clip; with batches accordingly fewer",
    )
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    if min(options.rounds, options.calls) < 1:
        parser.error("expected at least one round and one call")
    results = carried_out(benchmark, options)
    print(json.dumps(results["fits"], indent=2))


if __name__ == "__main__":
    main()
