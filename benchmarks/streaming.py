#!/usr/bin/env python3
"""What listening costs: processor seconds per hour of audio, and memory.

    python benchmarks/streaming.py                 # the shipped model
    python benchmarks/streaming.py --rounds=10 --seconds=180

Audio that is made up (noise and tones) is given in chunks of 32 ms, each of
which ends in a decision, to each side in processes of its own, in turns, on one
thread. All are called from Python; a process's time is that of all its threads.

- The engine's stream computes the features of new audio only.
- The networks of peers run on whole windows at the same hop, behind the
  engine's front end, which recomputes the window ("stream"); so "front end
  shared" is the network alone at each hop, and what the features of new audio
  cost in the engine's stream.
- ``KeywordSpotter`` in torch recomputes windows too; of it a few seconds are
  enough.
- pymicro-wakeword has its own features and its own small network, of one
  keyword, and decides each 30 ms.

"front_end" of the engine is what its stream takes more than its network.
"""

import argparse
import json
import sys
from functools import partial
from pathlib import Path

import speechbrain_bifsmn  # noqa: F401  first: it repairs torchaudio

# isort: split
from engine import check_sizes, peer_sides
from peers import prepare
from peers.prepare import run, say
from peers.registry import LCE, LITERT, ONNX_RUNTIME
from peers.results import ROOT, carried_out, provenance
from peers.sides import Native
from peers.timing import measure, medians, quantiles

from bifsmn_engine.format import model_file
from bifsmn_engine.pretrained import MODEL

RESULTS = ROOT / "benchmarks" / "results" / "streaming.json"
STREAMED = (LITERT, ONNX_RUNTIME, LCE)
MICRO = "micro.txt"
TORCH_SECONDS = 4
SECONDS_PER_HOUR = 3600


class Side:
    """A driver of a stream.

    Arguments
    ---------
    engine : str
        Its name in the results.
    command : list
        Runs the driver.
    seconds : float, optional
        Of audio, at most.
    **environment
        Variables of its process.
    """

    def __init__(self, engine, command, seconds=None, **environment):
        self.engine, self.command, self.most = engine, command, seconds
        self.environment = environment

    def _run(self, *options):
        return json.loads(run([*self.command, *options], **self.environment))

    def seconds(self, seconds):
        """Returns how much audio it gets where others get so much."""
        return min(seconds, self.most or seconds)

    def time(self, seconds):
        """Returns processor seconds per hour by kind and depth setting."""
        return self._run(f"--seconds={self.seconds(seconds)}")

    def memory(self):
        """Returns KiB of a process that streams at full depth."""
        return self._run("--memory")


def native_sides(library, model, features):
    """Returns the paths of the engine that run here, the best first."""
    script = prepare.PEERS / "stream_native.py"
    command = [sys.executable, script, library, model]
    return [
        Side(f"bifsmn_{path}", command, BIFSMN_PATH=path)
        for path in Native(library, model, features).paths()
        if path != "reference"  # defines the result, at any speed
    ]


def form_sides(peer, networks, audio):
    """Returns the forms of a peer, behind the engine's front end."""
    forms, _ = peer_sides(peer, networks, audio)
    script = prepare.PEERS / "stream_peer.py"
    given = [Path(peer.driver).stem, *audio, networks / "scale.npy"]
    return [
        Side(form.engine, [form.command[0], script, *given, *form.paths])
        for form in forms
    ]


def spotter_side(model):
    """Returns ``KeywordSpotter`` in torch."""
    script = prepare.PEERS / "stream_spotter.py"
    command = [sys.executable, script, model]
    return [Side("keyword_spotter_torch", command, TORCH_SECONDS)]


def micro_side():
    """Returns pymicro-wakeword."""
    python = prepare.environment(MICRO)
    script = prepare.PEERS / "stream_micro.py"
    side = Side("pymicro_wakeword", [python, script])
    side.memory()  # it runs, or is missing
    return [side]


def other_sides(networks, audio):
    """Returns all sides but the engine's, and which are missing."""
    makers = [
        (peer.title, peer.forms, partial(form_sides, peer, networks, audio))
        for peer in STREAMED
    ]
    spotter, micro = "keyword_spotter_torch", "pymicro_wakeword"
    makers.append((spotter, [spotter], partial(spotter_side, audio[1])))
    makers.append((micro, [micro], micro_side))
    missing = {}
    found = prepare.obtained(makers, missing)
    return [side for sides in found for side in sides], missing


def add_front_end(samples, names):
    """Adds the engine's "front_end": of each stream what is not network."""
    for name in names:
        stream, network = (samples[k][name] for k in ("stream", "network"))
        samples.setdefault("front_end", {})[name] = {
            depth: [
                whole - part
                for whole, part in zip(
                    stream[depth], network[depth], strict=True
                )
            ]
            for depth in stream
        }


def summary(samples, natives):
    """Returns medians and spread, processor seconds per hour of audio.

    Arguments
    ---------
    samples : dict
        From ``measure``.
    natives : list of str
        The names of the engine's paths, the best first.
    """
    add_front_end(samples, natives)
    middle = medians(samples)
    best = natives[0]
    features = middle["front_end"][best]
    shared = {
        name: {
            depth: round(value + features[depth], 2)
            for depth, value in by_depth.items()
        }
        for name, by_depth in middle["network"].items()
        if by_depth.keys() == features.keys() and name not in natives
    }
    return {
        "path": best.removeprefix("bifsmn_"),
        "cpu_s_per_hour": middle | {"front_end_shared": shared},
        "cpu_s_per_hour_p10_p90": {
            kind: quantiles(of_kind, 0.1, 0.9)
            for kind, of_kind in samples.items()
        },
        "front_end_us_per_second": {
            name: {
                depth: round(value * 1e6 / SECONDS_PER_HOUR, 1)
                for depth, value in by_depth.items()
            }
            for name, by_depth in middle["front_end"].items()
        },
    }


def benchmark(options):
    """Returns the results."""
    model = options.model
    check_sizes(model)
    folder, networks = prepare.build_engine(), prepare.networks()
    audio = folder / "libbifsmn.so", model
    native = native_sides(*audio, networks / "features.npy")
    others, missing = other_sides(networks, audio)
    sides = native + others
    samples = measure(sides, options.rounds, options.seconds)
    say("Weighing processes")
    return {
        **summary(samples, [side.engine for side in native]),
        "memory": {side.engine: side.memory() for side in sides},
        "missing": missing,
        "n": {
            "processes": options.rounds,
            "seconds": {s.engine: s.seconds(options.seconds) for s in sides},
        },
        "model": model_file.read(model).name,
        **provenance(
            STREAMED,
            compiler=prepare.compiler(folder),
            **prepare.pins(MICRO),
        ),
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
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--seconds", type=float, default=120, help="of audio, in each process"
    )
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    if options.rounds < 1 or options.seconds < 1:
        parser.error("expected at least one round and one second")
    results = carried_out(benchmark, options)
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
