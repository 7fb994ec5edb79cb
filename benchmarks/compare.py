"""Trainings that differ in one part each, at an equal budget.

    python -m benchmarks.compare ablation --data_folder=DATA

Each file of ``benchmarks/comparisons`` lists variants of a recipe. All are
trained with several seeds; what is compared is the accuracy on the validation
set, at the epoch that the recipe would choose. Runs that are done are not
repeated, and those that were stopped go on. Results are written after each
run, beside those of variants that ``--only`` leaves out; ``make tables`` makes
tables of them.
"""

import argparse
import json
import shlex
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from tqdm import tqdm

from benchmarks import ROOT

RECIPE = ROOT / "recipes" / "SpeechCommands" / "BiFSMNv2"
FILES = ROOT / "benchmarks" / "comparisons"
RESULTS = ROOT / "docs" / "results"


class Comparison(NamedTuple):
    """What a file lists."""

    name: str
    hparams: str  # the recipe's YAML file
    options: list[str]  # of all variants but those that give another one
    variants: dict[str, list[str]]  # those of each


def read(name: str) -> Comparison:
    """Reads a comparison.

    Example
    -------
    >>> read("ablation").variants["one plane"]
    ['--student_model={planes: 1}']
    """
    found = YAML(typ="safe").load(FILES / f"{name}.yaml")
    variants = {
        variant: shlex.split(options)
        for variant, options in found["variants"].items()
    }
    options = shlex.split(found["options"])
    return Comparison(name, found["hparams"], options, variants)


def options_of(comparison: Comparison, variant: str) -> list[str]:
    """Returns all options of a variant.

    Example
    -------
    >>> common, own = ["--a=1", "--b=1"], {"x": ["--b=2"]}
    >>> options_of(Comparison("", "", common, own), "x")
    ['--a=1', '--b=2']
    """
    given = [*comparison.options, *comparison.variants[variant]]
    return list({option.partition("=")[0]: option for option in given}.values())


def run(
    comparison: Comparison, variant: str, seed: int, common: Sequence[str]
) -> dict[str, Any]:
    """Trains a variant, or what is left of it; returns its results."""
    name = variant.replace(" ", "_").replace("/", "_")
    folder = Path("results", comparison.name, name, str(seed))
    results = RECIPE / folder / "results.json"
    if not results.exists():
        command = [sys.executable, "train.py", comparison.hparams]
        command += [*common, f"--seed={seed}", f"--output_folder={folder}"]
        command += options_of(comparison, variant)
        log = RECIPE / folder.with_suffix(".log")  # a run's folder is its own
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "w", encoding="utf-8") as file:
            done = subprocess.run(
                [*command, "--noprogressbar"],
                cwd=RECIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            sys.exit(f"{variant}, seed {seed}: training failed; see {log}")
    return json.loads(results.read_text(encoding="utf-8"))


def row(
    name: str, options: Sequence[str], runs: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Returns mean and spread of a variant over its seeds.

    They are the student's by thinning, or, where none was trained, the
    teacher's at thinning 1.
    """
    stage = "student" if runs[0]["accuracy"] else "teacher"
    if stage == "student":
        valid = [r["valid_accuracy"] for r in runs]
        test = [r["accuracy"] for r in runs]
    else:
        valid = [{"1": r["teacher_valid_accuracy"]} for r in runs]
        test = [{"1": r["teacher_accuracy"]} for r in runs]
    by_thinning = {n: [each[n] for each in valid] for n in valid[0]}
    return {
        "name": name,
        "options": shlex.join(options),
        "seeds": [r["seed"] for r in runs],
        "epochs": runs[0]["epochs"][stage],
        "valid": by_thinning,
        "mean": {n: statistics.mean(v) for n, v in by_thinning.items()},
        "deviation": {n: _deviation(v) for n, v in by_thinning.items()},
        "test": {n: [each[n] for each in test] for n in test[0]},
        "test_clips": runs[0]["test_clips"],
        "macs": runs[0]["macs"].get("1", runs[0]["teacher_macs"]),
        "stored_bytes": runs[0]["stored_bytes"].get(
            "1", runs[0]["teacher_stored_bytes"]
        ),
        "seconds": [r["seconds"][stage] for r in runs],
        "commits": sorted({r["commit"] for r in runs}),
    }


def _deviation(values):
    return statistics.stdev(values) if len(values) > 1 else None


def compare(
    comparison: Comparison,
    variants: Sequence[str],
    seeds: Sequence[int],
    common: Sequence[str],
) -> Iterator[list[dict[str, Any]]]:
    """Yields the rows after each run; every variant has its turn in a round."""
    runs: dict[str, list[dict[str, Any]]] = {v: [] for v in variants}
    jobs = [(seed, variant) for seed in seeds for variant in variants]
    for seed, variant in tqdm(jobs, "training", unit="run"):
        runs[variant].append(run(comparison, variant, seed, common))
        yield [
            row(name, options_of(comparison, name), done)
            for name, done in runs.items()
            if done
        ]


def merged(
    comparison: Comparison, rows: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Returns the last row of each variant, in the order of the file.

    Example
    -------
    >>> both = Comparison("", "", [], {"a": [], "b": []})
    >>> rows = [{"name": "b", "seeds": [1]}, {"name": "a"}, {"name": "b"}]
    >>> merged(both, rows)
    [{'name': 'a'}, {'name': 'b'}]
    """
    last = {each["name"]: each for each in rows}
    return [last[name] for name in comparison.variants if name in last]


def main() -> None:
    """Compares, and writes the results after each run."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = sorted(path.stem for path in FILES.glob("*.yaml"))
    parser.add_argument("name", choices=names)
    parser.add_argument("--data_folder", required=True)
    parser.add_argument("--test_set", default="")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument(
        "--only", nargs="+", default=[""], help="parts of variants' names"
    )
    options = parser.parse_args()
    common = [
        f"--data_folder={Path(options.data_folder).absolute()}",
        f"--device={options.device}",
    ]
    if options.test_set:
        common.append(f"--test_set={Path(options.test_set).absolute()}")
    comparison = read(options.name)
    chosen = [
        variant
        for variant in comparison.variants
        if any(part in variant for part in options.only)
    ]
    path = RESULTS / f"{options.name}.json"
    earlier = json.loads(path.read_text("utf-8")) if path.exists() else []
    for rows in compare(comparison, chosen, options.seeds, common):
        kept = merged(comparison, [*earlier, *rows])
        path.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
