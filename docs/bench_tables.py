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
        f"`{r['command']}` in `benchmarks`; {r['machine']['processor']}; "
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
