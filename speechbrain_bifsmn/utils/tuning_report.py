"""What a tuned operating point is worth, for people and for programs."""

import json
from numbers import Real
from pathlib import Path

from speechbrain_bifsmn.files.checksum import sha256_of
from speechbrain_bifsmn.files.json_object import read_object
from speechbrain_bifsmn.files.owned import owned_file
from speechbrain_bifsmn.inference.detector import (
    REFRACTORY_S,
    SMOOTHINGS,
    check_refractory,
)
from speechbrain_bifsmn.utils.plots import plot_operating_points
from speechbrain_bifsmn.utils.printable import printable

FILES = ("tune.json", "det.png", "keywords.png")


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
    if result["refractory_s"] != REFRACTORY_S:
        seconds = f"{result['refractory_s']:g}"
        lines += [
            f"for a refractory time of {seconds} s, which a model file does "
            f"not hold: give --refractory {seconds} to `bifsmn listen`, or "
            "--tuned"
        ]
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
    refractory_s : float
        All three as ``KeywordStream`` takes them.
    """
    try:
        found = read_object(path)
        own, refractory_s = found["own"], found["refractory_s"]
        thresholds, smoothing = own["thresholds"], own["smoothing"]
        check_refractory(refractory_s)
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
    return thresholds, smoothing, refractory_s


def _is_posterior(value):
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    return is_number and 0 <= value <= 1


def mismatch(path, model, depth):
    """Returns what ``tune.json`` is of, where that is not how a model is run.

    Arguments
    ---------
    path : str | Path
        A file that ``read_own`` takes.
    model : Path
        The model file: that which was tuned, or what ``tune`` made of it.
    depth : int
        The depth setting.

    Returns
    -------
    str or None
    """
    tuned, found = read_object(path), []
    models = tuned.get("model_sha256"), tuned.get("tuned_sha256")
    if sha256_of(model) not in models:
        found.append("another model")
    depths = tuned["own"].get("depths", {})
    if str(depth) not in depths:
        found.append(f"depth {' and '.join(depths)}")
    if not found:
        return None
    return (
        f"{path}: expected thresholds for {model} at depth {depth}, found "
        f"those for {' at '.join(found)}; tune again to know what they are "
        "worth here"
    )


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
