"""What a tuned operating point is worth, for people and for programs."""

import json
from numbers import Real
from pathlib import Path

import numpy as np

from speechbrain_bifsmn.files.json_object import read_object
from speechbrain_bifsmn.files.owned import owned_file
from speechbrain_bifsmn.inference.detector import SMOOTHINGS
from speechbrain_bifsmn.utils.intervals import (
    poisson_interval,
    wilson_interval,
)
from speechbrain_bifsmn.utils.plots import plot_operating_points
from speechbrain_bifsmn.utils.printable import printable

FILES = ("tune.json", "det.png", "keywords.png")


def figures(sweep, threshold):
    """Returns the figures of a ``Sweep`` at a threshold, for JSON.

    Arguments
    ---------
    sweep : Sweep
        The counts.
    threshold : float | array
        Where to take them; or [keywords].

    Returns
    -------
    dict
        Of all keywords; and by keyword, by stream of negative audio, and the
        confusions.
    """
    hours, each = sum(sweep.hours.values()), list(enumerate(sweep.keywords))
    thresholds = np.broadcast_to(threshold, len(each))
    rejects, alarms = sweep.at(thresholds)
    clips = [sweep.clips(k) for k, _ in each]
    confusions = sweep.confusions(thresholds)
    return {
        **_rates(sum(clips), rejects.sum(), alarms.sum(), hours),
        "hours": hours,
        "keywords": {
            name: _rates(clips[k], rejects[k], alarms[k], hours)
            for k, name in each
        },
        "negatives": {
            name: {
                "hours": sweep.hours[name],
                "false_alarms": int(
                    sum(sweep.alarms(thresholds[k], k, name) for k, _ in each)
                ),
            }
            for name in sweep.streams
        },
        "confusions": {
            said: {
                other: int(confusions[row, k])
                for k, other in each
                if k != row and confusions[row, k]
            }
            for row, said in each
        },
    }


def _rates(clips, rejects, alarms, hours):
    rates = {
        "clips": clips,
        "false_rejects": int(rejects),
        "false_alarms": int(alarms),
        "per_hour": alarms / hours,
        "per_hour_interval": poisson_interval(alarms, hours),
    }
    if clips:
        rates["rejects_percent"] = 100 * rejects / clips
        rates["rejects_interval"] = wilson_interval(rejects, clips)
    return rates


def curve(sweep, table):
    """Returns a ``Sweep``'s counts at each row of thresholds, for JSON.

    Arguments
    ---------
    sweep : Sweep
        The counts.
    table : numpy.ndarray
        [rows][keywords].

    Returns
    -------
    dict
        Of all keywords; by keyword too, where all have the same threshold.
    """
    rejects, alarms = sweep.at(table)
    counts = {
        "false_rejects": rejects.sum(1).tolist(),
        "false_alarms": alarms.sum(1).tolist(),
    }
    if (table != table[:, :1]).any():
        return counts
    counts["thresholds"] = table[:, 0].tolist()
    counts["keywords"] = {
        keyword: {
            "false_rejects": rejects[:, k].tolist(),
            "false_alarms": alarms[:, k].tolist(),
        }
        for k, keyword in enumerate(sweep.keywords)
    }
    return counts


def text(result):
    """Returns what ``tune`` found, to be read.

    Arguments
    ---------
    result : dict
        That of ``tune``.

    Returns
    -------
    str
    """
    wanted, chosen_on = result["wanted_per_hour"], result["chosen_on"]
    shared, own = result["shared"], result["own"]
    lines = [
        f"chosen for {wanted:g} false alarms per hour on {chosen_on['clips']} "
        f"clips and {chosen_on['hours']:.2f} h of negative audio"
    ]
    if result["figures_of"] == "choose":
        lines += ["the figures are of just these, and flatter"]
    lines += [
        "",
        f"threshold {shared_threshold(result):g}, smoothing "
        f"{shared['smoothing']}",
    ]
    for depth, found in shared["depths"].items():
        lines += [f"depth {depth}, {found['hours']:.2f} h:", *_table(found)]
    thresholds = [
        f"{printable(word)} {t:g}" for word, t in own["thresholds"].items()
    ]
    lines += [
        "",
        "a threshold for each keyword, which a model file does not hold: "
        + ", ".join(thresholds)
        + f"; smoothing {own['smoothing']}",
    ]
    for depth, found in own["depths"].items():
        _, clips, rejects, alarms, _ = _row("", found, {})
        lines += [
            f"depth {depth}: {rejects} % of {clips} clips rejected, {alarms} "
            "alarms per hour"
        ]
    return "\n".join(lines)


def read_own(path):
    """Reads what detectors take of ``tune.json``: a threshold for each keyword.

    Arguments
    ---------
    path : str | Path
        The file.

    Returns
    -------
    thresholds : dict of str to float
    smoothing : int
    """
    try:
        own = read_object(path)
        thresholds, smoothing = (
            own["own"]["thresholds"],
            own["own"]["smoothing"],
        )
        is_right = (
            type(smoothing) is int
            and smoothing in SMOOTHINGS
            and all(map(_is_posterior, thresholds.values()))
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        is_right = False
    if not is_right:
        raise ValueError(
            f"{path}: expected the tune.json that `bifsmn tune --out` writes, "
            "found something else"
        )
    return thresholds, smoothing


def _is_posterior(value):
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    return is_number and 0 <= value <= 1


def shared_threshold(result):
    """Returns the threshold that ``tune`` chose for all keywords."""
    return next(iter(result["shared"]["thresholds"].values()))


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


def between(value, interval):
    """Formats a figure with its 95 % interval."""
    return f"{value:.1f} ({interval[0]:.1f} to {interval[1]:.1f})"


def warning(result):
    """Returns what negative audio cannot tell, None where there is enough.

    Arguments
    ---------
    result : dict
        That of ``tune``.

    Returns
    -------
    str or None
    """
    chosen_on, wanted = result["chosen_on"], result["wanted_per_hour"]
    if chosen_on["enough"]:
        return None
    most = 3 / chosen_on["hours"]
    return (
        f"{chosen_on['hours']:.2f} h of negative audio are too short for "
        f"{wanted:g} false alarms per hour: even without any in them there "
        f"may be {most:.1f} per hour (95 %); {chosen_on['hours_needed']:.1f} h "
        "to choose, and as many to confirm, would do"
    )


def write(result, folder, command="tune"):
    """Writes ``tune.json`` and the curves, ``det.png`` and ``keywords.png``.

    Arguments
    ---------
    result : dict
        That of ``tune``.
    folder : str | Path
        Where to; it is made.
    command : str
        Whose folder it is, as of ``owned_file``.
    """
    data, det, keywords = (Path(folder) / name for name in FILES)
    with owned_file(data, command) as place:
        place.write_text(json.dumps(result) + "\n", encoding="utf-8")
    lines = {}
    for rule, name, style in (("shared", "", "-"), ("own", ", own", "--")):
        for row, (depth, point) in enumerate(result[rule]["depths"].items()):
            counts = result[rule]["curves"][depth]
            line = _line(counts, point, point["hours"])
            look = {"color": f"C{row}", "style": style}
            lines[f"depth {depth}{name}"] = line | look
    title = "one threshold, and (dashed) each keyword its own"
    with owned_file(det, command) as place:
        plot_operating_points(lines, place, title)
    depth, found = next(iter(result["shared"]["depths"].items()))
    counts = result["shared"]["curves"][depth]["keywords"]
    lines = {
        printable(word): _line(counts[word], point, found["hours"])
        for word, point in found["keywords"].items()
        if point["clips"]
    }
    title = f"keywords at depth {depth}, one threshold"
    with owned_file(keywords, command) as place:
        plot_operating_points(lines, place, title)


def _line(counts, point, hours):
    return counts | {"hours": hours, "clips": point["clips"], "point": point}
