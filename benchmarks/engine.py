#!/usr/bin/env python3
"""How fast the engine is, beside the fastest peers, on this machine.

    python benchmarks/engine.py                     # the shipped model
    python benchmarks/engine.py --data_folder=DATA  # decisions on real clips

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
import sys
from functools import partial
from pathlib import Path

import speechbrain_bifsmn  # noqa: F401  first: it repairs torchaudio

# isort: split
from peers import arm, prepare
from peers.prepare import Missing, run, say
from peers.registry import PEERS
from peers.results import ROOT, carried_out, provenance
from peers.sides import DEPTHS, Form, Native
from peers.timing import measure, summary

from bifsmn_engine.format import model_file
from bifsmn_engine.pretrained import MODEL

RESULTS = ROOT / "benchmarks" / "results" / "engine.json"
COUNT = ROOT / "arm_kernel" / "tests" / "arm" / "count.py"


def peer_sides(peer, networks, audio):
    """Returns the forms of a peer, and what their checks found."""
    python = prepare.environment(peer.requirements, peer.project_torch)
    folders = networks, prepare.models(peer, networks)
    sides = [Form(peer, name, python, *folders, audio) for name in peer.forms]
    say(f"Comparing the logits of {peer.title} and their source")
    return sides, {side.engine: side.check() for side in sides}


def all_peers(networks, audio):
    """Returns the forms of all peers, their checks, and which are missing."""
    sides, checks, missing = [], {}, {}
    makers = [
        (peer.title, peer.forms, partial(peer_sides, peer, networks, audio))
        for peer in PEERS
    ]
    for found, checked in prepare.obtained(makers, missing):
        sides += found
        checks |= checked
    return sides, checks, missing


def native_sides(folder, model, features):
    """Returns the paths of the engine that run here, the best first."""
    library = folder / "libbifsmn.so"
    paths = Native(library, model, features).paths()
    sides, checks = [], {}
    for side in (Native(library, model, features, path) for path in paths):
        say(f"Comparing the logits of {side.path} and torch")
        checks[side.engine] = side.check()
        if side.path != "reference" or len(paths) == 1:
            sides.append(side)
    return sides, checks


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
    expected = prepare.random_model().config
    given = model_file.read(path).config
    names = "classes mels frames layers depths front_channels channels hidden"
    for name in [*names.split(), "taps_before", "taps_after"]:
        size = getattr(expected, name)
        found = getattr(given, name)
        if found != size:
            sys.exit(
                f"{path}: expected {name} = {size}, as in the network of the "
                f"peers, found {found}; give another model"
            )


def benchmark(options):
    """Returns the results."""
    model, data = options.model, options.data_folder
    check_sizes(model)
    folder, networks = prepare.build_engine(), prepare.networks(data)
    features = networks / "features.npy"
    native, checks = native_sides(folder, model, features)
    audio = folder / "libbifsmn.so", model
    peers, checked, missing = all_peers(networks, audio)
    samples = measure(native + peers, options.rounds, options.calls)
    say("Weighing processes and files")
    return {
        **summary(samples, native[0].path),
        "tool_us": tool_timings(folder / "tools" / "bifsmn-bench", model),
        "file_bytes": model.stat().st_size,
        "bytes": {side.engine: side.bytes() for side in native + peers},
        "memory": {side.engine: side.memory() for side in native + peers},
        **arm_counts(model),
        **arm.counts(peers),
        "missing": missing,
        "checks": checks | checked,
        **prepare.described(networks, data),
        "n": {"processes": options.rounds, "calls": options.calls},
        "model": model_file.read(model).name,
        **provenance(PEERS, compiler=prepare.compiler(folder)),
    }


def main():
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--model", type=Path, default=MODEL, help="a .bifsmn file"
    )
    parser.add_argument(
        "--data_folder",
        type=Path,
        help="Speech Commands, on whose test clips the sides' decisions are "
        "compared (with it, the peers' networks are trained; else random)",
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    if min(options.rounds, options.calls) < 1:
        parser.error("expected at least one round and one call")
    results = carried_out(benchmark, options)
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
