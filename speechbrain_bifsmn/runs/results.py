"""The results of a run, ``results.json`` and ``results.md``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bifsmn_engine.printable import code_span, markdown
from speechbrain_bifsmn.files.owned import owned_file
from speechbrain_bifsmn.runs.output import OWNER

REQUIRED = (
    "task data labels seed commit command yaml test_clips teacher_accuracy "
    "teacher_interval teacher_stored_bytes teacher_macs epochs seconds versions"
).split()
BY_THINNING = (
    "accuracy interval valid_accuracy parameters one_bit_weights macs "
    "binary_macs bit_macs stored_bytes scale_bytes"
).split()
REQUIRED += BY_THINNING


def write_results(folder: str | Path, results: Mapping[str, Any]) -> str:
    """Writes ``results.json`` and ``results.md``.

    Arguments
    ---------
    folder : str | Path
        The output folder of the run.
    results : dict
        With the keys ``REQUIRED``, all plain data; those of ``BY_THINNING`` are
        dicts by thinning: "1", "2" and "4".

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
    for key in BY_THINNING:
        if list(results[key]) != thinnings:
            found = ", ".join(results[key]) or "none"
            raise ValueError(
                f"results: expected {key} at the thinnings "
                f"{', '.join(thinnings)} of accuracy, found {found}; count and "
                "evaluate the same thinnings"
            )


def as_markdown(results: Mapping[str, Any]) -> str:
    """Formats ``results.md``: a table, and how to repeat the run."""
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
    test_set = markdown(r.get("test_set") or "test set")
    lines += [
        "",
        f"- {test_set}: {r['test_clips']:,} clips",
        *(_exported(r["exported"]) if r.get("exported") else ()),
        f"- command: `{code_span(r['command'])}`",
        f"- seed {r['seed']}, commit {r['commit']}",
        f"- training: {training}",
        *map(_continued, r.get("continued", ())),
        f"- {versions}",
    ]
    return "\n".join(lines) + "\n"


def _continued(changes):
    options = ", ".join(
        f"{name} {after} (before: {before})"
        for name, (before, after) in changes.items()
    )
    return f"- went on with {options}"


def _exported(e):
    engine = e["engine"]
    if engine != "not installed":
        engine = f"bit-exact on {engine}"
    yield (
        f"- the student is the file `{e['file']}` of {e['bytes']:,} bytes, bit "
        f"by bit; engine: {engine}"
    )


def _accuracy(accuracy, interval):
    return f"{accuracy:.2f} ({interval[0]:.1f} to {interval[1]:.1f})"
