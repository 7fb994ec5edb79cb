#!/usr/bin/env python3
"""How fast the engine is, beside the fastest peers, on this machine.

    python engine.py                        # a random network of 12 classes
    python engine.py --model=model.bifsmn   # a trained one

Builds the engine, makes the same network for LiteRT, checks that each side
computes what it should, and times one call at batch 1 on one thread: features
to logits, each side in processes of its own, in turns. Ratios above 1 say how
many times as fast as LiteRT the engine is, by depth setting.

Of LiteRT it is ``invoke()``, whose input was scaled and set before; of the
engine the C function, scaling included, called from Python like the peer
("call_us" is what any such call costs; "tool_us" is measured without Python).

What the peers need is installed once in a cache folder (it takes 2 GB while
their models are made). A peer that cannot be had is "missing", with the reason.
"""

import argparse
import json
import os
import platform
import shlex
import sys
from pathlib import Path

import speechbrain_bifsmn  # noqa: F401  first: it repairs torchaudio

# isort: split
import numpy as np
import torch
from peers import arm, prepare
from peers.prepare import Missing, run, say
from peers.sides import DEPTHS, LITERT, LiteRT, Native
from tqdm import tqdm
from training import processor

from speechbrain_bifsmn.utils import model_file
from speechbrain_bifsmn.utils.report import git_commit

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "engine.json"
COUNT = ROOT / "arm_kernel" / "tests" / "arm" / "count.py"
MORE = ("audio_to_decision", "python", "call")  # timed of the best path


def litert_sides():
    """Returns the forms of the peer, and what their check found."""
    python = prepare.environment("requirements.txt")
    folder = prepare.peer_models()
    sides = [LiteRT(python, folder, name) for name in LITERT]
    say("Comparing the logits of LiteRT and torch")
    return sides, {side.engine: side.check() for side in sides}


def native_sides(folder, model, features):
    """Returns the paths of the engine that run here, the best first."""
    library = folder / "libbifsmn.so"
    paths = Native(library, model, features).paths()
    sides = [
        Native(library, model, features, path, more=path == paths[0])
        for path in paths
    ]
    for side in sides:
        say(f"Comparing the logits of {side.path} and torch")
        side.check()
    return [side for side in sides if side.path != "reference"] or sides


def measure(sides, rounds, calls):
    """Returns a list of microseconds by what was timed and depth setting.

    Every round starts a process for each side; every other round goes
    backwards.
    """
    samples = {}
    for turn in tqdm(range(rounds), "rounds"):
        for side in sides if turn % 2 else reversed(sides):
            for name, by_depth in side.time(calls).items():
                of_name = samples.setdefault(name, {})
                for depth, us in by_depth.items():
                    of_name.setdefault(depth, []).append(us)
    return samples


def summary(samples, path):
    """Returns medians, spread and ratios.

    Arguments
    ---------
    samples : dict
        From ``measure``.
    path : str
        The path of the engine that the ratios are of.
    """
    samples = {name: dict(by_depth) for name, by_depth in samples.items()}
    forms = [n for n in samples if n.startswith("litert_fp32_")]
    if forms:  # the faster one at full depth
        best = min(forms, key=lambda name: np.median(samples[name]["0"]))
        samples["litert_fp32"] = samples[best]
    us, spread = {}, {}
    for name, by_depth in samples.items():
        us[name], spread[name] = {}, {}
        for depth, values in by_depth.items():
            low, middle, high = np.quantile(values, (0.1, 0.5, 0.9))
            us[name][depth] = round(float(middle), 2)
            spread[name][depth] = [round(float(v), 2) for v in (low, high)]
    ours = us[f"bifsmn_{path}"]

    def ratio(peer, peer_depth=None):
        if peer not in us:
            return None
        return {
            depth: round(us[peer][peer_depth or depth] / ours[depth], 2)
            for depth in ours
        }

    extra = {f"{name}_us": us.pop(name, None) for name in MORE}
    extra["call_us"] = extra["call_us"] and extra["call_us"]["any"]
    return {
        "ratio_litert_int8": ratio("litert_int8"),
        "ratio_litert_int8_prelu": ratio("litert_int8_prelu"),
        "ratio_litert_fp32": ratio("litert_fp32"),
        "ratio_litert_fp32_full": ratio("litert_fp32", "0"),
        "path": path,
        "us": us,
        **extra,
        "us_p10_p90": spread,
    }


def tool_timings(tool, model):
    """Returns what the engine's own tool measures, without Python."""
    us = {"features -> logits": {}, "audio -> posteriors": {}}
    for row in json.loads(run([tool, model, "--json"]))["results"]:
        if row["path"] != "reference":  # defines the result, at any speed
            by_depth = us[row["task"]].setdefault(row["path"], {})
            by_depth[str(row["depth"])] = row["us"]["median"]
    return us


def arm_counts(model):
    """Returns what an inference costs on 64-bit ARM, or why it is unknown."""
    results = {"arm_instructions": None, "arm_note": ""}
    if not COUNT.exists():
        results["arm_note"] = f"{COUNT.relative_to(ROOT)} does not exist"
        return results
    say("Counting instructions on ARM")
    try:
        found = json.loads(run([sys.executable, COUNT, model]))
    except Missing as error:
        return {**results, "arm_note": str(error)}
    total = {name: c["total"] for name, c in found["instructions"].items()}
    cycles = {
        core: {d: of_region[f"logits {d}"] for d in DEPTHS}
        for core, of_region in found.get("cycles", {}).items()
    }
    return {
        "arm_instructions": {d: total[f"logits {d}"] for d in DEPTHS},
        "arm_audio_instructions": {d: total[f"classify {d}"] for d in DEPTHS},
        "arm_cycles": cycles,
        "arm_loop": found.get("loop"),
        "arm_note": f"path {found['path']}, counted in an emulator",
    }


def check_sizes(path):
    """Refuses a model that is not the network that the peers run."""
    expected = prepare.random_model()
    names = "classes mels frames layers depths front_channels channels hidden"
    for name in [*names.split(), "taps_before", "taps_after"]:
        size = getattr(expected.config, name)
        found = getattr(model_file.read(path).config, name)
        if found != size:
            sys.exit(
                f"{path}: expected {name} = {size}, as in the network of the "
                f"peers, found {found}; give another model"
            )


def machine():
    """Returns what the numbers depend on."""
    return {
        "processor": processor(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.system(),
    }


def benchmark(options):
    """Returns the results."""
    folder = prepare.build_engine()
    tool = folder / "tools" / "bifsmn-bench"
    features = folder / "features.npy"
    np.save(features, prepare.network.features(64).numpy())
    model = options.model or folder / "random.bifsmn"
    if options.model:
        check_sizes(model)
    else:
        model_file.write(prepare.random_model(), model)
    native = native_sides(folder, model, features)
    peers, checks, missing = [], {}, {}
    try:
        peers, checks = litert_sides()
    except Missing as error:
        missing = dict.fromkeys(LITERT, str(error))
        say(f"LiteRT is missing: {error}")
    samples = measure(native + peers, options.rounds, options.calls)
    return {
        **summary(samples, native[0].path),
        "tool_us": tool_timings(tool, model),
        "file_bytes": model.stat().st_size,
        **arm_counts(model),
        **arm.counts(peers),
        "missing": missing,
        "checks": checks,
        "n": {"processes": options.rounds, "calls": options.calls},
        "model": options.model.name if options.model else "random weights",
        "machine": machine(),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "compiler": prepare.compiler(folder),
            **prepare.pins("requirements.txt"),
            **prepare.pins("converter.txt"),
        },
        "commit": git_commit(ROOT),
        "command": shlex.join(["python", "engine.py", *sys.argv[1:]]),
    }


def main():
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", type=Path, help="a .bifsmn file")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    if min(options.rounds, options.calls) < 1:
        parser.error("expected at least one round and one call")
    try:
        results = benchmark(options)
    except Missing as error:
        sys.exit(f"expected to build and run all sides, found: {error}")
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
