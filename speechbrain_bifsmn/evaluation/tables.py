"""The tables of an evaluation, in Markdown, for the screen and for the card."""

from speechbrain_bifsmn.utils.printable import each_text, printable


def table(columns, rows):
    """Returns a table.

    Arguments
    ---------
    columns : sequence of str
        Names.
    rows : sequence of sequence
        Cells; the first of a row is its name.

    Returns
    -------
    str

    Example
    -------
    >>> print(table(["", "depth 0"], [["torch", 90.5]]))
    | | depth 0 |
    |---|---:|
    | torch | 90.5 |
    """
    lines = [columns, *([str(cell) for cell in row] for row in rows)]
    text = ["|" + "|".join(map(_cell, line)) + "|" for line in lines]
    text.insert(1, "|---" + "|---:" * (len(columns) - 1) + "|")
    return "\n".join(text)


def _cell(text):
    return f" {text} " if text else " "


def depths_of(evaluation):
    """Returns the depth settings, "0" and on."""
    return list(next(iter(evaluation["accuracy"].values())))


def _columns(evaluation, *first):
    return [*(first or [""]), *(f"depth {d}" for d in depths_of(evaluation))]


def share(value, interval):
    """Formats a percentage with its interval."""
    return f"{value:.1f} ({interval[0]:.1f} to {interval[1]:.1f})"


def _shares(row, depths):
    return [share(row["accuracy"][d], row["interval"][d]) for d in depths]


def accuracy_table(evaluation):
    """Accuracy by system and depth."""
    e, depths = evaluation, depths_of(evaluation)
    rows = [
        [
            name,
            *(
                share(e["accuracy"][name][d], e["interval"][name][d])
                for d in depths
            ),
        ]
        for name in e["accuracy"]
    ]
    return table(_columns(e, "accuracy, %"), rows)


def class_table(evaluation):
    """Accuracy by class and depth, and the number of clips."""
    e, depths = evaluation, depths_of(evaluation)
    rows = []
    for index, label in enumerate(e["labels"]):
        clips = sum(e["confusion"][depths[0]][index])
        if clips:
            shares = [f"{e['per_class'][d][label]:.1f}" for d in depths]
            rows.append([label, clips, *shares])
    return table(_columns(e, "%", "clips"), rows)


def confusion_table(evaluation, depth):
    """The confusion matrix at one depth; rows are true."""
    labels = evaluation["labels"]
    rows = [
        [f"**{label}**", *(n or "" for n in row)]
        for label, row in zip(
            labels, evaluation["confusion"][depth], strict=True
        )
    ]
    return table(["", *labels], rows)


def robustness_table(evaluation):
    """Accuracy on distorted clips."""
    depths, rows = depths_of(evaluation), []
    for row in evaluation["robustness"]["conditions"]:
        name = f"{row['name']} {row['level']} {row['unit']}".strip()
        rows.append([name, *_shares(row, depths)])
    return table(_columns(evaluation, "accuracy, %"), rows)


def speakers_table(evaluation):
    """How accuracy differs among speakers."""
    s, depths = evaluation["speakers"], depths_of(evaluation)
    names = {
        "0": "worst speaker",
        "50": "median speaker",
        "100": "best speaker",
    }
    rows = [
        [
            names.get(q, f"{q} % of speakers are at or below"),
            *(f"{s['quantiles'][d][q]:.1f}" for d in depths),
        ]
        for q in s["quantiles"][depths[0]]
    ]
    for key, name in (
        ("below_80", "speakers below 80 %"),
        ("below_80_by_chance", "the same, were all served alike"),
    ):
        rows.append([name, *(f"{s[key][d]:.1f}" for d in depths)])
    return table(_columns(evaluation, "%"), rows)


def false_alarms_table(evaluation):
    """Detections where there is nothing to detect."""
    depths = depths_of(evaluation)
    by_depth = evaluation["false_alarms"]["by_depth"]
    rows = [
        ["detections", *(by_depth[d]["detections"] for d in depths)],
        [
            "an hour (95 % interval)",
            *(
                share(by_depth[d]["per_hour"], by_depth[d]["interval"])
                for d in depths
            ),
        ],
        ["of", *(_counts(by_depth[d]["keywords"]) for d in depths)],
    ]
    return table(_columns(evaluation), rows)


def _counts(keywords):
    return ", ".join(f"{k} {n}" for k, n in keywords.items()) or "none"


def summary(evaluation):
    """Returns what an evaluation says, for the screen."""
    e = each_text(evaluation, printable)
    model = e["model"]
    parts = [
        f"{model['file']}: {model['provenance'] or model['name']}, "
        f"{model['bytes']:,} bytes\n{clips_said(e)}",
        accuracy_table(e),
    ]
    if "engine" in e["accuracy"]:
        parts.append(
            f"{e['disagreements']} of {e['test_clips']:,} clips decided "
            "differently by torch and engine"
        )
        for row in e["disagreeing_clips"]:
            parts[-1] += (
                f"\n  {row['clip']} at depth {row['depth']}: torch "
                f"{row['torch']}, engine {row['engine']}"
            )
    else:
        parts.append("torch alone: the engine is not installed")
    if "robustness" in e:
        parts.append(robustness_table(e))
    if "speakers" in e:
        parts.append(speakers_said(e))
        if "quantiles" in e["speakers"]:
            parts.append(speakers_table(e))
    if "false_alarms" in e:
        parts += [false_alarms_said(e), false_alarms_table(e)]
    return "\n\n".join(parts)


def clips_said(evaluation):
    """Says what the test clips are, and what is not among them."""
    e = evaluation
    text = f"{e['test_clips']:,} test clips of {e['data']}, {e['test_set']}"
    if e["absent_labels"]:
        text += f"; none of {', '.join(e['absent_labels'])}"
        if "silence" in e["absent_labels"]:
            text += " (silence is cut from _background_noise_)"
    if e["missing_clips"]:
        text += f"; {e['missing_clips']:,} listed clips are not there"
    return text


def speakers_said(evaluation):
    """Says which speakers are counted."""
    s = evaluation["speakers"]
    return (
        f"{s['speakers']} of {s['all_speakers']} speakers, those with "
        f"{s['least_clips']} clips or more ({s['clips']} clips)"
    )


def false_alarms_said(evaluation):
    """Says what was listened to, and how."""
    f = evaluation["false_alarms"]
    return (
        f"{f['hours']:.2f} hours of audio without keywords ({f['audio']}, "
        f"{f['files']} files); threshold {f['threshold']:g}, mean of "
        f"{f['smoothing']} windows, {f['refractory_s']:g} s between detections"
    )
