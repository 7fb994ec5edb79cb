"""The README's table: accuracy, false alarms, and the engine beside a peer."""

from benchmarks import THINNINGS
from benchmarks.harness.registry import titles
from benchmarks.reports.arm_tables import CORES
from benchmarks.reports.common import (
    conditions,
    header,
    load,
    load_run,
    not_measured,
    row,
)

PEER = "litert_int8"
PATHS = {
    "bifsmn_avx512vl": "AVX-512 and VNNI",
    "bifsmn_avx512vnni": "AVX-512 and VNNI",
    "bifsmn_avx512": "AVX-512",
    "bifsmn_avx2": "AVX2",
}


def summary_table(_: str) -> list[str]:
    """What a reader asks first, by thinning."""
    return [*_accuracy(), "", *_speed()]


def _accuracy():
    run, tuned = load_run("v1_subset_12"), load_run("det_v1_12")
    points = tuned["thinnings"]
    shares = " / ".join(f"{run['accuracy'][n]:.1f}" for n in THINNINGS)
    missed = " / ".join(
        f"{points[n]['rejects_percent']:.0f}" for n in THINNINGS
    )
    teacher = f"{run['teacher_accuracy']:.1f}"
    alarms = " / ".join(f"{points[n]['per_hour']:.0f}" for n in THINNINGS)
    thinnings = " / ".join(THINNINGS)
    return [
        *header("", f"1 bit, thinning {thinnings}", "full precision"),
        row(
            f"accuracy on the official test set of 12 classes "
            f"({run['test_clips']:,} clips), %",
            shares,
            teacher,
        ),
        row(
            "keywords missed, %, and false alarms in an hour of speech that "
            "never pauses",
            f"{missed}; {alarms}",
            "",
        ),
    ]


def _speed():
    r = load("engine")
    if PEER not in r.get("us", {}):
        return not_measured(r, "timings")
    ours = f"bifsmn_{r['isa']}"
    both = (ours, PEER)
    us, sizes, memory = r["us"], r["bytes"], r["memory"]
    lines = header("thinning 1", "engine", titles()[PEER])
    times = [f"{us[key]['1']:.1f}" for key in both]
    fastest = min((k for k in us if "int8" in k), key=lambda k: us[k]["1"])
    if fastest != PEER:
        times[1] += f" ({titles()[fastest]}: {us[fastest]['1']:.1f})"
    lines.append(row(f"x86-64 with {PATHS[ours]}: an inference, µs", *times))
    for core, cycles in r.get("arm_cycles", {}).items():
        peer = r["arm_peer_cycles"][core][PEER]
        counts = (f"{n['1'] / 1000:,.0f}" for n in (cycles, peer))
        title = f"{CORES[core]}: modelled cycles, thousands"
        lines.append(row(title, *counts))
    files = (f"{sizes[key]['1'] / 1000:,.0f}" for key in both)
    added = (f"{memory[key]['added_kib'] / 1024:.1f}" for key in both)
    lines += [row("file, kB", *files), row("memory, MB", *added)]
    return [*lines, "", conditions(r)]


def speed_up_table(_: str) -> list[str]:
    """The engine beside the full-precision network, as the paper counts."""
    r = load("engine")
    if "ratio_litert_fp32_full" not in r:
        return not_measured(r, "timings")
    thinnings = (f"thinning {n}" for n in THINNINGS)
    lines = header("speed-up beside LiteRT FP32 unthinned", *thinnings)
    ratios = r["ratio_litert_fp32_full"]
    lines.append(
        row(PATHS[f"bifsmn_{r['isa']}"], *(f"{ratios[n]:.1f}" for n in ratios))
    )
    peer = "litert_fp32_relu"
    for core, cycles in r.get("arm_cycles", {}).items():
        full = r["arm_peer_cycles"][core][peer]["1"]
        times = (f"{full / cycles[n]:.1f}" for n in THINNINGS)
        lines.append(row(f"{CORES[core]}, modelled", *times))
    return [*lines, "", conditions(r)]


TABLES = {"summary": summary_table, "speed_up": speed_up_table}
