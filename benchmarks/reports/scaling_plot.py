"""The plot of how the cost of an inference grows."""

from collections.abc import Mapping, Sequence
from typing import Any

COLOURS = {
    "bifsmn": "#1f4e79",
    "litert_int8": "#d9822b",
    "litert_fp32_relu": "#f0b97d",
    "ort_int8": "#3d8b5f",
    "ort_fp32_relu": "#93c9a8",
    "torch_fp32_relu": "#8c8c8c",
}
PANELS = {
    "batch": ("clips in a call", "µs for a clip"),
    "threads": ("threads, a clip in each", "clips a second"),
    "layers": ("blocks", "µs for a clip"),
    "channels": ("channels", "µs for a clip"),
}


def label(key: str, titles: Mapping[str, str]) -> str:
    """Returns what the legend calls a backend."""
    if key == "bifsmn":
        return "engine, 1 bit"
    return f"{titles[key]}, {'int8' if 'int8' in key else 'FP32'}"


def scaled_to_clips(
    axis: str, sizes: Sequence[int], values: Sequence[float]
) -> Sequence[float]:
    """Returns what a panel shows of values: per clip, in a batch.

    Example
    -------
    >>> scaled_to_clips("batch", [1, 2], [8, 14])
    [8.0, 7.0]
    """
    if axis != "batch":
        return values
    return [value / n for value, n in zip(values, sizes, strict=True)]


def draw(figure: Any, results: Mapping[str, Any]) -> None:
    """Draws four panels, with a legend over all.

    Arguments
    ---------
    figure : matplotlib.figure.Figure
        To draw on.
    results : dict
        What ``scaling.py`` wrote.
    """
    figure.set_size_inches(8, 6.5)
    keys = sorted(
        results["titles"],
        key=lambda key: results["curves"]["channels"]["median"][key][0],
    )
    panels = zip(figure.subplots(2, 2).flat, PANELS.items(), strict=True)
    for axes, (axis, (x_label, y_label)) in panels:
        curve = results["curves"][axis]
        sizes = curve["sizes"]
        for key in keys:
            style = {"color": COLOURS[key]}
            low, high = (
                scaled_to_clips(axis, sizes, values)
                for values in zip(*curve["p10_p90"][key], strict=True)
            )
            axes.fill_between(sizes, low, high, alpha=0.25, lw=0, **style)
            median = scaled_to_clips(axis, sizes, curve["median"][key])
            name = label(key, results["titles"])
            axes.plot(sizes, median, "o-", ms=3, lw=1.3, label=name, **style)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xticks(sizes, [str(size) for size in sizes])
        axes.minorticks_off()
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.grid(which="both", linewidth=0.3)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3)
