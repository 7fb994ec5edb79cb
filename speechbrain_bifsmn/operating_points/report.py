"""The report of a tuned operating point: text, ``tune.json`` and curves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bifsmn_engine.detection import REFRACTORY_S
from bifsmn_engine.printable import printable
from speechbrain_bifsmn.evaluation.plots import plot_operating_points
from speechbrain_bifsmn.files.owned import owned_file

FILES = ("tune.json", "det.png", "keywords.png")


def text(result: Mapping[str, Any]) -> str:
    """Formats an operating point for the screen.

    Arguments
    ---------
    result : dict
        What ``tune`` returned.

    Returns
    -------
    str
    """
    wanted, chosen_on = result["wanted_per_hour"], result["chosen_on"]
    lines = [
        f"chosen for {wanted:g} false alarms per hour on {chosen_on['clips']} "
        f"clips and {chosen_on['hours']:.2f} h of negative audio"
    ]
    if result["figures_of"] == "choose":
        lines += ["the figures are of these too, and hence optimistic"]
    if result["refractory_s"] != REFRACTORY_S:
        seconds = f"{result['refractory_s']:g}"
        lines += [
            f"for a refractory time of {seconds} s, which a model file does "
            f"not hold: give --refractory {seconds} to `bifsmn listen`"
        ]
    lines += [
        "",
        f"smoothing {result['smoothing']}; thresholds: "
        + thresholds_text(result["thresholds"]),
    ]
    for thinning, found in result["thinnings"].items():
        lines += [
            f"thinning {thinning}, {found['hours']:.2f} h:",
            *_table(found),
            *_at_rates(result["rates"][thinning]),
        ]
        if thinning in result["noise"]:
            lines += [
                f"thinning {thinning}, clips in noise {result['snr_db']:g} dB "
                "below them:",
                *_table(result["noise"][thinning]),
            ]
    return "\n".join(lines)


def thresholds_text(thresholds: Mapping[str, float]) -> str:
    """Formats the thresholds of keywords.

    Example
    -------
    >>> thresholds_text({"yes": 0.5, "no": 0.75})
    'yes 0.5, no 0.75'
    """
    return ", ".join(f"{printable(w)} {p:g}" for w, p in thresholds.items())


def _at_rates(rates):
    for rate, found in rates.items():
        missed = between(found["rejects_percent"], found["rejects_interval"])
        yield f"{missed} % rejected at {rate} false alarms per hour"


def _table(found):
    rows = [("", "clips", "rejected, %", "alarms per hour", "taken for")]
    rows += [
        _row(name, rates, found["confusions"][name])
        for name, rates in found["keywords"].items()
    ]
    rows += [_row("all", found, {})]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, widths, strict=True)
        yield "  ".join(cell.ljust(width) for cell, width in cells).rstrip()


def _row(name, rates, confusions):
    rejected = "-"
    if rates["clips"]:
        rejected = between(rates["rejects_percent"], rates["rejects_interval"])
    others = ", ".join(
        f"{printable(other)} {n}" for other, n in confusions.items()
    )
    alarms = between(rates["per_hour"], rates["per_hour_interval"])
    return printable(name), str(rates["clips"]), rejected, alarms, others


def between(value: float, interval: Sequence[float]) -> str:
    """Formats a figure with its 95 % interval."""
    return f"{value:.1f} ({interval[0]:.1f} to {interval[1]:.1f})"


def warning(result: Mapping[str, Any]) -> str | None:
    """Warns of too little negative audio for the wanted rate.

    Arguments
    ---------
    result : dict
        What ``tune`` returned.

    Returns
    -------
    str or None
        The sentence; None where there is enough audio.
    """
    chosen_on, wanted = result["chosen_on"], result["wanted_per_hour"]
    if chosen_on["enough"]:
        return None
    upper = 3 / chosen_on["hours"]  # the rule of three
    return (
        f"{chosen_on['hours']:.2f} h of negative audio are too short for "
        f"{wanted:g} false alarms per hour: even without any in them there "
        f"may be {upper:.1f} per hour (95 %); take "
        f"{chosen_on['hours_needed']:.1f} h to choose, and as many to confirm"
    )


def write(
    result: Mapping[str, Any], folder: str | Path, command: str = "tune"
) -> None:
    """Writes ``tune.json`` and the curves, ``det.png`` and ``keywords.png``.

    Arguments
    ---------
    result : dict
        What ``tune`` returned.
    folder : str | Path
        Where to; it is made.
    command : str
        The command that owns the folder, and alone may replace these files.
    """
    data, det, keywords = (Path(folder) / name for name in FILES)
    with owned_file(data, command) as place:
        place.write_text(json.dumps(result) + "\n", encoding="utf-8")
    lines = {
        f"thinning {thinning}": _line(
            result["curves"][thinning], point, point["hours"]
        )
        for thinning, point in result["thinnings"].items()
    }
    with owned_file(det, command) as place:
        plot_operating_points(lines, place)
    thinning, found = next(iter(result["thinnings"].items()))
    counts = result["curves"][thinning]["keywords"]
    lines = {
        printable(word): _line(counts[word], point, found["hours"])
        for word, point in found["keywords"].items()
        if point["clips"]
    }
    title = f"keywords at thinning {thinning}"
    with owned_file(keywords, command) as place:
        plot_operating_points(lines, place, title)


def _line(counts, point, hours):
    return counts | {"hours": hours, "clips": point["clips"], "point": point}
