"""The tables of what ``make bench`` measures."""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
DEPTHS = ("0", "1", "2")
sys.path.insert(0, str(ROOT / "benchmarks"))
from peers.registry import titles  # noqa: E402


def load(name):
    """Returns one results file of a benchmark."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def conditions(r):
    """Says what the figures were measured on, and how to repeat it."""
    return (
        f"`{r['command']}`; {r['machine']['processor']}; "
        f"commit {r['commit'][:12]}."
    )


def row(*cells):
    """Returns a line of a table."""
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def peers_table(_):
    """Every side: time, audio to decision, file, memory, decisions."""
    r = load("engine")
    lines = [
        row(
            "",
            *(f"depth {d}, us" for d in DEPTHS),
            "audio to decision, us",
            "file, kB",
            "memory, MB",
            "other decisions",
        ),
        "|---" * 8 + "|",
    ]
    names = titles()
    sides = [name for name in r["us"] if name in r["checks"]]
    for name in sorted(sides, key=lambda side: r["us"][side]["0"]):
        audio = r["audio_us"].get(name, {}).get("0")
        checks = [r["checks"][name][d]["other_decisions"] for d in DEPTHS]
        lines.append(
            row(
                names[name],
                *(f"{r['us'][name][d]:.1f}" for d in DEPTHS),
                f"{audio:.0f}" if audio else "",
                f"{r['bytes'][name]['0'] / 1000:,.0f}",
                f"{r['memory'][name]['added_kib'] / 1024:.1f}",
                " / ".join(str(n) for n in checks),
            )
        )
    for name, reason in r["missing"].items():
        lines.append(row(f"{names[name]}: missing ({reason})", *[""] * 7))
    n = r["n"]
    return [
        *lines,
        "",
        f"Medians of {n['processes']} processes of {n['calls']} calls, all "
        "sides in turns, one thread, batch 1. Audio to decision, file and "
        "memory: depth 0; the engine's file holds all depths, the others' one. "
        f"Memory: what loading and running added to a process of Python. Other "
        f"decisions than the source model's, by depth: of {r['compared_on']}. "
        + conditions(r),
    ]


def goals_table(_):
    """What the engine was to reach, and what it reaches."""
    r = load("engine")
    full = (r["ratio_litert_fp32_full"] or {}).get("2")
    int8 = (r["ratio_litert_int8"] or {}).get("0")
    audio, size = r["audio_to_decision_us"]["0"], r["file_bytes"]
    vectors = (r.get("arm_loop") or {}).get("vector_per_128")
    goals = (
        ("depth 0, times as fast as LiteRT int8", 3, int8, "{:.2f}", True),
        ("depth 2, times as fast as LiteRT FP32", 25.1, full, "{:.1f}", True),
        ("a second of audio to decision, us", 150, audio, "{:.0f}", False),
        ("file of 12 classes, bytes", 117_000, size, "{:,}", False),
        ("the same, better", 100_000, size, "{:,}", False),
        ("ARMv8, vector instructions", 3.25, vectors, "{:.2f}", False),
    )
    lines = ["| | goal | measured | |", "|---|---|---|---|"]
    for name, goal, found, form, more in goals:
        goal_said = f"{'≥' if more else '≤'} {form.format(goal)}"
        if found is None:
            lines.append(row(name, goal_said, "not measured", ""))
            continue
        met = found >= goal if more else found <= goal
        word = "met" if met else "not met"
        lines.append(row(name, goal_said, form.format(found), word))
    return lines


def scaling_table(_):
    """What was fitted to the cost curves."""
    r, named = load("scaling"), {"bifsmn": "engine, 1 bit"}
    fits, curves = r["fits"], r["curves"]
    lines = [
        row(
            "",
            "batch of 64, us a clip",
            "each block, us",
            "fixed, us",
            "exponent of channels",
            "two threads, times the clips",
        ),
        "|---" * 6 + "|",
    ]
    sides = sorted(
        fits["layers"], key=lambda side: fits["layers"][side]["us_each"]
    )
    for side in sides:
        numbers = "int8" if "int8" in side else "FP32"
        title = named.get(side, f"{r['titles'][side]} {numbers}")
        power, block = fits["channels"][side], fits["layers"][side]
        batch, threads = curves["batch"], fits["threads"][side]["speed_up"]
        clip = batch["median"][side][-1] / batch["sizes"][-1]
        lines.append(
            row(
                title,
                f"{clip:.1f}",
                f"{block['us_each']:.2f}",
                f"{block['us_fixed']:.1f}",
                f"{power['exponent']:.2f} ± {power['error']:.2f}",
                f"{threads['2']:.2f}" if "2" in threads else "",
            )
        )
    for name, reason in r["missing"].items():
        title = titles().get(name, name)
        lines.append(row(f"{title}: missing ({reason})", *[""] * 5))
    n = r["n"]
    return [
        *lines,
        "",
        f"Medians of {n['processes']} processes, in turns; {conditions(r)}",
    ]


def streams_table(_):
    """Processor seconds of an hour of audio, by side and depth setting."""
    r, names = load("streaming"), titles()
    names["keyword_spotter_torch"] = "KeywordSpotter, torch"
    names["pymicro_wakeword"] = "pymicro-wakeword, one keyword"
    lines = [
        row(
            "processor seconds an hour",
            *(f"depth {d}" for d in DEPTHS),
            "front end shared: depth 0",
            "memory, MB",
        ),
        "|---" * 6 + "|",
    ]
    streams = r["cpu_s_per_hour"]["stream"]
    shared = r["cpu_s_per_hour"]["front_end_shared"]
    for name in sorted(
        streams, key=lambda side: next(iter(streams[side].values()))
    ):
        by_depth = streams[name]
        if "any" in by_depth:  # it has no depth settings
            by_depth = {"0": by_depth["any"]}
        cells = [f"{by_depth[d]:.1f}" if d in by_depth else "" for d in DEPTHS]
        with_ours = shared.get(name, {}).get("0")
        lines.append(
            row(
                names.get(name, name),
                *cells,
                f"{with_ours:.1f}" if with_ours else "",
                f"{r['memory'][name]['peak_kib'] / 1024:.0f}",
            )
        )
    lines += [
        row(f"{names.get(name, name)}: missing ({reason})", *[""] * 5)
        for name, reason in r["missing"].items()
    ]
    n = r["n"]
    return [
        *lines,
        "",
        f"Medians of {n['processes']} processes, in turns. Memory: the highest "
        f"of a process of Python. {conditions(r)}",
    ]


TABLES = {
    "peers": peers_table,
    "goals": goals_table,
    "scaling": scaling_table,
    "streams": streams_table,
}
