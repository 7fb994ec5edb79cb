"""Plots of training, confusions and operating points, as PNG files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from speechbrain_bifsmn.files.atomic import atomic_write

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figure_class() -> type[Figure]:
    """Returns matplotlib's ``Figure``; raises ImportError without matplotlib.

    A command calls it before long work whose end it would otherwise fail.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError(
            "plots need matplotlib, which is not installed; run "
            "pip install 'speechbrain-bifsmn[recipe]'"
        ) from None
    return Figure


def _figure(width, height):
    """A figure that belongs to no window and no global state."""
    return figure_class()(
        figsize=(width, height), dpi=110, layout="constrained"
    )


def _save(figure, path):
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)  # a label may hold dollar signs
    with atomic_write(path) as place:
        figure.savefig(place, format="png")


def plot_confusion(
    confusion: ArrayLike,
    labels: Sequence[str],
    path: str | Path,
    title: str = "",
) -> None:
    """Draws a confusion matrix, coloured by the share of each row.

    A cell shows that share in percent, with the number of clips below it.

    Arguments
    ---------
    confusion : numpy.ndarray
        [true, predicted], numbers of clips.
    labels : sequence of str
        Names of the rows, and of the columns.
    path : str | Path
        The PNG to write.
    title : str
        Above the plot.
    """
    confusion = np.asarray(confusion)
    if confusion.shape != (len(labels), len(labels)):
        raise ValueError(
            f"confusion: expected a row and a column for each of {len(labels)} "
            f"labels, got {confusion.shape}; give the labels it was made with"
        )
    size = 2 + 0.45 * len(labels)
    figure = _figure(size, size)
    axes = figure.add_subplot()
    share = confusion / confusion.sum(1, keepdims=True).clip(1)
    # The root of the share, so that rare confusions can be seen too.
    axes.imshow(np.sqrt(share), cmap="Blues", vmin=0, vmax=1)
    for row, column in zip(*np.nonzero(confusion), strict=True):
        axes.text(
            column,
            row,
            f"{100 * share[row, column]:.1f}\n{confusion[row, column]}",
            ha="center",
            va="center",
            size=7,
            color="white" if share[row, column] > 0.4 else "black",
        )
    axes.set_xticks(range(len(labels)), labels, rotation=90)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel("predicted (percent of the row, clips)")
    axes.set_ylabel("true")
    axes.set_title(title)
    _save(figure, path)


def plot_curves(rows: Sequence[Mapping[str, Any]], path: str | Path) -> None:
    """Draws training loss and validation accuracy, one column a stage.

    Arguments
    ---------
    rows : sequence of dict
        One an epoch: ``stage``, ``epoch``, ``loss``, ``valid_loss``, and
        ``accuracy``, in percent by thinning.
    path : str | Path
        The PNG to write.
    """
    stages = list(dict.fromkeys(row["stage"] for row in rows))
    figure = _figure(1 + 4.5 * max(1, len(stages)), 6)
    grid = figure.subplots(2, max(1, len(stages)), squeeze=False, sharex="col")
    for (upper, lower), stage in zip(grid.T, stages, strict=False):
        chosen = [row for row in rows if row["stage"] == stage]
        epochs = [row["epoch"] for row in chosen]
        for key, name in (("loss", "training"), ("valid_loss", "validation")):
            curve = [row[key] for row in chosen]
            upper.plot(epochs, curve, ".-", label=name)
        for thinning in chosen[0]["accuracy"]:
            curve = [row["accuracy"][thinning] for row in chosen]
            lower.plot(epochs, curve, ".-", label=f"thinning {thinning}")
        upper.set_title(stage)
        upper.set_ylabel("loss")
        lower.set_ylabel("validation accuracy, %")
        lower.set_xlabel("epoch")
        lower.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        for axes in (upper, lower):
            axes.grid(alpha=0.3)
            axes.legend()
    _save(figure, path)


def plot_operating_points(
    curves: Mapping[str, Mapping[str, Any]], path: str | Path, title: str = ""
) -> None:
    """Draws false rejects against false alarms per hour: DET and ROC curves.

    The DET curve has a logarithmic and a normal-deviate axis. Where there is no
    false alarm (or reject), it is drawn at half of one.

    Arguments
    ---------
    curves : dict of str to dict
        By name in the legend: ``false_alarms`` in ``hours`` and
        ``false_rejects`` of ``clips``, counted at rising thresholds;
        and ``point``, the rates at the chosen threshold, as from ``figures``.
    path : str | Path
        The PNG to write.
    title : str
        Above the plot.
    """
    from scipy.stats import norm

    figure = _figure(10, 4.5)
    det, roc = figure.subplots(1, 2)
    for name, curve in curves.items():
        alarms = np.array(curve["false_alarms"])
        rejects = np.array(curve["false_rejects"])
        hours, clips = curve["hours"], curve["clips"]
        percent = 100 * rejects.clip(0.5, clips - 0.5) / clips
        (line,) = det.plot(alarms.clip(0.5) / hours, percent, label=name)
        color = line.get_color()
        roc.plot(alarms / hours, 100 - 100 * rejects / clips, color=color)
        _mark(det, roc, curve["point"], 0.5 / hours, color)
    det.set_xscale("log")
    deviates = (lambda p: norm.ppf(p / 100), lambda z: 100 * norm.cdf(z))
    det.set_yscale("function", functions=deviates)
    ticks = [0.5, 1, 2, 5, 10, 20, 40, 60, 80, 90, 95]
    det.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    det.set_ylim(0.5, 95)
    det.set_ylabel("false rejects, %")
    roc.set_xlim(0, 20)
    roc.set_ylabel("keywords found, %")
    for axes in (det, roc):
        axes.set_xlabel("false alarms per hour")
        axes.grid(alpha=0.3)
    det.legend()
    figure.suptitle(title)
    _save(figure, path)


def _mark(det, roc, point, min_rate, color):
    """Marks a chosen point; on the DET curve, with its intervals."""
    x, y = point["per_hour"], point["rejects_percent"]
    roc.plot(x, 100 - y, "o", color=color)
    x, y = max(x, min_rate), max(y, 50 / point["clips"])
    det.plot(x, y, "o", color=color)
    spread = np.maximum(point["per_hour_interval"], min_rate)
    det.plot(spread, [y, y], color=color, linewidth=0.8)
    det.plot([x, x], point["rejects_interval"], color=color, linewidth=0.8)


def plot_noise(
    conditions: Sequence[Mapping[str, Any]], path: str | Path, title: str = ""
) -> None:
    """Draws accuracy against SNR, a line for each thinning.

    Arguments
    ---------
    conditions : sequence of dict
        With ``level`` in dB, and ``accuracy`` and ``interval`` in percent by
        thinning, as in an evaluation's ``robustness``.
    path : str | Path
        The PNG to write.
    title : str
        Above the plot.
    """
    figure = _figure(6, 4)
    axes = figure.add_subplot()
    levels = [row["level"] for row in conditions]
    for thinning in conditions[0]["accuracy"]:
        curve = [row["accuracy"][thinning] for row in conditions]
        low, high = zip(
            *(row["interval"][thinning] for row in conditions), strict=True
        )
        (line,) = axes.plot(levels, curve, ".-", label=f"thinning {thinning}")
        axes.fill_between(levels, low, high, alpha=0.1, color=line.get_color())
    axes.set_xticks(levels)
    axes.set_xlabel("SNR, dB")
    axes.set_ylabel("accuracy, % (95 % interval)")
    axes.grid(alpha=0.3)
    axes.legend()
    axes.set_title(title)
    _save(figure, path)
