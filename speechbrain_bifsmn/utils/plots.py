"""Plots of training and of confusions, as PNG files."""

import os
from pathlib import Path

import numpy as np


def _figure(width, height):
    """A figure that belongs to no window and no global state."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError(
            "plots need matplotlib, which is not installed; run "
            "pip install 'speechbrain-bifsmn[recipe]'"
        ) from None
    return Figure(figsize=(width, height), dpi=110, layout="constrained")


def _save(figure, path):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    figure.savefig(temporary, format="png")
    os.replace(temporary, path)


def plot_confusion(confusion, labels, path, title=""):
    """Draws a confusion matrix, coloured by the share of each row.

    A cell shows that share in percent, with the number of clips below it.

    Arguments
    ---------
    confusion : numpy.ndarray
        (true, predicted), numbers of clips.
    labels : sequence of str
        Names of the rows.
    path : str
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


def plot_curves(rows, path):
    """Draws training loss and validation accuracy, one column a stage.

    Arguments
    ---------
    rows : list of dict
        One an epoch: ``stage``, ``epoch``, ``loss``, ``valid_loss``, and
        ``accuracy``, in percent by depth setting.
    path : str
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
        for depth in chosen[0]["accuracy"]:
            curve = [row["accuracy"][depth] for row in chosen]
            lower.plot(epochs, curve, ".-", label=f"depth {depth}")
        upper.set_title(stage)
        upper.set_ylabel("loss")
        lower.set_ylabel("validation accuracy, %")
        lower.set_xlabel("epoch")
        lower.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        for axes in (upper, lower):
            axes.grid(alpha=0.3)
            axes.legend()
    _save(figure, path)
