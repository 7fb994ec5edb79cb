"""The tables of what ``make bench`` counts and models on 64-bit ARM."""

from bench_tables import DEPTHS, load, row, titles

CORES = {
    "cortex-a53": "Cortex-A53",
    "cortex-a72": "Cortex-A72",
    "neoverse-n1": "Neoverse N1",
    "cortex-a76": "Cortex-A76",
}
CORE = "cortex-a72"


def first(by_name):
    """Returns what stands under any of the names, or nothing."""
    return next(iter(by_name.values()), {})


def arm_instructions_table(_):
    """Instructions of an inference: the engine and every form of a peer."""
    r, names = load("engine"), titles()
    ours = r["arm_instructions"]
    if not ours:
        return [f"Not counted: {r['arm_note']}."]
    others = [core for core in first(r["arm_peers"]) if core != CORE]
    lines = [
        row(
            "thousands of instructions",
            *(f"depth {d}" for d in DEPTHS),
            *(f"depth 0 on {CORES[core]}" for core in others),
        ),
        "|---" * (4 + len(others)) + "|",
    ]
    cells = [ours[d] for d in DEPTHS] + [ours["0"]] * len(others)
    lines.append(row("engine", *(f"{n / 1000:,.0f}" for n in cells)))
    full = sorted(r["arm_peers"].items(), key=lambda item: item[1][CORE]["0"])
    for form, found in full:
        cells = [found[CORE][d] for d in DEPTHS]
        cells += [found[core]["0"] for core in others]
        lines.append(row(names[form], *(f"{n / 1000:,.0f}" for n in cells)))
    for form, reason in r["arm_peers_missing"].items():
        blank = [""] * (3 + len(others))
        lines.append(row(f"{names[form]}: {reason}", *blank))
    return [
        *lines,
        "",
        f"As {CORES[CORE]} executes them, but for the last columns; "
        f"torch {r['arm_peers_torch']}. Commit "
        f"{r.get('arm_commit', r['commit'])[:12]}.",
    ]


def arm_table(_):
    """Modelled cycles of an inference, and how many times the engine's."""
    r, names = load("engine"), titles()
    columns = [(c, d) for c in r.get("arm_cycles") or () for d in ("0", "2")]
    if not columns:
        return ["Not modelled."]
    lines = [
        row(
            "thousands of cycles, modelled",
            *(f"{CORES[core]}, depth {depth}" for core, depth in columns),
        ),
        "|---" * (1 + len(columns)) + "|",
        row(
            "engine",
            *(f"{r['arm_cycles'][c][d] / 1000:,.0f}" for c, d in columns),
        ),
    ]
    for form in first(r.get("arm_peer_cycles", {})):
        cells = []
        for core, depth in columns:
            cycles = r["arm_peer_cycles"][core][form][depth]
            times = cycles / r["arm_cycles"][core][depth]
            cells.append(f"{cycles / 1000:,.0f} ({times:.1f})")
        lines.append(row(names[form], *cells))
    return [*lines, "", "In brackets: how many times the engine's."]


def arm_loop_table(_):
    """Modelled cycles of the innermost loops."""
    r, names = load("engine"), titles()
    ours = (r.get("arm_loop") or {}).get("modelled_cycles_per_128")
    if not ours:
        return ["Not modelled."]
    peers = r.get("arm_peer_loops", {})
    lines = [
        row("cycles of 128 products, modelled", *(CORES[c] for c in ours)),
        "|---" * (1 + len(ours)) + "|",
        row("binary, ours", *(f"{cycles:.2f}" for cycles in ours.values())),
    ]
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
