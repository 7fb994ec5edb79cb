"""How the cost of an inference grows on this machine.

    python -m benchmarks.scaling

Measures features to logits in networks of random weights: by the number of
clips in a call, of threads, of blocks and of channels. The engine takes a
batch clip by clip, and a clip in one thread; of the peers a model has the batch
in its shape, and also shares one clip among threads. The peers' networks have
ReLU, with which they are fastest. Every backend must give its source's
logits first; each is timed in processes of its own, in turns.

What growth is fitted to the medians: "exponent" of a power of the number of
channels; "us_each" more for each clip or block, and "us_fixed"; "speed_up" by
threads.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import speechbrain_bifsmn  # noqa: F401  first: it repairs torchaudio

# isort: split
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.harness.backend import Form
from benchmarks.harness.cache import environment
from benchmarks.harness.engine_build import build_engine
from benchmarks.harness.process import available, run, say
from benchmarks.harness.registry import LITERT, ONNX_RUNTIME, Peer
from benchmarks.harness.results import (
    Part,
    make_parser,
    provenance,
    run_and_save,
)
from benchmarks.harness.scaling_fits import summary
from benchmarks.harness.timing import measure
from benchmarks.models import prepared, scaled
from benchmarks.models.sizes import POINTS, thread_counts
from bifsmn_engine.format import model_file
from speechbrain_bifsmn.deploy.network import DeployedBiDFSMN

FORMS = ("fp32_relu", "int8_relu", "weights_relu")
ONNX = replace(
    ONNX_RUNTIME,
    maker="make_scaled_onnx",
    sources=("make_onnx", *ONNX_RUNTIME.sources),
)
TORCH = Peer(
    title="torch eager",
    runner="torch_batch",
    suffix=".npz",
    forms={"torch_fp32_relu": "weights_relu"},
)
ENGINE = Peer(
    title="engine",
    runner="native_batch",
    suffix=".bifsmn",
    forms={"bifsmn": "binary"},
)


class Scaled(Form):
    """A form at all sizes; what a ``Form`` has by thinning it has by point."""

    def __init__(
        self,
        peer: Peer,
        key: str,
        python: str | Path,
        networks: Path,
        models: Path,
        threads: Sequence[int],
    ):
        super().__init__(peer, key, python, networks, models)
        self.threads = threads
        self.files = [
            models / f"{self.form}_{point}{peer.suffix}" for point in POINTS
        ]
        runner = ["-m", "benchmarks.harness.scaling_runner", peer.runner]
        self.command = [python, *runner, networks / "inputs.npy"]

    def _by_thinning(self, found):
        return {
            point: found[file.name]
            for point, file in zip(POINTS, self.files, strict=True)
        }

    def time(self, calls: int) -> dict[str, dict[str, float]]:
        """Returns what was measured, by kind, and by point or threads."""
        counts = ",".join(map(str, self.threads))
        within = ["--within"] if self.peer is not ENGINE else []
        options = [f"--calls={calls}", f"--threads={counts}", *within]
        found = self._run(*options)
        us = self._by_thinning(found.pop("us"))
        return {"us": us, **{kind: by for kind, by in found.items() if by}}


class Native(Scaled):
    """The engine's best instruction set."""

    def __init__(self, library: Path, networks: Path, threads: Sequence[int]):
        super().__init__(
            ENGINE, "bifsmn", sys.executable, networks, networks, threads
        )
        self.command[-1] = networks / "features.npy"
        self.library = library

    def _run(self, *options, files=()):
        command = [*self.command, *(files or self.files), *options]
        variables = {"BIFSMN_LIBRARY": str(self.library)}
        return json.loads(run(command, variables=variables))

    @torch.no_grad()
    def expected(self, point: str) -> NDArray:
        """Returns the logits (N, classes) of the twin in torch."""
        path = self.networks / f"{self.form}_{point}{self.peer.suffix}"
        twin = DeployedBiDFSMN(model_file.read(path)).eval()
        features = np.load(self.networks / "features.npy")
        return twin(torch.from_numpy(features)).numpy()

    def refuse(self, point: str, difference: float, where: str = "") -> None:
        """Refuses an engine that is not bit-exact with its twin."""
        if difference:
            sys.exit(
                f"engine, {point}{where}: expected the logits of "
                f"DeployedBiDFSMN bit-exact, found them {difference:.2g} "
                "apart; repair the engine first"
            )


def measured_forms(peer: Peer) -> list[str]:
    """Returns the names in the results of what is measured of a peer."""
    return [key for key, form in peer.forms.items() if form in FORMS]


def peer_forms(
    peer: Peer, networks: Path, threads: Sequence[int]
) -> tuple[list[Scaled], dict[str, Any]]:
    """Returns the forms of a peer that are measured, and their checks."""
    python: str | Path
    if peer is TORCH:
        python, models = sys.executable, networks
    else:
        python = environment(peer.requirements, peer.project_torch)
        models = prepared.models(peer, networks)
    forms = [
        Scaled(peer, key, python, networks, models, threads)
        for key in measured_forms(peer)
    ]
    say(f"Comparing the logits of {peer.title} and their source")
    return forms, {form.key: form.check() for form in forms}


def all_forms(
    networks: Path, threads: Sequence[int]
) -> tuple[list[Scaled], dict[str, Any], dict[str, str]]:
    """Returns the backends, their checks, and which are missing."""
    library = build_engine() / "libbifsmn.so"
    forms: list[Scaled] = [Native(library, networks, threads)]
    say("Comparing the logits of the engine and torch")
    checks = {forms[0].key: forms[0].check()}
    missing: dict[str, str] = {}
    makers = [
        (p.title, measured_forms(p), partial(peer_forms, p, networks, threads))
        for p in (LITERT, ONNX, TORCH)
    ]
    for found, checked in available(makers, missing):
        forms += found
        checks |= checked
    return forms, checks, missing


def benchmark(options: argparse.Namespace) -> Iterator[Part]:
    """Yields the parts of the results."""
    networks, threads = scaled.networks(), thread_counts(os.cpu_count() or 1)
    forms, checks, missing = all_forms(networks, threads)

    def curves(_: dict[str, Any]) -> dict[str, Any]:
        samples = measure(forms, options.rounds, options.calls, missing)
        titles = {f.key: f.peer.title for f in forms if f.key not in missing}
        return {
            **summary(samples, threads),
            "missing": missing,
            "checks": checks,
            "n": {"processes": options.rounds, "calls": options.calls},
            "titles": titles,
            **provenance([LITERT, ONNX]),
        }

    yield "curves", curves


def main() -> None:
    """Measures and writes."""
    parser = make_parser(__doc__, "scaling")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--calls",
        type=int,
        default=300,
        help="of one clip; with batches accordingly fewer",
    )
    options = parser.parse_args()
    if min(options.rounds, options.calls) < 1:
        parser.error("expected at least one round and one call")
    results = run_and_save(benchmark, options)
    print(json.dumps(results.get("fits"), indent=2))


if __name__ == "__main__":
    main()
