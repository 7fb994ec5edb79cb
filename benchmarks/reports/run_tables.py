#!/usr/bin/env python3
"""Writes the tables of README and docs, and plots, from results files.

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``. With
``--check`` nothing is written, and what is out of date is an error.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import arm_tables
import bench_plots
import bench_tables

ROOT = Path(__file__).resolve().parents[1]
FILES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"(<!-- table: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
DEPTHS = ("0", "1", "2")


def load(name, folder="docs"):
    """Returns one results file."""
    path = ROOT / folder / "results" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def accuracy(value, interval):
    """Formats an accuracy with its 95 % interval."""
    return f"{value:.1f} ({interval[0]:.1f} to {interval[1]:.1f})"


def run_table(name):
    """One run: teacher and student at each depth, and how to repeat it."""
    r = load(name)
    teacher = r["teacher_stored_bytes"]
    lines = [
        "| network | accuracy, % (95 % interval) | stored, KiB | smaller "
        "| MACs | of them in one bit |",
        "|---|---|---|---|---|---|",
        "| full-precision teacher | "
        + accuracy(r["teacher_accuracy"], r["teacher_interval"])
        + f" | {teacher / 1024:.0f} | | {r['teacher_macs'] / 1e6:.2f} M | 0 |",
    ]
    for depth in DEPTHS:
        size = r["stored_bytes"][depth]
        share = r["binary_macs"][depth] / r["macs"][depth]
        lines.append(
            f"| 1-bit, depth {depth} | "
            + accuracy(r["accuracy"][depth], r["interval"][depth])
            + f" | {size / 1024:.0f} | {teacher / size:.1f}x "
            f"| {r['macs'][depth] / 1e6:.2f} M | {100 * share:.1f} % |"
        )
    seconds = sum(r["seconds"].values()) / 60
    exported = r.get("exported")
    return [
        *lines,
        "",
        *(deployed_lines(exported, teacher) if exported else ()),
        f"{r['test_clips']} test clips; `{r['command']}`; seed {r['seed']}; "
        f"commit {r['commit'][:12]}; {seconds:.0f} minutes of training.",
    ]


def deployed_lines(exported, teacher):
    """What the rows of the student are of: the file for devices."""
    graph = ", ".join(
        f"{value:.1f} at depth {depth} ({changed} other decisions)"
        for (depth, value), changed in zip(
            exported["training_graph_accuracy"].items(),
            exported["changed_decisions"].values(),
            strict=True,
        )
    )
    size = exported["bytes"]
    return [
        f"The 1-bit rows are of the deployed file ({size:,} bytes for all "
        f"depths, {teacher / size:.1f} times smaller than the teacher), which "
        f"the engine runs with the same bits. Its training graph, before "
        f"rounding: {graph}.",
        "",
    ]


def comparison_table(_):
    """The comparison of scales, planes and rates, one run a row."""
    runs = load("comparison")
    columns = ["run", *(f"depth {d}" for d in DEPTHS), "options", "commit"]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for run in runs:
        valid = " | ".join(f"{run['valid'][d]:.1f}" for d in DEPTHS)
        lines.append(
            f"| {run['name']} | {valid} | `{run['options']}` "
            f"| {run['commit'][:12]} |"
        )
    return lines


def ablation_table(_):
    """Mean and spread of each variant of the training, over its seeds."""
    columns = ["variant", *(f"depth {d}" for d in DEPTHS), "seeds", "options"]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    runs = load("ablation")
    for run in runs:
        cells = []
        for depth in DEPTHS:
            spread = run["deviation"][depth]
            spread = "" if spread is None else f" ± {spread:.1f}"
            cells.append(f"{run['mean'][depth]:.1f}{spread}")
        lines.append(
            f"| {run['name']} | {' | '.join(cells)} | {len(run['seeds'])} "
            f"| `{run['options']}` |"
        )
    commits = sorted({c[:12] for run in runs for c in run["commits"]})
    epochs = runs[0]["epochs"]
    return [*lines, "", f"{epochs} epochs each; commits {', '.join(commits)}."]


def training_table(_):
    """Time of a step and of an epoch, both sides of the benchmark."""
    r = load("training", "benchmarks")
    step, epoch, memory = r["objective"], r["epoch"], r["peak_memory_mb"]

    def spread(times, unit):
        low, middle, high = (
            times[key] / unit for key in ("p10_ms", "median_ms", "p90_ms")
        )
        return f"{middle:.3g} ({low:.3g} to {high:.3g})"

    clips = f"epoch of {r['epoch_clips']:,} clips, s"
    lines = [
        f"| | step of {r['batch']} clips, ms | peak memory, MB | {clips} |",
        "|---|---|---|---|",
        f"| released code's computation | {spread(step['released'], 1)} "
        f"| {memory['released']} | {spread(epoch['released'], 1000)} |",
        f"| here, equal losses | {spread(step['equal'], 1)} "
        f"| {memory['equal']} | |",
        f"| here, the recipe | {spread(step['default'], 1)} "
        f"| {memory['default']} | {spread(epoch['default'], 1000)} |",
        f"| times as fast | {r['objective_ratio']:.1f} (equal losses) | "
        f"| {r['epoch_ratio']:.1f} |",
    ]
    return [
        *lines,
        "",
        f"Medians of {step['released']['n']} steps and "
        f"{epoch['released']['n']} epochs, in turns (10 % to 90 %); "
        f"{r['threads']} threads of {r['machine']['processor']}, torch "
        f"{r['versions']['torch']}; `{r['command']}`; commit "
        f"{r['commit'][:12]}.",
    ]


def rounding_table(_):
    """Size, accuracy and changed decisions by bits of what is rounded."""
    runs = load("rounding")
    columns = ["bits", "bytes", *(f"depth {d}, % (changed)" for d in DEPTHS)]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    graph = runs[0]["exported"]["training_graph_accuracy"]
    cells = " | ".join(f"{graph[d]:.1f}" for d in DEPTHS)
    lines.append(f"| not rounded (training graph) | | {cells} |")
    for r in runs:
        e = r["exported"]
        cells = " | ".join(
            f"{r['accuracy'][d]:.1f} ({e['changed_decisions'][d]})"
            for d in DEPTHS
        )
        lines.append(f"| {r['bits']} | {e['bytes']:,} | {cells} |")
    clips, commit = runs[0]["test_clips"], runs[0]["commit"][:12]
    return [*lines, "", f"{clips} test clips; commit {commit}."]


def det_table(name):
    """False rejects and alarms at the chosen points, as ``tune`` found them."""
    r = load(name)
    lines = [
        "| thresholds | depth | rejected, % (95 % interval) "
        "| false alarms per hour (95 % interval) |",
        "|---|---|---|---|",
    ]
    for rule, kind in (("shared", "one for all"), ("own", "one a keyword")):
        for depth, found in r[rule]["depths"].items():
            rejects, alarms = (
                accuracy(found[value], found[interval])
                for value, interval in (
                    ("rejects_percent", "rejects_interval"),
                    ("per_hour", "per_hour_interval"),
                )
            )
            lines.append(f"| {kind} | {depth} | {rejects} | {alarms} |")
    shared, own, chosen_on = r["shared"], r["own"], r["chosen_on"]
    threshold = next(iter(shared["thresholds"].values()))
    found = next(iter(shared["depths"].values()))
    minutes = ", ".join(
        f"{source} {60 * part['hours']:.0f}"
        for source, part in found["negatives"].items()
    )
    return [
        *lines,
        "",
        f"Chosen for {r['wanted_per_hour']:g} false alarms per hour on "
        f"{chosen_on['clips']} validation clips and {chosen_on['hours']:.1f} h "
        f"of negative audio: threshold {threshold:g} over "
        f"{shared['smoothing']} windows; each keyword its own, over "
        f"{own['smoothing']}. The figures are of {found['clips']} test clips "
        f"and {found['hours']:.1f} h of other negative audio (in minutes: "
        f"{minutes}). `{r['command']}`; model {r['model_sha256'][:12]}.",
    ]


TABLES = {
    "ablation": ablation_table,
    "det_v1_12": det_table,
    "comparison": comparison_table,
    "rounding": rounding_table,
    "training": training_table,
    **bench_tables.TABLES,
    **arm_tables.TABLES,
}


def filled(text):
    """Returns a page with its tables made anew."""

    def table(match):
        lines = TABLES.get(match[2], run_table)(match[2])
        return match[1] + "\n".join(lines) + "\n" + match[4]

    return BLOCK.sub(table, text)


def main():
    """Writes or checks the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    for path in FILES:
        before = path.read_text(encoding="utf-8")
        after = filled(before)
        if before == after:
            continue
        if check:
            sys.exit(f"{path.name}: tables are out of date; run make tables")
        path.write_text(after, encoding="utf-8")
    for name in bench_plots.stale():
        if check:
            sys.exit(f"{name}.png: is out of date; run make tables")
        bench_plots.draw(name)


if __name__ == "__main__":
    main()
