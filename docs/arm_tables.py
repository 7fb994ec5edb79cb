"""The tables of what ``make bench`` counts and models on 64-bit ARM."""

from bench_tables import DEPTHS, load, row, titles

CORES = {
    "cortex-a53": "Cortex-A53",
    "cortex-a72": "Cortex-A72",
    "neoverse-n1": "Neoverse N1",
    "cortex-a76": "Cortex-A76",
}
CORE = "cortex-a72"


def arm_instructions_table(_):
    """Instructions of an inference: the engine and every form of a peer."""
    r, names = load("engine"), titles()
    others = list(next(iter(r["arm_peers"].values())))
    others.remove(CORE)
    lines = [
        row(
            "thousands of instructions",
            *(f"depth {d}" for d in DEPTHS),
            *(f"depth 0 on {CORES[core]}" for core in others),
        ),
        "|---" * (4 + len(others)) + "|",
    ]
    ours = r["arm_instructions"]
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
    shown = ("0", "2")
    columns = [(core, depth) for core in r["arm_cycles"] for depth in shown]
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
    for form in next(iter(r["arm_peer_cycles"].values())):
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
    ours, peers = r["arm_loop"]["modelled_cycles_per_128"], r["arm_peer_loops"]
    lines = [
        row("cycles of 128 products, modelled", *(CORES[c] for c in peers)),
        "|---" * (1 + len(peers)) + "|",
        row("binary, ours", *(f"{ours[core]:.2f}" for core in peers)),
    ]
    for form in next(iter(peers.values())):
        cells = (
            f"{forms[form]['modelled_cycles_per_128']:.1f}"
            for forms in peers.values()
        )
        lines.append(row(names[form], *cells))
    return lines


TABLES = {
    "arm_instructions": arm_instructions_table,
    "arm": arm_table,
    "arm_loop": arm_loop_table,
}
