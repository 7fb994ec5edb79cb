"""What listening costs: CPU seconds per hour of audio, and memory.

    python -m benchmarks.streaming                 # the shipped model
    python -m benchmarks.streaming --rounds=10 --seconds=180

Synthetic audio (noise and tones) is given in chunks of 32 ms, each of which
ends in a decision, to each backend in processes of its own, in turns, on one
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
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import speechbrain_bifsmn  # noqa: F401  first: it repairs torchaudio

# isort: split
from benchmarks.engine import peer_forms
from benchmarks.harness.backend import Native
from benchmarks.harness.cache import environment, pins
from benchmarks.harness.engine_build import build_engine, compiler
from benchmarks.harness.process import Missing, available, memories, run
from benchmarks.harness.registry import LCE, LITERT, ONNX_RUNTIME, Peer
from benchmarks.harness.results import (
    Part,
    make_parser,
    provenance,
    run_and_save,
)
from benchmarks.harness.timing import Samples, measure, medians, quantiles
from benchmarks.models import prepared
from benchmarks.models.check import check_sizes
from bifsmn_engine.format import model_file
from bifsmn_engine.pretrained import MODEL

STREAMED = (LITERT, ONNX_RUNTIME, LCE)
MICRO = "micro.txt"
TORCH_SECONDS = 4
SECONDS_PER_HOUR = 3600
Audio = tuple[Path, Path]  # the engine's library, and a model file


class StreamBackend:
    """A backend of a stream.

    Arguments
    ---------
    key : str
        Its name in the results.
    python : str | Path
        Runs it.
    module : str
        Of ``benchmarks.backends``.
    arguments : sequence
        Given to the module.
    max_seconds : float, optional
        Of audio.
    **variables
        Of its process's environment.
    """

    def __init__(
        self,
        key: str,
        python: str | Path,
        module: str,
        arguments: Sequence[Any] = (),
        max_seconds: float | None = None,
        **variables: str,
    ):
        self.key, self.max_seconds = key, max_seconds
        runner = f"benchmarks.backends.{module}"
        self.command = [python, "-m", runner, *arguments]
        self.variables = variables

    def _run(self, *options):
        command = [*self.command, *options]
        return json.loads(run(command, variables=self.variables))

    def seconds(self, seconds: float) -> float:
        """Returns how much audio it gets where others get so much."""
        return min(seconds, self.max_seconds or seconds)

    def time(self, seconds: float) -> dict[str, dict[str, float]]:
        """Returns CPU seconds per hour by kind and thinning."""
        return self._run(f"--seconds={self.seconds(seconds)}")

    def memory(self) -> dict[str, int]:
        """Returns KiB of a process that streams at thinning 1."""
        return self._run("--memory")


def native_backends(
    library: Path, model: Path, features: Path
) -> list[StreamBackend]:
    """Returns the engine on the instruction sets that run here, best first."""
    runner = sys.executable, "native_stream", [library, model]
    return [
        StreamBackend(f"bifsmn_{isa}", *runner, BIFSMN_ISA=isa)
        for isa in Native(library, model, features).isas()
        if isa != "reference"  # defines the result, at any speed
    ]


def form_backends(
    peer: Peer, networks: Path, audio: Audio
) -> list[StreamBackend]:
    """Returns the forms of a peer, behind the engine's front end."""
    forms, _ = peer_forms(peer, networks, audio)
    given = [peer.runner, *audio, networks / "scale.npy"]
    return [
        StreamBackend(
            form.key,
            form.command[0],
            "network_stream",
            [*given, *form.files],
        )
        for form in forms
    ]


def torch_backend(model: Path) -> list[StreamBackend]:
    """Returns ``KeywordSpotter`` in torch."""
    runner = sys.executable, "torch_stream", [model]
    return [StreamBackend("keyword_spotter_torch", *runner, TORCH_SECONDS)]


def micro_backend() -> list[StreamBackend]:
    """Returns pymicro-wakeword."""
    python = environment(MICRO)
    backend = StreamBackend("pymicro_wakeword", python, "micro_stream")
    backend.memory()  # it runs, or is missing
    return [backend]


def other_backends(
    networks: Path, audio: Audio
) -> tuple[list[StreamBackend], dict[str, str]]:
    """Returns all backends but the engine, and which are missing."""
    makers: list[Any] = [
        (peer.title, peer.forms, partial(form_backends, peer, networks, audio))
        for peer in STREAMED
    ]
    spotter, micro = "keyword_spotter_torch", "pymicro_wakeword"
    makers.append((spotter, [spotter], partial(torch_backend, audio[1])))
    makers.append((micro, [micro], micro_backend))
    missing: dict[str, str] = {}
    found = available(makers, missing)
    return [backend for backends in found for backend in backends], missing


def add_front_end(samples: dict[str, Samples], keys: Sequence[str]) -> None:
    """Adds the engine's "front_end": of each stream what is not network."""
    for key in keys:
        stream, network = (samples[k][key] for k in ("stream", "network"))
        samples.setdefault("front_end", {})[key] = {
            thinning: [
                whole - part
                for whole, part in zip(
                    stream[thinning], network[thinning], strict=True
                )
            ]
            for thinning in stream
        }


def summary(
    samples: dict[str, Samples], natives: Sequence[str]
) -> dict[str, Any]:
    """Returns medians and spread, CPU seconds per hour of audio.

    Arguments
    ---------
    samples : dict
        From ``measure``.
    natives : sequence of str
        The names of the engine's instruction sets, the best first.

    Returns
    -------
    dict
    """
    add_front_end(samples, natives)
    middle = medians(samples)
    best = natives[0]
    features = middle["front_end"][best]
    shared = {
        key: {
            thinning: round(value + features[thinning], 2)
            for thinning, value in by_thinning.items()
        }
        for key, by_thinning in middle["network"].items()
        if by_thinning.keys() == features.keys() and key not in natives
    }
    return {
        "isa": best.removeprefix("bifsmn_"),
        "cpu_s_per_hour": middle | {"front_end_shared": shared},
        "cpu_s_per_hour_p10_p90": {
            kind: quantiles(of_kind, 0.1, 0.9)
            for kind, of_kind in samples.items()
        },
        "front_end_us_per_second": {
            key: {
                thinning: round(value * 1e6 / SECONDS_PER_HOUR, 1)
                for thinning, value in by_thinning.items()
            }
            for key, by_thinning in middle["front_end"].items()
        },
    }


def benchmark(options: argparse.Namespace) -> Iterator[Part]:
    """Yields the parts of the results."""
    model = options.model
    check_sizes(model)
    folder, networks = build_engine(), prepared.networks()
    audio = folder / "libbifsmn.so", model
    native = native_backends(*audio, networks / "features.npy")
    others, missing = other_backends(networks, audio)
    backends = native + others

    def timings(_: dict[str, Any]) -> dict[str, Any]:
        samples = measure(backends, options.rounds, options.seconds, missing)
        timed = [b.key for b in native if b.key not in missing]
        if not timed:
            raise Missing("no instruction set of the engine could be timed")
        seconds = {b.key: b.seconds(options.seconds) for b in backends}
        return {
            **summary(samples, timed),
            "missing": missing,
            "n": {"processes": options.rounds, "seconds": seconds},
            "model": model_file.read(model).name,
            **provenance(STREAMED, compiler=compiler(folder), **pins(MICRO)),
        }

    yield "timings", timings
    yield "memory", lambda _: {"memory": memories(backends)}


def main() -> None:
    """Measures, prints and writes."""
    parser = make_parser(__doc__, "streaming")
    parser.add_argument(
        "--model", type=Path, default=MODEL, help="a .bifsmn file"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--seconds", type=float, default=120, help="of audio, in each process"
    )
    options = parser.parse_args()
    if options.rounds < 1 or options.seconds < 1:
        parser.error("expected at least one round and one second")
    results = run_and_save(benchmark, options)
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
