"""How much faster a training step and an epoch are than the released code's.

    python -m benchmarks.training                      # synthetic speech
    python -m benchmarks.training --data_folder=DATA   # Speech Commands

Both run on this machine in turns, with the same weights, clips and batch size.
The baseline is a plain transcription of what the released code computes
(``models/released_*.py``), with its optimiser. First the losses of one batch
are compared in double precision: they must be equal.

``objective_ratio`` is the speed-up of one step with equal losses (weight scales
as released); ``epoch_ratio`` that of whole epochs, audio files to updated
weights, of the recipe as it is over the released one.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import speechbrain_bifsmn  # noqa: F401  first: it repairs torchaudio

# isort: split
import numpy as np
import torch
from tqdm import tqdm

from benchmarks import ROOT
from benchmarks.harness.results import (
    Part,
    make_parser,
    provenance,
    run_and_save,
)
from benchmarks.harness.training_epochs import Epochs
from benchmarks.harness.training_steps import (
    BATCH,
    SYSTEMS,
    check_equal_losses,
    objective_step,
)


def timed(
    functions: dict[Any, Callable[[], object]], rounds: int, title: str
) -> dict[Any, list[float]]:
    """Runs functions in turns; returns the seconds of each, by name."""
    seconds: dict[Any, list[float]] = {name: [] for name in functions}
    for turn in tqdm(range(rounds + 1), title):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            if turn:  # the first is to warm up
                seconds[name].append(time.perf_counter() - start)
    return seconds


def peak_memory(system: str) -> float:
    """MB of a process of its own that takes five steps."""
    module = ["-m", "benchmarks.training", f"--memory_of={system}"]
    done = subprocess.run(
        [sys.executable, *module],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return float(done.stdout.split()[-1])


def report_memory(system: str) -> None:
    """Prints MB; ``peak_memory`` runs it."""
    step = objective_step(system)
    for _ in range(5):
        step()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def time_epochs(
    data_folder: str, clips: int, rounds: int
) -> tuple[dict[str, list[float]], dict[str, int], int]:
    """Times both systems, each with the number of workers that suits it."""
    with tempfile.TemporaryDirectory() as folder:
        epochs = Epochs(data_folder, clips, folder)
        workers: dict[str, int] = {}
        for system in ("released", "default"):
            run = getattr(epochs, system)
            trial: dict[Any, Callable[[], object]]
            trial = {n: partial(run, n) for n in (0, 2)}
            seconds = timed(trial, 1, f"workers, {system}")
            workers[system] = min(seconds, key=lambda n: seconds[n][0])
        runs: dict[Any, Callable[[], object]]
        runs = {s: partial(getattr(epochs, s), n) for s, n in workers.items()}
        return timed(runs, rounds, "epochs"), workers, len(epochs.data)


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """Median and spread in milliseconds."""
    low, middle, high = 1e3 * np.quantile(seconds, (0.1, 0.5, 0.9))
    return {
        "n": len(seconds),
        "median_ms": round(middle, 2),
        "p10_ms": round(low, 2),
        "p90_ms": round(high, 2),
    }


def ratio(seconds: dict[str, list[float]], system: str) -> float:
    """Returns the speed-up of a system over the released code."""
    medians = np.median(seconds["released"]), np.median(seconds[system])
    return round(float(medians[0] / medians[1]), 2)


def steps(options: argparse.Namespace) -> dict[str, Any]:
    """Returns what a step takes, in time and memory."""
    # First: Linux counts what the parent held before as its child's.
    memory = {system: round(peak_memory(system)) for system in SYSTEMS}
    losses = check_equal_losses()
    functions: dict[Any, Callable[[], object]]
    functions = {system: objective_step(system) for system in SYSTEMS}
    seconds = timed(functions, options.rounds, "objective")
    return {
        "objective_ratio": ratio(seconds, "equal"),
        "objective_ratio_default": ratio(seconds, "default"),
        "objective": {system: quantiles(s) for system, s in seconds.items()},
        "peak_memory_mb": memory,
        "losses": losses,
        "batch": BATCH,
        "data": options.data_folder or "synthetic speech",
        "threads": torch.get_num_threads(),
        **provenance([]),
    }


def epochs(options: argparse.Namespace) -> dict[str, Any]:
    """Returns what an epoch takes."""
    seconds, workers, clips = time_epochs(
        options.data_folder, options.clips, options.epochs
    )
    return {
        "epoch_ratio": ratio(seconds, "default"),
        "epoch": {system: quantiles(s) for system, s in seconds.items()},
        "epoch_clips": clips,
        "workers": workers,
    }


def benchmark(options: argparse.Namespace) -> Iterator[Part]:
    """Yields the parts of the results."""
    yield "steps", lambda _: steps(options)
    yield "epochs", lambda _: epochs(options)


def main() -> None:
    """Measures, prints and writes."""
    parser = make_parser(__doc__, "training")
    parser.add_argument("--data_folder", default="")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--clips", type=int, default=20 * BATCH)
    parser.add_argument("--memory_of", choices=SYSTEMS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory_of:
        report_memory(options.memory_of)
        return
    results = run_and_save(benchmark, options)
    print(
        f"speed-up over the released code: objective "
        f"{results['objective_ratio']}, epoch {results['epoch_ratio']}; "
        f"written to {options.output}"
    )


if __name__ == "__main__":
    main()
