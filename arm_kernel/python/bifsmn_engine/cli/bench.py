"""Time a model on this machine: microseconds of one decision, one thread.

"network" is from features to logits, "whole" from a second of audio to
posteriors. The thinnings take turns, so that what else the machine does
meets them all alike; times are medians, with the tenth and ninetieth
percentile.

examples:
  bifsmn bench
  bifsmn bench --model model.bifsmn --backend torch --runs 100
  bifsmn bench --json > bench.json
"""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace

import numpy as np

from bifsmn_engine.cli.options import add_model, print_json
from bifsmn_engine.interface import AnyModel
from bifsmn_engine.loading import load_model

MAX_RUNS = 1_000_000  # whose times fit into memory


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of ``bifsmn bench``."""
    add_model(parser)
    parser.add_argument(
        "--runs",
        type=int,
        default=1000,
        metavar="N",
        help="of each thinning (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="one object a line")


def run(arguments: Namespace) -> None:
    """Prints a row for each thinning."""
    if not 1 <= arguments.runs <= MAX_RUNS:
        raise ValueError(
            f"--runs: expected 1 to {MAX_RUNS}, got {arguments.runs}"
        )
    model = load_model(arguments.model, arguments.backend)
    if not arguments.json:
        print(f"µs, one thread of {model.isa}; {arguments.runs} runs")
        print(
            f"{'thinning':>5}  {'task':8}{'p10':>10}{'median':>10}{'p90':>10}"
        )
    for (thinning, task), times in measure(model, arguments.runs).items():
        low, middle, high = np.percentile(times, [10, 50, 90]) * 1e6
        if arguments.json:
            row = {"thinning": thinning, "task": task, "isa": model.isa}
            row |= {"us_p10": low, "us_median": middle, "us_p90": high}
            print_json({**row, "runs": arguments.runs})
        else:
            cells = f"{low:10.1f}{middle:10.1f}{high:10.1f}"
            print(f"{thinning:8}  {task:8}{cells}")


def measure(model: AnyModel, runs: int) -> dict[tuple[int, str], list[float]]:
    """Returns {(thinning, task): seconds of each run}."""
    random = np.random.default_rng(0)
    audio = 0.1 * random.standard_normal(model.window_samples)
    audio = audio.astype(np.float32)
    features = model.features(audio)
    tasks = {
        "network": lambda: model.logits(features),
        "whole": lambda: model.classify(audio),
    }
    keys = [(thinning, task) for task in tasks for thinning in model.thinnings]
    times: dict[tuple[int, str], list[float]] = {key: [] for key in keys}
    for _ in range(runs):
        for thinning, task in keys:
            model.thinning = thinning
            tasks[task]()  # so that none finds another's data in the cache
            start = time.perf_counter()
            tasks[task]()
            times[thinning, task].append(time.perf_counter() - start)
    return times
