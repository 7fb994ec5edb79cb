"""The plots of what ``make bench`` measures.

Each PNG says in its metadata of which results file it is, by that file's
SHA-256, so that a plot that is out of date can be told.
"""

import hashlib
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks import RESULTS
from benchmarks.harness.registry import titles
from benchmarks.reports import scaling_plot
from benchmarks.reports.common import RUNS, load
from speechbrain_bifsmn.evaluation.plots import figure_class
from speechbrain_bifsmn.files.atomic import atomic_write

FOLDER = RUNS
KEY = "Source"
COLOURS = {"1": "#1f4e79", "2": "#4a90c2", "4": "#a8cce4"}


def draw_peers(figure: Any) -> None:
    """Draws a bar for each backend and thinning, on a logarithmic axis."""
    r, names = load("engine"), titles()
    keys = [key for key in r["us"] if key in r["checks"]]
    keys.sort(key=lambda key: r["us"][key]["1"], reverse=True)
    figure.set_size_inches(8, 1 + 0.36 * len(keys))
    axes = figure.add_subplot()
    for at, (thinning, colour) in enumerate(COLOURS.items()):
        us = [r["us"][key][thinning] for key in keys]
        low, high = zip(
            *(r["us_p10_p90"][key][thinning] for key in keys), strict=True
        )
        # A median can lie outside only by rounding.
        below = [max(u - x, 0) for u, x in zip(us, low, strict=True)]
        above = [max(x - u, 0) for u, x in zip(us, high, strict=True)]
        axes.barh(
            [place + 0.25 * (1 - at) for place in range(len(keys))],
            us,
            0.25,
            xerr=(below, above),
            error_kw={"elinewidth": 0.8},
            color=colour,
            label=f"thinning {thinning}",
        )
    axes.set_yticks(range(len(keys)), [names[key] for key in keys])
    axes.set_xscale("log")
    axes.set_xlim(left=1)
    axes.set_xlabel("µs for a second of audio, features to logits")
    axes.grid(axis="x", which="both", linewidth=0.3)
    axes.set_axisbelow(True)
    axes.legend(loc="upper right")


def draw_scaling(figure: Any) -> None:
    """Draws the curves of batches, threads, blocks and channels."""
    scaling_plot.draw(figure, load("scaling"))


# Results file, the part of it that is drawn, and what draws it.
PLOTS = {
    "peers": ("engine", "us", draw_peers),
    "scaling": ("scaling", "fits", draw_scaling),
}


def digest(results: str) -> str:
    """Returns what identifies a results file."""
    content = (RESULTS / f"{results}.json").read_bytes()
    return hashlib.sha256(content).hexdigest()


def stale() -> list[str]:
    """Returns the names of the plots that are not of the present results.

    Where results lack what is drawn, the plot stays as it is.
    """
    return [
        name
        for name, (results, part, _) in PLOTS.items()
        if source_of(FOLDER / f"{name}.png") != digest(results)
        and part in load(results)
    ]


def source_of(path: Path) -> str | None:
    """Returns the digest that a plot carries, or None."""
    if not path.exists():
        return None
    with Image.open(path) as image:
        return image.info.get(KEY)


def draw(name: str) -> None:
    """Draws a plot of the present results."""
    results, _, fill = PLOTS[name]
    figure = figure_class()(dpi=110, layout="constrained")
    fill(figure)
    with atomic_write(FOLDER / f"{name}.png") as place:
        figure.savefig(place, format="png", metadata={KEY: digest(results)})
