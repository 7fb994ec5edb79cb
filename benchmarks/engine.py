"""How fast the engine and the fastest peers are on this machine.

    python -m benchmarks.engine                     # the shipped model
    python -m benchmarks.engine --data_folder=DATA  # predictions on real clips

Builds the engine, makes the same network for LiteRT, checks that each backend
computes what it should, and times one call at batch 1 on one thread: features
to logits, each backend in processes of its own, in turns. Ratios are the
engine's speed-up over LiteRT, by thinning; with "avx2", of both without
AVX-512.

Of LiteRT it is ``invoke()``, whose input was scaled and set before; of the
engine the C function, scaling included, called from Python like the peer
("call_us" is what any such call costs; "tool_us" is measured without Python).

What the peers need is installed once in a cache folder (it takes 2 GB while
their models are made). A peer that cannot be had is "missing", with the reason,
as is an instruction set that this processor lacks. Results are written as they
come; a run that was stopped goes on after its last part.
"""

import argparse
import json
import platform
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import speechbrain_bifsmn  # noqa: F401  first: it repairs torchaudio

# isort: split
from benchmarks import THINNINGS
from benchmarks.harness import arm_backends, arm_count, arm_cycles
from benchmarks.harness.backend import Form, Native
from benchmarks.harness.cache import environment
from benchmarks.harness.engine_build import build_engine, compiler
from benchmarks.harness.process import Missing, available, memories, run, say
from benchmarks.harness.registry import ISAS, LITERT_AVX2, PEERS, Peer
from benchmarks.harness.results import (
    Part,
    make_parser,
    provenance,
    run_and_save,
)
from benchmarks.harness.timing import measure, summary
from benchmarks.models import prepared
from benchmarks.models.check import check_sizes
from bifsmn_engine.format import model_file
from bifsmn_engine.pretrained import MODEL

Checks = dict[str, dict[str, Any]]


def peer_forms(
    peer: Peer, networks: Path, audio: tuple[Path, Path]
) -> tuple[list[Form], Checks]:
    """Returns the forms of a peer, and what their checks found.

    Arguments
    ---------
    peer : Peer
        Whose.
    networks : Path
        The folder of inputs and expected logits.
    audio : tuple of Path
        The engine's library and a model file, whose front end serves.

    Returns
    -------
    tuple
    """
    python = environment(peer.requirements, peer.project_torch)
    folders = networks, prepared.models(peer, networks)
    forms = [Form(peer, key, python, *folders, audio) for key in peer.forms]
    say(f"Comparing the logits of {peer.title} and their source")
    return forms, {form.key: form.check() for form in forms}


def all_forms(
    networks: Path, audio: tuple[Path, Path]
) -> tuple[list[Form], Checks, dict[str, str]]:
    """Returns the forms of all peers, their checks, and which are missing."""
    forms: list[Form] = []
    checks: Checks = {}
    missing: dict[str, str] = {}
    makers = [
        (peer.title, peer.forms, partial(peer_forms, peer, networks, audio))
        for peer in PEERS
    ]
    for found, checked in available(makers, missing):
        forms += found
        checks |= checked
    return forms, checks, missing


def native_backends(
    folder: Path, model: Path, features: Path
) -> tuple[list[Native], Checks, dict[str, str]]:
    """Returns the engine on the instruction sets that run here, best first.

    Also what their checks found, and which are missing.
    """
    library = folder / "libbifsmn.so"
    isas = Native(library, model, features).isas()
    backends, checks = [], {}
    for isa in isas:
        backend = Native(library, model, features, isa)
        say(f"Comparing the logits of {isa} and torch")
        checks[backend.key] = backend.check()
        if isa != "reference" or len(isas) == 1:
            backends.append(backend)
    wanted = ISAS.get(platform.machine(), ())
    lacking = {f"bifsmn_{isa}" for isa in wanted if isa not in isas}
    return backends, checks, dict.fromkeys(lacking, "not in this processor")


def tool_timings(tool: Path, model: Path) -> dict[str, Any]:
    """Returns what the engine's own tool measures, without Python."""
    us: dict[str, Any] = {"features -> logits": {}, "audio -> posteriors": {}}
    for row in json.loads(run([tool, model, "--json"]))["results"]:
        if row["isa"] != "reference":  # defines the result, at any speed
            by_thinning = us[row["task"]].setdefault(row["isa"], {})
            by_thinning[str(row["thinning"])] = row["us"]["median"]
    return us


def arm_counts(model: Path) -> dict[str, Any]:
    """Returns what an inference costs on 64-bit ARM, or why it is unknown."""
    say("Counting instructions on ARM")
    try:
        found = arm_count.measure(model)
    except Missing as error:
        say(f"Instructions on ARM are missing: {error}")
        return {"arm_instructions": None, "arm_note": str(error)}
    if "cycles" not in found:
        tool, remedy = arm_cycles.TOOL, arm_cycles.REMEDY
        say(f"Cycles on ARM are missing: no {tool} is installed; {remedy}")
    total = {name: c["total"] for name, c in found["instructions"].items()}
    cycles = {
        core: {n: of_region[f"logits {n}"] for n in THINNINGS}
        for core, of_region in found.get("cycles", {}).items()
    }
    return {
        "arm_instructions": {n: total[f"logits {n}"] for n in THINNINGS},
        "arm_audio_instructions": {
            n: total[f"classify {n}"] for n in THINNINGS
        },
        "arm_cycles": cycles,
        "arm_loop": found.get("loop"),
        "arm_note": f"isa {found['isa']}, counted in an emulator",
    }


def arm_ratio(results: dict[str, Any]) -> dict[str, Any]:
    """Returns the speed-up over LiteRT in int8 on 64-bit ARM, by core."""
    peers, form = results.get("arm_peer_cycles", {}), "litert_int8"
    ratio = {
        core: {
            n: round(peers[core][form][n] / cycles, 2)
            for n, cycles in ours.items()
        }
        for core, ours in (results.get("arm_cycles") or {}).items()
        if form in peers.get(core, {})
    }
    return {"arm_cycles_ratio_litert_int8": ratio or None}


def benchmark(options: argparse.Namespace) -> Iterator[Part]:
    """Yields the parts of the results."""
    model, data = options.model, options.data_folder
    check_sizes(model)
    folder, networks = build_engine(), prepared.networks(data)
    features = networks / "features.npy"
    native, checks, missing = native_backends(folder, model, features)
    audio = folder / "libbifsmn.so", model
    forms, checked, without = all_forms(networks, audio)
    missing |= without
    backends: list[Native | Form] = [*native, *forms]

    def timings(_: dict[str, Any]) -> dict[str, Any]:
        samples = measure(backends, options.rounds, options.calls, missing)
        best = next((b.isa for b in native if b.key not in missing), None)
        if best is None:
            raise Missing("no instruction set of the engine could be timed")
        return {
            **summary(samples, best),
            "missing": missing,
            "checks": checks | checked,
            **prepared.describe(networks, data),
            "n": {"processes": options.rounds, "calls": options.calls},
            "model": model_file.read(model).name,
            "file_bytes": model.stat().st_size,
            **provenance(PEERS, compiler=compiler(folder)),
        }

    tool = folder / "tools" / "bifsmn-bench"
    on_arm = [form for form in forms if form.peer is not LITERT_AVX2]
    yield "timings", timings
    yield "tool", lambda _: {"tool_us": tool_timings(tool, model)}
    yield "bytes", lambda _: {"bytes": {b.key: b.bytes() for b in backends}}
    yield "memory", lambda _: {"memory": memories(backends)}
    yield "arm", lambda _: arm_counts(model)
    yield "arm_peers", lambda _: arm_backends.counts(on_arm)
    yield "arm_ratio", arm_ratio


def main() -> None:
    """Measures, prints and writes."""
    parser = make_parser(__doc__, "engine")
    parser.add_argument(
        "--model", type=Path, default=MODEL, help="a .bifsmn file"
    )
    parser.add_argument(
        "--data_folder",
        type=Path,
        help="Speech Commands, on whose test clips predictions are compared "
        "(with it, the peers' networks are trained; else random)",
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=2000)
    options = parser.parse_args()
    if min(options.rounds, options.calls) < 1:
        parser.error("expected at least one round and one call")
    results = run_and_save(benchmark, options)
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
