"""The results of a run, for people and for programs."""

import json
import os
import subprocess
from pathlib import Path

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
        The hash, with "-dirty" behind it where tracked files differ from it;
        "unknown" outside git.
    """

    def git(*arguments):
        command = ["git", "-C", str(folder), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace"
        )
        return done.stdout.strip() if done.returncode == 0 else None

    try:
        commit = git("rev-parse", "HEAD")
        changes = git("status", "--porcelain", "--untracked-files=no")
    except OSError:
        return "unknown"
    if commit is None:
        return "unknown"
    return f"{commit}-dirty" if changes else commit


def write_results(folder, results):
    """Writes ``results.json`` and ``results.md``.

    Arguments
    ---------
    folder : str
        Where to.
    results : dict
        With the keys ``REQUIRED``, all plain data; those of ``BY_DEPTH`` are
        dicts by depth setting, "0" and on.

    Returns
    -------
    str
        The content of ``results.md``.
    """
    _check(results)
    text = as_markdown(results)
    _write(Path(folder) / "results.json", json.dumps(results, indent=2) + "\n")
    _write(Path(folder) / "results.md", text)
    return text


def _check(results):
    missing = [key for key in REQUIRED if key not in results]
    if missing:
        raise ValueError(
            f"results: expected the keys {', '.join(REQUIRED)}, found none of "
            f"{', '.join(missing)}; add what is missing"
        )
    depths = list(results["accuracy"])
    for key in BY_DEPTH:
        if list(results[key]) != depths:
            raise ValueError(
                f"results: expected {key} at the depths {', '.join(depths)} of "
                f"accuracy, found {', '.join(results[key]) or 'none'}; count "
                "and evaluate the same depths"
            )


def as_markdown(results):
    """Returns the table of ``results.md``, with what it takes to repeat it."""
    r = results
    lines = [
        f"# {r['task']} ({r['data']})",
        "",
        "| network | accuracy, % (95 % interval) | one-bit weights "
        "| stored, KiB | smaller | MACs | bit-MACs |",
        "|---|---|---|---|---|---|---|",
        "| teacher, full precision | "
        + _accuracy(r["teacher_accuracy"], r["teacher_interval"])
        + f" | 0 | {r['teacher_stored_bytes'] / 1024:.1f} | 1.0x "
        f"| {r['teacher_macs']:,} | 0 |",
    ]
    for depth, accuracy in r["accuracy"].items():
        size = r["stored_bytes"][depth]
        lines.append(
            f"| student, depth {depth} | "
            + _accuracy(accuracy, r["interval"][depth])
            + f" | {r['one_bit_weights'][depth]:,} | {size / 1024:.1f} "
            f"| {r['teacher_stored_bytes'] / size:.1f}x "
            f"| {r['macs'][depth]:,} | {r['bit_macs'][depth]:,} |"
        )
    training = ", ".join(
        f"{stage} {epochs} epochs in {r['seconds'][stage]:.0f} s"
        for stage, epochs in r["epochs"].items()
    )
    versions = ", ".join(f"{k} {v}" for k, v in r["versions"].items())
    lines += [
        "",
        f"- test set: {r['test_clips']:,} clips",
        f"- command: `{r['command']}`",
        f"- seed {r['seed']}, commit {r['commit']}",
        f"- training: {training}",
        f"- {versions}",
    ]
    return "\n".join(lines) + "\n"


def _accuracy(accuracy, interval):
    return f"{accuracy:.2f} ({interval[0]:.1f} to {interval[1]:.1f})"


def _write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
