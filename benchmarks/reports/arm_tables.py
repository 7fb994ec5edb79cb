"""The tables of what ``make bench`` counts and models on 64-bit ARM."""

from collections.abc import Mapping
from typing import Any

from benchmarks import THINNINGS
from benchmarks.harness.registry import titles
from benchmarks.reports.common import header, load, not_measured, row

CORES = {
    "cortex-a53": "Cortex-A53",
    "cortex-a72": "Cortex-A72",
    "neoverse-n1": "Neoverse N1",
    "cortex-a76": "Cortex-A76",
}
CORE = "cortex-a72"


def first(by_name: Mapping[str, Any]) -> Any:
    """Returns what stands under any of the names, or nothing."""
    return next(iter(by_name.values()), {})


def arm_instructions_table(_: str) -> list[str]:
    """Instructions of an inference: the engine and every form of a peer."""
    r, names = load("engine"), titles()
    if "arm_instructions" not in r:
        return not_measured(r, "arm")
    ours, peers = r["arm_instructions"], r.get("arm_peers", {})
    if not ours:
        return [f"Not counted: {r['arm_note'].rstrip('.')}."]
    others = [core for core in first(peers) if core != CORE]
    lines = header(
        "thousands of instructions",
        *(f"thinning {n}" for n in THINNINGS),
        *(f"thinning 1 on {CORES[core]}" for core in others),
    )
    cells = [ours[n] for n in THINNINGS] + [ours["1"]] * len(others)
    lines.append(row("engine", *(f"{n / 1000:,.0f}" for n in cells)))
    full = sorted(peers.items(), key=lambda item: item[1][CORE]["1"])
    for form, found in full:
        cells = [found[CORE][n] for n in THINNINGS]
        cells += [found[core]["1"] for core in others]
        lines.append(row(names[form], *(f"{n / 1000:,.0f}" for n in cells)))
    for form, reason in r.get("arm_peers_missing", {}).items():
        blank = [""] * (3 + len(others))
        lines.append(row(f"{names[form]}: {reason}", *blank))
    return [
        *lines,
        "",
        f"As {CORES[CORE]} executes them, but for the last columns; "
        f"torch {r.get('arm_peers_torch')}. Commit "
        f"{r.get('arm_commit', r['commit'])[:12]}.",
    ]


def arm_table(_: str) -> list[str]:
    """Modelled cycles of an inference, and how many times the engine's."""
    r, names = load("engine"), titles()
    columns = [(c, n) for c in r.get("arm_cycles") or () for n in ("1", "4")]
    if not columns:
        return ["Not modelled."]
    lines = header(
        "thousands of cycles, modelled",
        *(f"{CORES[core]}, thinning {n}" for core, n in columns),
    )
    ours = (f"{r['arm_cycles'][c][n] / 1000:,.0f}" for c, n in columns)
    lines.append(row("engine", *ours))
    for form in first(r.get("arm_peer_cycles", {})):
        cells = []
        for core, n in columns:
            cycles = r["arm_peer_cycles"][core][form][n]
            times = cycles / r["arm_cycles"][core][n]
            cells.append(f"{cycles / 1000:,.0f} ({times:.1f})")
        lines.append(row(names[form], *cells))
    return [*lines, "", "In brackets: how many times the engine's."]


def arm_loop_table(_: str) -> list[str]:
    """Modelled cycles of the innermost loops."""
    r, names = load("engine"), titles()
    ours = (r.get("arm_loop") or {}).get("modelled_cycles_per_128")
    if not ours:
        return ["Not modelled."]
    peers = r.get("arm_peer_loops", {})
    lines = header(
        "cycles of 128 products, modelled", *(CORES[c] for c in ours)
    )
    lines.append(row("binary, ours", *(f"{n:.2f}" for n in ours.values())))
    for form in first(peers):
        cells = (
            f"{peers[core][form]['modelled_cycles_per_128']:.1f}"
            for core in ours
        )
        lines.append(row(names[form], *cells))
    return lines


TABLES = {
    "arm_instructions": arm_instructions_table,
    "arm": arm_table,
    "arm_loop": arm_loop_table,
}
