"""The tables of an evaluation, in Markdown, for the screen and for the card."""

from bifsmn_engine.printable import each_text, printable


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
    >>> print(table(["", "thinning 1"], [["torch", 90.5]]))
    | | thinning 1 |
    |---|---:|
    | torch | 90.5 |
    """
    lines = [columns, *([str(cell) for cell in row] for row in rows)]
    text = ["|" + "|".join(map(_cell, line)) + "|" for line in lines]
    text.insert(1, "|---" + "|---:" * (len(columns) - 1) + "|")
    return "\n".join(text)


def _cell(text):
    return f" {text} " if text else " "


def thinnings_of(evaluation):
    """Returns the thinnings, "1" and on."""
    return list(next(iter(evaluation["accuracy"].values())))


def _columns(evaluation, *first):
    return [
        *(first or [""]),
        *(f"thinning {d}" for d in thinnings_of(evaluation)),
    ]


def share(value, interval):
    """Formats a percentage with its interval."""
    return f"{value:.1f} ({interval[0]:.1f} to {interval[1]:.1f})"


def _shares(row, thinnings):
    return [share(row["accuracy"][d], row["interval"][d]) for d in thinnings]


def accuracy_table(evaluation):
    """Accuracy by system and thinning."""
    e, thinnings = evaluation, thinnings_of(evaluation)
    rows = [
        [
            name,
            *(
                share(e["accuracy"][name][d], e["interval"][name][d])
                for d in thinnings
            ),
        ]
        for name in e["accuracy"]
    ]
    return table(_columns(e, "accuracy, %"), rows)


def class_table(evaluation):
    """Accuracy by class and thinning, and the number of clips."""
    e, thinnings = evaluation, thinnings_of(evaluation)
    rows = []
    for index, label in enumerate(e["labels"]):
        clips = sum(e["confusion"][thinnings[0]][index])
        if clips:
            shares = [f"{e['per_class'][d][label]:.1f}" for d in thinnings]
            rows.append([label, clips, *shares])
    return table(_columns(e, "%", "clips"), rows)


def confusion_table(evaluation, thinning):
    """The confusion matrix at one thinning; rows are true."""
    labels = evaluation["labels"]
    rows = [
        [f"**{label}**", *(n or "" for n in row)]
        for label, row in zip(
            labels, evaluation["confusion"][thinning], strict=True
        )
    ]
    return table(["", *labels], rows)


def robustness_table(evaluation):
    """Accuracy on distorted clips."""
    thinnings, rows = thinnings_of(evaluation), []
    for row in evaluation["robustness"]["conditions"]:
        name = f"{row['name']} {row['level']} {row['unit']}".strip()
        rows.append([name, *_shares(row, thinnings)])
    return table(_columns(evaluation, "accuracy, %"), rows)


def speakers_table(evaluation):
    """How accuracy differs among speakers."""
    s, thinnings = evaluation["speakers"], thinnings_of(evaluation)
    names = {
        "0": "worst speaker",
        "50": "median speaker",
        "100": "best speaker",
    }
    rows = [
        [
            names.get(q, f"{q} % of speakers are at or below"),
            *(f"{s['quantiles'][d][q]:.1f}" for d in thinnings),
        ]
        for q in s["quantiles"][thinnings[0]]
    ]
    for key, name in (
        ("below_80", "speakers below 80 %"),
        ("below_80_by_chance", "the same, were all served alike"),
    ):
        rows.append([name, *(f"{s[key][d]:.1f}" for d in thinnings)])
    return table(_columns(evaluation, "%"), rows)


def false_alarms_table(evaluation):
    """Detections where there is nothing to detect."""
    thinnings = thinnings_of(evaluation)
    by_thinning = evaluation["false_alarms"]["by_thinning"]
    rows = [
        ["detections", *(by_thinning[d]["detections"] for d in thinnings)],
        [
            "an hour (95 % interval)",
            *(
                share(by_thinning[d]["per_hour"], by_thinning[d]["interval"])
                for d in thinnings
            ),
        ],
        ["of", *(_counts(by_thinning[d]["keywords"]) for d in thinnings)],
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
                f"\n  {row['clip']} at thinning {row['thinning']}: torch "
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
        f"{s['min_clips']} clips or more ({s['clips']} clips)"
    )


def false_alarms_said(evaluation):
    """Says what was listened to, and how."""
    f = evaluation["false_alarms"]
    return (
        f"{f['hours']:.2f} hours of audio without keywords ({f['audio']}, "
        f"{f['files']} files); threshold {f['threshold']:g}, mean of "
        f"{f['smoothing']} windows, {f['refractory_s']:g} s between detections"
    )
