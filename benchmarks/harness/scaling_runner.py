"""Runs the models of one backend at each size; see ``scaling.py``.

    python -m benchmarks.harness.scaling_runner BACKEND INPUTS.npy MODEL...

BACKEND is a module of ``benchmarks.backends`` with a ``Model`` as
``model_runner`` expects it, whose ``set_input`` also takes a batch where the
model has one. Prints a JSON object. Alone: the logits of all inputs by model.
With --calls=N: "us" by model, the median of a call (of a whole batch); and of
the first model, by number of threads (--threads=1,2), "clips_per_s" of as many
models in a thread each, and with --within "one_clip_us", where one model has
all the threads.
"""

import argparse
import importlib
import json
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.model_runner import MakeModel, Runnable
from benchmarks.harness.stopwatch import median_us
from benchmarks.models.sizes import POINTS, of_file

MIN_CALLS = 10
SECONDS = 0.2  # of a measurement of clips per second


def batch_of(path: Path) -> int:
    """Returns how many clips a call of this model takes."""
    return POINTS[of_file(path)]["batch"]


def start(inputs: NDArray, batch: int, at: int = 0) -> NDArray:
    """Returns what a model of this batch is given of inputs (N, T, F)."""
    return inputs[at : at + batch] if batch > 1 else inputs[at]


def logits(model: Runnable, inputs: NDArray, batch: int) -> list[list[float]]:
    """Returns the logits of each of the inputs (N, T, F)."""
    rows: list[list[float]] = []
    for at in range(0, len(inputs), batch):
        model.set_input(start(inputs, batch, at))
        model.invoke()
        found = np.asarray(model.logits(), float).reshape(batch, -1)
        rows += found.tolist()
    return rows


def ready(
    make: MakeModel, path: Path, threads: int, inputs: NDArray
) -> Runnable:
    """Returns a model whose input, of inputs (N, T, F), is set."""
    model = make(path, threads)
    model.set_input(start(inputs, batch_of(path)))
    return model


def call_us(model: Runnable, calls: int) -> float:
    """Returns the median microseconds of a call."""
    return median_us(model.invoke, calls, warm_up=max(calls // 5, 3))


def clips_per_s(models: Sequence[Runnable], seconds: float = SECONDS) -> float:
    """Returns how many clips models classify, each in a thread of its own."""
    barrier = threading.Barrier(len(models))
    rates: list[float] = []

    def work(invoke):
        invoke()
        barrier.wait()
        begin, done = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - begin) < seconds:
            invoke()
            done += 1
        rates.append(done / elapsed)

    threads = [threading.Thread(target=work, args=[m.invoke]) for m in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(rates)


def timings(
    make: MakeModel, options: argparse.Namespace, inputs: NDArray
) -> dict[str, dict[Any, float]]:
    """Returns medians and rates; inputs are (N, T, F)."""
    results: dict[str, dict[Any, float]] = {
        "us": {},
        "clips_per_s": {},
        "one_clip_us": {},
    }
    for path in options.models:
        model = ready(make, path, 1, inputs)
        calls = max(options.calls // batch_of(path), MIN_CALLS)
        results["us"][path.name] = call_us(model, calls)
    first = options.models[0]
    for count in options.threads:
        models = [ready(make, first, 1, inputs) for _ in range(count)]
        results["clips_per_s"][count] = clips_per_s(models)
        if options.within:
            model = ready(make, first, count, inputs)
            results["one_clip_us"][count] = call_us(model, options.calls)
    return results


def main() -> None:
    """Runs or times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("backend")
    parser.add_argument("inputs", type=Path)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--calls", type=int, default=0)
    parser.add_argument(
        "--threads",
        type=lambda text: [int(count) for count in text.split(",")],
        default=[1],
    )
    parser.add_argument("--within", action="store_true")
    options = parser.parse_intermixed_args()
    backend = f"benchmarks.backends.{options.backend}"
    make = importlib.import_module(backend).Model
    inputs = np.load(options.inputs)
    results: dict[str, Any]
    if options.calls:
        results = timings(make, options, inputs)
    else:
        results = {
            path.name: logits(make(path, 1), inputs, batch_of(path))
            for path in options.models
        }
    print(json.dumps(results))


if __name__ == "__main__":
    main()
