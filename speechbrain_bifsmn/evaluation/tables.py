"""The tables of an evaluation, in Markdown, for the screen and for the card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from bifsmn_engine.printable import each_text, printable

Evaluation: TypeAlias = Mapping[str, Any]  # the content of evaluation.json


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Formats a table in Markdown.

    Arguments
    ---------
    columns : sequence of str
        Names of the columns.
    rows : sequence of sequence
        Cells of each row; the first is its name.

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


def thinnings_of(evaluation: Evaluation) -> list[str]:
    """Returns the thinnings of an evaluation: "1", "2" and "4"."""
    return list(next(iter(evaluation["accuracy"].values())))


def _columns(evaluation, *first):
    return [
        *(first or [""]),
        *(f"thinning {d}" for d in thinnings_of(evaluation)),
    ]


def share(value: float, interval: Sequence[float]) -> str:
    """Formats a percentage with its interval."""
    return f"{value:.1f} ({interval[0]:.1f} to {interval[1]:.1f})"


def _shares(row, thinnings):
    return [share(row["accuracy"][d], row["interval"][d]) for d in thinnings]


def accuracy_table(evaluation: Evaluation) -> str:
    """Formats accuracy by system and thinning."""
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


def class_table(evaluation: Evaluation) -> str:
    """Formats accuracy by class and thinning, and the number of clips."""
    e, thinnings = evaluation, thinnings_of(evaluation)
    rows = []
    for index, label in enumerate(e["labels"]):
        clips = sum(e["confusion"][thinnings[0]][index])
        if clips:
            shares = [f"{e['per_class'][d][label]:.1f}" for d in thinnings]
            rows.append([label, clips, *shares])
    return table(_columns(e, "%", "clips"), rows)


def confusion_table(evaluation: Evaluation, thinning: str) -> str:
    """Formats the confusion matrix at one thinning; rows are true."""
    labels = evaluation["labels"]
    rows = [
        [f"**{label}**", *(n or "" for n in row)]
        for label, row in zip(
            labels, evaluation["confusion"][thinning], strict=True
        )
    ]
    return table(["", *labels], rows)


def robustness_table(evaluation: Evaluation) -> str:
    """Formats accuracy on distorted clips, and same decisions as on clean ones.

    The latter at the first thinning.
    """
    thinnings, rows = thinnings_of(evaluation), []
    first = thinnings[0]
    for row in evaluation["robustness"]["conditions"]:
        name = f"{row['name']} {row['level']} {row['unit']}".strip()
        same = f"{row['same_decision'][first]:.1f}"
        rows.append([name, *_shares(row, thinnings), same])
    same = f"same decision, thinning {first}"
    return table([*_columns(evaluation, "accuracy, %"), same], rows)


def speakers_table(evaluation: Evaluation) -> str:
    """Formats quantiles of accuracy over speakers."""
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


def false_alarms_table(evaluation: Evaluation) -> str:
    """Formats detections in audio without keywords."""
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


def summary(evaluation: Evaluation) -> str:
    """Formats all of an evaluation, for the screen."""
    e = each_text(evaluation, printable)
    model = e["model"]
    parts = [
        f"{model['file']}: {model['provenance'] or model['name']}, "
        f"{model['bytes']:,} bytes\n{describe_clips(e)}",
        accuracy_table(e),
    ]
    if "engine" in e["accuracy"]:
        parts.append(
            f"{e['disagreements']} of {e['test_clips']:,} clips with a "
            "prediction mismatch between torch and engine"
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
        parts.append(describe_speakers(e))
        if "quantiles" in e["speakers"]:
            parts.append(speakers_table(e))
    if "false_alarms" in e:
        parts += [describe_false_alarms(e), false_alarms_table(e)]
    return "\n\n".join(parts)


def describe_clips(evaluation: Evaluation) -> str:
    """Describes the test clips: how many, from where, which are missing."""
    e = evaluation
    text = f"{e['test_clips']:,} test clips of {e['data']}, {e['test_set']}"
    if e["absent_labels"]:
        text += f"; none of {', '.join(e['absent_labels'])}"
        if "silence" in e["absent_labels"]:
            text += " (silence is cut from _background_noise_)"
    if e["missing_clips"]:
        text += f"; {e['missing_clips']:,} listed clips are not there"
    return text


def describe_speakers(evaluation: Evaluation) -> str:
    """Describes which speakers are counted."""
    s = evaluation["speakers"]
    return (
        f"{s['speakers']} of {s['all_speakers']} speakers, those with "
        f"{s['min_clips']} clips or more ({s['clips']} clips)"
    )


def describe_false_alarms(evaluation: Evaluation) -> str:
    """Describes the negative audio and the operating point."""
    f = evaluation["false_alarms"]
    return (
        f"{f['hours']:.2f} hours of audio without keywords ({f['audio']}, "
        f"{f['files']} files); mean of "
        f"{f['smoothing']} windows, {f['refractory_s']:g} s between detections"
    )
