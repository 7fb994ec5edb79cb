"""What each part of the training is worth, at an equal and short budget.

    python -m benchmarks.ablation --data_folder=DATA --teacher=WEIGHTS

Each variant is the recipe with some options changed, trained with several
seeds from the same teacher. What is compared is the accuracy on the validation
set, at the epoch that the recipe would choose. Runs that are done are not
repeated, so a comparison that was stopped goes on. ``--only`` picks variants,
by parts of their names.
"""

import argparse
import json
import shlex
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks import ROOT, THINNINGS

RECIPE = ROOT / "recipes" / "SpeechCommands" / "BiFSMNv2"
RESULTS = ROOT / "docs" / "results" / "ablation.json"

# In all variants but those named after them, the teacher's soft targets are
# left out, as in the paper. The scales of an activation's two planes are tied,
# 2 : 1, but in those named after theirs; these and others that devices cannot
# run are never rounded in their last epochs, nor when they are validated.
PAPER = "--student_objective={beta: 0.0}"
VARIANTS = {
    "as in the paper": [PAPER],
    "learned pairs of scales": [PAPER, "--student_model={scales: learned}"],
    "scales from statistics": [PAPER, "--student_model={scales: statistic}"],
    "scales of each frame": [PAPER, "--student_model={scales: frame}"],
    "one plane": [PAPER, "--student_model={planes: 1}"],
    "plain straight-through gradient": [
        PAPER,
        "--student_model={gradient: straight}",
    ],
    "quadratic gradient": [PAPER, "--student_model={gradient: quadratic}"],
    "no distillation": ["--student_objective={beta: 0.0, gamma: 0.0}"],
    "logits only": ["--student_objective={beta: 0.0, distillation: null}"],
    "high band only": [PAPER, "--distillation={bands: [high]}"],
    "soft targets too": ["--student_objective={beta: 1.0, temperature: 4.0}"],
    "soft targets, no FID": [
        "--student_objective={beta: 1.0, temperature: 4.0, distillation: null}"
    ],
    "label smoothing": [
        "--student_objective={beta: 0.0, label_smoothing: 0.1}"
    ],
    "weight scales as released": [
        PAPER,
        "--student_model={scale_layout: as_released}",
    ],
    "full precision": [PAPER, "--student_model={binary: False}"],
}


def folder_of(variant: str, seed: int) -> Path:
    """Returns where a run writes, relative to the recipe."""
    return Path("results", "ablation", variant.replace(" ", "_"), str(seed))


def run(variant: str, seed: int, common: Sequence[str]) -> dict[str, Any]:
    """Trains a variant, or what is left of it; returns its results."""
    folder = folder_of(variant, seed)
    results = RECIPE / folder / "results.json"
    if not results.exists():
        command = [sys.executable, "train.py", "hparams/v1_12.yaml"]
        command += [*common, f"--seed={seed}", f"--output_folder={folder}"]
        results.parent.mkdir(parents=True, exist_ok=True)
        log = RECIPE / folder / "ablation.log"
        with open(log, "w", encoding="utf-8") as file:
            done = subprocess.run(
                [*command, *VARIANTS[variant], "--noprogressbar"],
                cwd=RECIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            sys.exit(f"{variant}, seed {seed}: training failed; see {log}")
    return json.loads(results.read_text(encoding="utf-8"))


def row(variant: str, runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Returns mean and spread of a variant over its seeds."""
    valid = {n: [r["valid_accuracy"][n] for r in runs] for n in THINNINGS}
    return {
        "name": variant,
        "options": shlex.join(VARIANTS[variant]),
        "seeds": [r["seed"] for r in runs],
        "epochs": runs[0]["epochs"]["student"],
        "valid": valid,
        "mean": {n: statistics.mean(v) for n, v in valid.items()},
        "deviation": {n: _deviation(v) for n, v in valid.items()},
        "commits": sorted({r["commit"] for r in runs}),
    }


def _deviation(values):
    return statistics.stdev(values) if len(values) > 1 else None


def compare(
    variants: Sequence[str], seeds: Sequence[int], common: Sequence[str]
) -> Iterator[list[dict[str, Any]]]:
    """Yields the rows after each round, in which every variant has a seed."""
    runs: dict[str, list[dict[str, Any]]] = {v: [] for v in variants}
    jobs = [(seed, variant) for seed in seeds for variant in variants]
    for seed, variant in tqdm(jobs, "training", unit="run"):
        runs[variant].append(run(variant, seed, common))
        yield [row(variant, done) for variant, done in runs.items() if done]


def main() -> None:
    """Compares, and writes the results after each run."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data_folder", required=True)
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--only", nargs="+", default=[""])
    options = parser.parse_args()
    common = [
        f"--data_folder={Path(options.data_folder).absolute()}",
        f"--teacher={Path(options.teacher).absolute()}",
        f"--device={options.device}",
        f"--student_epochs={options.epochs}",
    ]
    variants = [v for v in VARIANTS if any(part in v for part in options.only)]
    for rows in compare(variants, options.seeds, common):
        RESULTS.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
