"""The tables of training runs: accuracy, size, speed, operating points."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from benchmarks import THINNINGS
from benchmarks.reports.common import header, load, load_run, row


def accuracy(value: float, interval: Sequence[float]) -> str:
    """Formats an accuracy with its 95 % interval.

    Example
    -------
    >>> accuracy(93.04, (91.2, 94.5))
    '93.0 (91.2 to 94.5)'
    """
    return f"{value:.1f} ({interval[0]:.1f} to {interval[1]:.1f})"


def run_table(name: str) -> list[str]:
    """One run: teacher and student at each thinning, and how to repeat it."""
    r = load_run(name)
    teacher = r["teacher_stored_bytes"]
    lines = [
        "| network | accuracy, % (95 % interval) | stored, KiB | smaller "
        "| MACs | of them in one bit |",
        "|---|---|---|---|---|---|",
        "| full-precision teacher | "
        + accuracy(r["teacher_accuracy"], r["teacher_interval"])
        + f" | {teacher / 1024:.0f} | | {r['teacher_macs'] / 1e6:.2f} M | 0 |",
    ]
    for n in r["accuracy"]:  # none, of a teacher alone
        size = r["stored_bytes"][n]
        share = r["binary_macs"][n] / r["macs"][n]
        lines.append(
            f"| 1-bit, thinning {n} | "
            + accuracy(r["accuracy"][n], r["interval"][n])
            + f" | {size / 1024:.0f} | {teacher / size:.1f}x "
            f"| {r['macs'][n] / 1e6:.2f} M | {100 * share:.1f} % |"
        )
    seconds = sum(r["seconds"].values()) / 60
    exported, official = r.get("exported"), r.get("test_set")
    clips = f"clips of `{official}`" if official else "test clips"
    return [
        *lines,
        "",
        *(deployed_lines(exported, teacher) if exported else ()),
        f"{r['test_clips']:,} {clips}; `{r['command']}`; seed {r['seed']}; "
        f"commit {r['commit'][:12]}; {seconds:.0f} minutes of training.",
    ]


def deployed_lines(exported: Mapping[str, Any], teacher: int) -> list[str]:
    """What the rows of the student are of: the file for devices."""
    size = exported["bytes"]
    return [
        f"The 1-bit rows are of the deployed file ({size:,} bytes for all "
        f"thinnings, {teacher / size:.1f} times smaller than the teacher), "
        "which network and engine compute bit-exact.",
        "",
    ]


def students_table(name: str) -> list[str]:
    """Validation of each variant of a student, over its seeds."""
    thinnings = (f"thinning {n}" for n in THINNINGS)
    lines = header("variant", *thinnings, "seeds", "options")
    runs = load_run(name)
    for run in runs:
        cells = (_mean(run, n) for n in THINNINGS)
        seeds, options = len(run["seeds"]), f"`{run['options']}`"
        lines.append(row(run["name"], *cells, seeds, options))
    epochs = runs[0]["epochs"]
    return [*lines, "", f"{epochs} epochs each; commits {_commits(runs)}."]


def teachers_table(name: str) -> list[str]:
    """Validation and test of each variant of a teacher, over its seeds."""
    names = "variant", "validation, %", "test, %", "MACs", "epochs"
    lines = header(*names, "s an epoch", "options")
    runs = load_run(name)
    for run in runs:
        seconds = fmean(run["seconds"]) / run["epochs"]
        cells = (
            _mean(run, "1"),
            f"{fmean(run['test']['1']):.1f}",
            f"{run['macs'] / 1e6:.1f} M",
            run["epochs"],
            f"{seconds:.0f}",
            f"`{run['options']}`",
        )
        lines.append(row(run["name"], *cells))
    clips, seeds = runs[0]["test_clips"], runs[0]["seeds"]
    return [
        *lines,
        "",
        f"{clips:,} test clips; seeds {', '.join(map(str, seeds))}; commits "
        f"{_commits(runs)}.",
    ]


def _mean(run, thinning):
    spread = run["deviation"][thinning]
    spread = "" if spread is None else f" ± {spread:.1f}"
    return f"{run['mean'][thinning]:.1f}{spread}"


def _commits(runs):
    return ", ".join(sorted({c[:12] for run in runs for c in run["commits"]}))


def training_table(_: str) -> list[str]:
    """Time of a step and of an epoch, here and in the released code."""
    r = load("training")
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
        f"| speed-up | {r['objective_ratio']:.1f} (equal losses) | "
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


def det_table(name: str) -> list[str]:
    """False rejects and alarms at the chosen points, as ``tune`` found them."""
    r = load_run(name)
    lines = [
        "| thinning | rejected, % (95 % interval) "
        "| false alarms per hour (95 % interval) |",
        "|---|---|---|",
    ]
    for n, found in r["thinnings"].items():
        rejects, alarms = (
            accuracy(found[value], found[interval])
            for value, interval in (
                ("rejects_percent", "rejects_interval"),
                ("per_hour", "per_hour_interval"),
            )
        )
        lines.append(f"| {n} | {rejects} | {alarms} |")
    chosen_on, found = r["chosen_on"], next(iter(r["thinnings"].values()))
    minutes = ", ".join(
        f"{source} {60 * part['hours']:.0f}"
        for source, part in found["negatives"].items()
    )
    return [
        *lines,
        "",
        f"Chosen for {r['wanted_per_hour']:g} false alarms per hour on "
        f"{chosen_on['clips']} validation clips and {chosen_on['hours']:.1f} h "
        f"of negative audio, over {r['smoothing']} windows. The figures are of "
        f"{found['clips']} test clips and {found['hours']:.1f} h of other "
        f"negative audio (in minutes: {minutes}). `{r['command']}`; model "
        f"{r['model_sha256'][:12]}.",
    ]


TABLES = {
    "ablation": students_table,
    "scales": students_table,
    "clips": teachers_table,
    "front_end": teachers_table,
    "networks": teachers_table,
    "det_v1_12": det_table,
    "training": training_table,
}
