"""The final report of a run: table, plots, and its results."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from speechbrain import Brain

from speechbrain_bifsmn.evaluation.complexity import (
    Complexity,
    count,
    table,
)
from speechbrain_bifsmn.evaluation.plots import plot_confusion, plot_curves
from speechbrain_bifsmn.files.owned import owned_file
from speechbrain_bifsmn.provenance import git_commit, versions
from speechbrain_bifsmn.runs.first_weights import GIVEN
from speechbrain_bifsmn.runs.output import OWNER
from speechbrain_bifsmn.runs.results import write_results

PACKAGES = ("speechbrain-bifsmn", "speechbrain", "torch", "torchaudio")


def _accuracy_by_thinning(brain):
    """Returns accuracy and 95 % interval in percent by thinning."""
    stats = dict(zip(map(str, brain.thinnings), brain.stats, strict=True))
    return (
        {thinning: s.accuracy for thinning, s in stats.items()},
        {thinning: list(s.interval) for thinning, s in stats.items()},
    )


def _valid_accuracy(brain):
    """Returns the validation accuracy of the epoch that was chosen."""
    best = brain.checkpointer.find_checkpoint(max_key="accuracy")
    rows = brain.hparams.history.rows
    return next(
        row["accuracy"] for row in rows if row["epoch"] == best.meta["epoch"]
    )


def _teacher_valid(teacher):
    """Returns the teacher's validation accuracy, None if it was not trained."""
    if teacher.checkpointer is None:
        return None
    return _valid_accuracy(teacher)["1"]


def _example_input(brain):
    """Returns the features of a second of silence."""
    wav = torch.zeros(1, 16000, device=brain.device)
    return brain.modules.features(wav)


def _shipped(hparams):
    """Names the settings that took what comes with the package.

    That is words and weights, all of Speech Commands.
    """
    words = ["negatives"] if "shipped" in hparams.negatives else []
    weights = [name for name in GIVEN if getattr(hparams, name) == "shipped"]
    return words + weights


def _task_name(hparams):
    """Names the task, in a line."""
    if hparams.words:
        return f"Custom keywords: {hparams.words}"
    version = "" if hparams.version == "any" else f" {hparams.version}"
    protocol = "" if hparams.protocol == "standard" else f", {hparams.protocol}"
    return f"{hparams.corpus}{version}, {hparams.classes} classes{protocol}"


def results_of(
    teacher: Brain,
    student: Brain | None,
    hparams_file: str,
    code: str | Path,
    exported: Mapping[str, Any] | None = None,
    continued: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Gathers the content of ``results.json``.

    Arguments
    ---------
    teacher : KeywordBrain
        The teacher's, after its test.
    student : KeywordBrain | None
        The student's, after its test; None where none was trained.
    hparams_file : str
        The YAML file of the run.
    code : str | Path
        Folder of the recipe.
    exported : dict, optional
        The model file, as from
        ``export_student``.
    continued : sequence of dict
        Options that changed each time the run was continued, as
        ``{name: [before, after]}``.

    Returns
    -------
    dict
        Plain data.
    """
    hparams = teacher.hparams
    teacher_cost = count(hparams.teacher_model, _example_input(teacher))[0]
    teacher_accuracy, teacher_interval = _accuracy_by_thinning(teacher)
    rows = list(hparams.history.rows)
    costs: list[Complexity] = []
    accuracy, interval, valid = {}, {}, {}
    if student:
        costs = count(hparams.student_model, _example_input(student))
        accuracy, interval = _accuracy_by_thinning(student)
        valid = _valid_accuracy(student)
        rows += student.hparams.history.rows
    seconds: Counter[str] = Counter()
    epochs: Counter[str] = Counter()
    for row in rows:
        seconds[row["stage"]] += row["seconds"]
        epochs[row["stage"]] += 1
    return {
        "task": _task_name(hparams),
        "data": hparams.data_folder or "synthetic speech",
        "shipped": _shipped(hparams),
        "labels": hparams.labels,
        "seed": hparams.seed,
        "commit": git_commit(code),
        "command": shlex.join(["python", *sys.argv]),
        "yaml": hparams_file,
        "test_set": Path(hparams.test_set).name,
        "test_clips": teacher.stats[0].total,
        "teacher_accuracy": teacher_accuracy["1"],
        "teacher_interval": teacher_interval["1"],
        "teacher_valid_accuracy": _teacher_valid(teacher),
        "accuracy": accuracy,
        "interval": interval,
        "valid_accuracy": valid,
        "exported": exported,
        "continued": list(continued),
        **{
            name: {str(cost.thinning): getattr(cost, name) for cost in costs}
            for name in Complexity._fields[1:]
        },
        "teacher_stored_bytes": teacher_cost.stored_bytes,
        "teacher_macs": teacher_cost.macs,
        "epochs": epochs,
        "seconds": seconds,
        "versions": versions(PACKAGES),
    }


def report(
    teacher: Brain,
    student: Brain | None,
    hparams_file: str,
    code: str | Path,
    exported: Mapping[str, Any] | None = None,
    continued: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Prints the final table; writes results and plots.

    Arguments
    ---------
    teacher, student, hparams_file, code, exported, continued
        As for ``results_of``.
    """
    last = student or teacher
    folder, history = Path(last.hparams.output_folder), []
    for brain in filter(None, (teacher, student)):
        history += brain.hparams.history.rows
    with owned_file(folder / "curves.png", OWNER) as place:
        plot_curves(history, place)
    for thinning, stats in zip(last.thinnings, last.stats, strict=True):
        with owned_file(
            folder / f"confusion_thinning{thinning}.png", OWNER
        ) as place:
            plot_confusion(
                stats.confusion,
                last.hparams.labels,
                place,
                title=f"Test set, thinning {thinning}: {stats.accuracy:.2f} %",
            )
    results = results_of(
        teacher, student, hparams_file, code, exported, continued
    )
    text = write_results(folder, results)
    if student:
        example = _example_input(student)
        print(table(count(student.hparams.student_model, example)))
    print(text)
    print(f"Written to {folder.resolve()}")
