"""The results of a run, for people and for programs."""

import json
import platform
import shlex
import subprocess
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import torch

from bifsmn_engine.printable import code_span, markdown
from speechbrain_bifsmn.evaluation.complexity import Complexity, count, table
from speechbrain_bifsmn.evaluation.plots import plot_confusion, plot_curves
from speechbrain_bifsmn.files.owned import owned_file
from speechbrain_bifsmn.runs.output import OWNER

REQUIRED = (
    "task data labels seed commit command yaml test_clips teacher_accuracy "
    "teacher_interval teacher_stored_bytes teacher_macs epochs seconds versions"
).split()
BY_DEPTH = (
    "accuracy interval valid_accuracy parameters one_bit_weights macs "
    "binary_macs bit_macs stored_bytes scale_bytes"
).split()
REQUIRED += BY_DEPTH


def git_commit(folder):
    """Returns the commit that a folder is at.

    Arguments
    ---------
    folder : str
        Any folder of the work tree.

    Returns
    -------
    str
        The hash, with "-dirty" behind it where tracked files differ from it,
        other than those in folders of results; "unknown" outside git.
    """

    def git(*arguments):
        command = ["git", "-C", str(folder), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace"
        )
        return done.stdout.strip() if done.returncode == 0 else None

    try:
        commit = git("rev-parse", "HEAD")
        changes = git(
            *("status", "--porcelain", "--untracked-files=no"),
            *("--", ":/", ":(top,exclude,glob)**/results/**"),
        )
    except OSError:
        return "unknown"
    if commit is None:
        return "unknown"
    return f"{commit}-dirty" if changes else commit


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


def _example_input(brain):
    """Returns the features of a second of silence."""
    wav = torch.zeros(1, 16000, device=brain.device)
    return brain.modules.features(wav)


def _task_name(hparams):
    """Returns what was to be told apart, in a line."""
    if hparams.words:
        return f"Own keywords: {hparams.words}"
    version = "" if hparams.version == "any" else f" {hparams.version}"
    protocol = "" if hparams.protocol == "standard" else f", {hparams.protocol}"
    return f"{hparams.corpus}{version}, {hparams.classes} classes{protocol}"


def results_of(
    teacher, student, hparams_file, code, exported=None, continued=()
):
    """Gathers what ``results.json`` holds.

    Arguments
    ---------
    teacher : KeywordBrain
        After its test.
    student : KeywordBrain | None
        The same, where there was one.
    hparams_file : str
        The YAML file of the run.
    code : Path
        Folder of the recipe.
    exported : dict, optional
        What became of the file for devices.
    continued : sequence of dict
        As of ``keep_record``: how the run went on with other options.

    Returns
    -------
    dict
    """
    hparams, example = teacher.hparams, _example_input(teacher)
    teacher_cost = count(hparams.teacher_model, example)[0]
    teacher_accuracy, teacher_interval = _accuracy_by_thinning(teacher)
    rows = list(hparams.history.rows)
    costs, accuracy, interval, valid = [], {}, {}, {}
    if student:
        costs = count(hparams.student_model, example)
        accuracy, interval = _accuracy_by_thinning(student)
        valid = _valid_accuracy(student)
        rows += student.hparams.history.rows
    seconds, epochs = Counter(), Counter()
    for row in rows:
        seconds[row["stage"]] += row["seconds"]
        epochs[row["stage"]] += 1
    packages = ("speechbrain-bifsmn", "speechbrain", "torch", "torchaudio")
    return {
        "task": _task_name(hparams),
        "data": hparams.data_folder or "synthetic speech",
        "labels": hparams.labels,
        "seed": hparams.seed,
        "commit": git_commit(code),
        "command": shlex.join(["python", *sys.argv]),
        "yaml": hparams_file,
        "test_clips": teacher.stats[0].total,
        "teacher_accuracy": teacher_accuracy["1"],
        "teacher_interval": teacher_interval["1"],
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
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in packages},
        },
    }


def report(teacher, student, hparams_file, code, exported=None, continued=()):
    """Prints the final table; writes results and plots.

    Takes what ``results_of`` does.
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


def write_results(folder, results):
    """Writes ``results.json`` and ``results.md``.

    Arguments
    ---------
    folder : str
        Where to.
    results : dict
        With the keys ``REQUIRED``, all plain data; those of ``BY_DEPTH`` are
        dicts by thinning, "1" and on.

    Returns
    -------
    str
        The content of ``results.md``.
    """
    _check(results)
    text = as_markdown(results)
    contents = {
        "results.json": json.dumps(results, indent=2) + "\n",
        "results.md": text,
    }
    for name, content in contents.items():
        with owned_file(Path(folder) / name, OWNER) as place:
            place.write_text(content, encoding="utf-8")
    return text


def _check(results):
    missing = [key for key in REQUIRED if key not in results]
    if missing:
        raise ValueError(
            f"results: expected the keys {', '.join(REQUIRED)}, found none of "
            f"{', '.join(missing)}; add what is missing"
        )
    thinnings = list(results["accuracy"])
    for key in BY_DEPTH:
        if list(results[key]) != thinnings:
            raise ValueError(
                f"results: expected {key} at the thinnings {', '.join(thinnings)} of "
                f"accuracy, found {', '.join(results[key]) or 'none'}; count "
                "and evaluate the same thinnings"
            )


def as_markdown(results):
    """Returns the table of ``results.md``, with what it takes to repeat it."""
    r = results
    lines = [
        f"# {markdown(r['task'])} ({markdown(r['data'])})",
        "",
        "| network | accuracy, % (95 % interval) | one-bit weights "
        "| stored, KiB | smaller | MACs | bit-MACs |",
        "|---|---|---|---|---|---|---|",
        "| teacher, full precision | "
        + _accuracy(r["teacher_accuracy"], r["teacher_interval"])
        + f" | 0 | {r['teacher_stored_bytes'] / 1024:.1f} | 1.0x "
        f"| {r['teacher_macs']:,} | 0 |",
    ]
    for thinning, accuracy in r["accuracy"].items():
        size = r["stored_bytes"][thinning]
        lines.append(
            f"| student, thinning {thinning} | "
            + _accuracy(accuracy, r["interval"][thinning])
            + f" | {r['one_bit_weights'][thinning]:,} | {size / 1024:.1f} "
            f"| {r['teacher_stored_bytes'] / size:.1f}x "
            f"| {r['macs'][thinning]:,} | {r['bit_macs'][thinning]:,} |"
        )
    training = ", ".join(
        f"{stage} {epochs} epochs in {r['seconds'][stage]:.0f} s"
        for stage, epochs in r["epochs"].items()
    )
    versions = ", ".join(f"{k} {v}" for k, v in r["versions"].items())
    lines += [
        "",
        f"- test set: {r['test_clips']:,} clips",
        *(_exported(r["exported"]) if r.get("exported") else ()),
        f"- command: `{code_span(r['command'])}`",
        f"- seed {r['seed']}, commit {r['commit']}",
        f"- training: {training}",
        *map(_continued, r.get("continued", ())),
        f"- {versions}",
    ]
    return "\n".join(lines) + "\n"


def _continued(changes):
    said = ", ".join(
        f"{name} {after} (before: {before})"
        for name, (before, after) in changes.items()
    )
    return f"- went on with {said}"


def _exported(e):
    engine = e["engine"]
    if engine != "not installed":
        engine = f"the same bits on {engine}"
    graph = ", ".join(
        f"{accuracy:.2f} % at thinning {thinning} ({changed} prediction mismatches)"
        for (thinning, accuracy), changed in zip(
            e["training_graph_accuracy"].items(),
            e["changed_decisions"].values(),
            strict=True,
        )
    )
    yield (
        f"- the student is the deployed network, `{e['file']}` of "
        f"{e['bytes']:,} bytes; engine: {engine}"
    )
    yield f"- its training graph, not rounded: {graph}"


def _accuracy(accuracy, interval):
    return f"{accuracy:.2f} ({interval[0]:.1f} to {interval[1]:.1f})"
