"""The plot of how the cost of an inference grows."""

COLOURS = {
    "bifsmn": "#1f4e79",
    "litert_int8": "#d9822b",
    "litert_fp32_relu": "#f0b97d",
    "ort_int8": "#3d8b5f",
    "ort_fp32_relu": "#93c9a8",
    "torch_fp32_relu": "#8c8c8c",
}
PANELS = {
    "batch": ("clips in a call", "us for a clip"),
    "threads": ("threads, a clip in each", "clips a second"),
    "layers": ("blocks", "us for a clip"),
    "channels": ("channels", "us for a clip"),
}


def label(side, titles):
    """Returns what the legend calls a side."""
    if side == "bifsmn":
        return "engine, 1 bit"
    return f"{titles[side]}, {'int8' if 'int8' in side else 'FP32'}"


def scaled_to_clips(axis, sizes, values):
    """Returns what a panel shows of values: per clip, in a batch."""
    if axis != "batch":
        return values
    return [value / n for value, n in zip(values, sizes, strict=True)]


def draw(figure, results):
    """Draws four panels, with a legend over all.

    Arguments
    ---------
    figure : matplotlib.figure.Figure
        To draw on.
    results : dict
        What ``scaling.py`` wrote.
    """
    figure.set_size_inches(8, 6.5)
    sides = sorted(
        results["titles"],
        key=lambda side: results["curves"]["channels"]["median"][side][0],
    )
    panels = zip(figure.subplots(2, 2).flat, PANELS.items(), strict=True)
    for axes, (axis, (x_label, y_label)) in panels:
        curve = results["curves"][axis]
        sizes = curve["sizes"]
        for side in sides:
            style = {"color": COLOURS[side]}
            low, high = (
                scaled_to_clips(axis, sizes, values)
                for values in zip(*curve["p10_p90"][side], strict=True)
            )
            axes.fill_between(sizes, low, high, alpha=0.25, lw=0, **style)
            median = scaled_to_clips(axis, sizes, curve["median"][side])
            name = label(side, results["titles"])
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
