"""The tables of what ``make bench`` measures."""

from benchmarks import THINNINGS
from benchmarks.harness.registry import titles
from benchmarks.reports.common import (
    conditions,
    header,
    load,
    not_measured,
    row,
)


def peers_table(_: str) -> list[str]:
    """Every backend: time, audio to decision, file, memory, mismatches."""
    r = load("engine")
    if "us" not in r:
        return not_measured(r, "timings")
    lines = header(
        "",
        *(f"thinning {n}, µs" for n in THINNINGS),
        "audio to decision, µs",
        "file, kB",
        "memory, MB",
        "prediction mismatches",
    )
    names = titles()
    keys = [key for key in r["us"] if key in r["checks"]]
    for key in sorted(keys, key=lambda key: r["us"][key]["1"]):
        audio, checks = r["audio_us"].get(key, {}).get("1"), r["checks"][key]
        mismatches = [checks[n]["prediction_mismatches"] for n in THINNINGS]
        size = r.get("bytes", {}).get(key)
        memory = r.get("memory", {}).get(key)
        lines.append(
            row(
                names[key],
                *(f"{r['us'][key][n]:.1f}" for n in THINNINGS),
                f"{audio:.0f}" if audio else "",
                f"{size['1'] / 1000:,.0f}" if size else "",
                f"{memory['added_kib'] / 1024:.1f}" if memory else "",
                " / ".join(str(count) for count in mismatches),
            )
        )
    for key, reason in r["missing"].items():
        lines.append(row(f"{names[key]}: missing ({reason})", *[""] * 7))
    n = r["n"]
    return [
        *lines,
        "",
        f"Medians of {n['processes']} processes of {n['calls']} calls, all "
        "backends in turns, one thread, batch 1. Audio to decision, file and "
        "memory: thinning 1; the engine's file holds all thinnings, the "
        "others' one. Memory: what loading and running added to a process of "
        "Python. Prediction mismatches with the source model, by thinning: of "
        f"{r['compared_on']}. " + conditions(r),
    ]


def scaling_table(_: str) -> list[str]:
    """What was fitted to the cost curves."""
    r, named = load("scaling"), {"bifsmn": "engine, 1 bit"}
    if "fits" not in r:
        return not_measured(r, "curves")
    fits, curves = r["fits"], r["curves"]
    lines = header(
        "",
        "batch of 64, µs a clip",
        "each block, µs",
        "fixed, µs",
        "exponent of channels",
        "two threads, speed-up",
    )
    keys = sorted(
        fits["layers"], key=lambda key: fits["layers"][key]["us_each"]
    )
    for key in keys:
        numbers = "int8" if "int8" in key else "FP32"
        title = named.get(key, f"{r['titles'][key]} {numbers}")
        power, block = fits["channels"][key], fits["layers"][key]
        batch, threads = curves["batch"], fits["threads"][key]["speed_up"]
        clip = batch["median"][key][-1] / batch["sizes"][-1]
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
    for key, reason in r["missing"].items():
        title = titles().get(key, key)
        lines.append(row(f"{title}: missing ({reason})", *[""] * 5))
    n = r["n"]
    return [
        *lines,
        "",
        f"Medians of {n['processes']} processes, in turns; {conditions(r)}",
    ]


def streams_table(_: str) -> list[str]:
    """CPU seconds per hour of audio, by backend and thinning."""
    r, names = load("streaming"), titles()
    names["keyword_spotter_torch"] = "KeywordSpotter, torch"
    names["pymicro_wakeword"] = "pymicro-wakeword, one keyword"
    if "cpu_s_per_hour" not in r:
        return not_measured(r, "timings")
    lines = header(
        "CPU seconds per hour",
        *(f"thinning {n}" for n in THINNINGS),
        "front end shared: thinning 1",
        "memory, MB",
    )
    streams = r["cpu_s_per_hour"]["stream"]
    shared = r["cpu_s_per_hour"]["front_end_shared"]
    for key in sorted(
        streams, key=lambda key: next(iter(streams[key].values()))
    ):
        found = streams[key]
        if "any" in found:  # it has no thinnings
            found = {"1": found["any"]}
        cells = [f"{found[n]:.1f}" if n in found else "" for n in THINNINGS]
        with_ours = shared.get(key, {}).get("1")
        memory = r.get("memory", {}).get(key)
        lines.append(
            row(
                names.get(key, key),
                *cells,
                f"{with_ours:.1f}" if with_ours else "",
                f"{memory['peak_kib'] / 1024:.0f}" if memory else "",
            )
        )
    lines += [
        row(f"{names.get(key, key)}: missing ({reason})", *[""] * 5)
        for key, reason in r["missing"].items()
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
    "scaling": scaling_table,
    "streams": streams_table,
}
