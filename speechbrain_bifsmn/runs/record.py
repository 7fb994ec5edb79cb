"""The record of a run: settings, networks, and checksums of its data.

By it, checkpoints are continued with the same settings and data only. It is
plain data, and all that ``bifsmn export`` and ``bifsmn publish`` need, so that
they need not run the hyperparameter file.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from hyperpyyaml import resolve_references
from hyperpyyaml.core import recursive_update
from ruamel.yaml import YAML
from tqdm import tqdm

from bifsmn_engine.files.checksum import sha256_of
from bifsmn_engine.files.json_object import read_object
from speechbrain_bifsmn.files.atomic import write_text
from speechbrain_bifsmn.runs.hparams import as_plain

NAME = "run.json"  # in the save_folder
# Settings that may change when a run is continued. So may places: data are
# compared by checksum.
ADJUSTABLE = (
    "teacher_epochs student_epochs batch_size num_workers device "
    "ckpt_interval_minutes"
).split()
PLACES = (
    "data_folder test_set synthetic_folder output_folder save_folder "
    "custom_corpus_folder rooms name task_name download restart teacher "
    "teacher_start large_teacher speech_embedding_weights student negatives "
    "export false_alarms_per_hour train_logger"
).split()
# Options of SpeechBrain that change what is learned, or how fast.
OPTIONS = (
    "device precision eval_precision grad_accumulation_factor max_grad_norm "
    "debug debug_batches debug_epochs"
).split()


def describe_run(
    path: str | Path,
    overrides: Mapping[str, Any],
    options: Mapping[str, Any],
    labels: Sequence[str],
) -> dict[str, Any]:
    """Gathers the record of a run, but for its data.

    Arguments
    ---------
    path : str | Path
        Its hyperparameter file.
    overrides : dict
        Values that override that file's, from the command line and from files
        based on it.
    options : dict
        SpeechBrain's options of the command line, as ``device``.
    labels : sequence of str
        The labels of the network's outputs.

    Returns
    -------
    dict
        Plain data: ``settings``, which must stay; ``adjustable``, which may
        change; ``networks``, ``features`` and ``export``, the options of
        these.
    """
    text = Path(path).read_text(encoding="utf-8")
    nodes = YAML().load(text)
    recursive_update(nodes, overrides)
    options = {name: options[name] for name in OPTIONS if name in options}
    given = {**as_plain(nodes), **options}
    left_out = {*ADJUSTABLE, *PLACES}
    resolved = resolve_references(StringIO(text), overrides)
    resolved = as_plain(YAML().load(resolved))
    return {
        "labels": list(labels),
        "settings": {k: v for k, v in given.items() if k not in left_out},
        "adjustable": {k: given[k] for k in ADJUSTABLE if k in given},
        "networks": {
            stage: resolved[f"{stage}_model"]
            for stage in ("teacher", "student")
        },
        "features": resolved["features"],
        "export": resolved["export"],
    }


def fingerprint(lists: Sequence[Path], root: str | Path) -> dict[str, str]:
    """Returns checksums of lists of audio files and of the files.

    Arguments
    ---------
    lists : sequence of Path
        CSV files with a column ``wav``.
    root : str | Path
        The folder that ``$data_root`` stands for in them.

    Returns
    -------
    dict
        By name of the list, the SHA-256 of its rows, in which that of each file
        stands for where it is.
    """
    found, known = {}, dict[str, str]()
    for path in lists:
        digest = hashlib.sha256()
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        for row in tqdm(rows, f"Checking {path.name}", unit="clip", delay=2):
            place = row["wav"].replace("$data_root", str(root))
            known[place] = known.get(place) or sha256_of(place)
            row |= {"ID": "", "wav": known[place]}  # the former has a path
            digest.update(json.dumps(row).encode())
        found[path.name] = digest.hexdigest()
    return found


def check_run(folder: str | Path, found: Mapping[str, Any]) -> None:
    """Raises ValueError where a run would continue with other settings.

    Arguments
    ---------
    folder : str | Path
        The ``save_folder``.
    found : dict
        What ``describe_run`` returns; ``data`` is compared where it is given.
    """
    if not _has_trained(folder):
        return
    began = read_record(folder)
    same = {**began["settings"], "labels": began["labels"]}
    new = {**found["settings"], "labels": found["labels"]}
    if _has_trained(folder, "student"):  # it has learned from that teacher
        same["teacher_epochs"] = began["adjustable"].get("teacher_epochs")
        new["teacher_epochs"] = found["adjustable"].get("teacher_epochs")
    for name in {**same, **new}:
        if same.get(name) != new.get(name):
            values = _short(same.get(name)), _short(new.get(name))
            raise _other(folder, name, *values)
    for name, value in found.get("data", {}).items():
        if value != began["data"].get(name):
            raise _other(folder, f"data ({name})", "the same", "others")


def keep_record(folder: str | Path, found: Mapping[str, Any]) -> None:
    """Writes the record, with the adjustments since the run began.

    Arguments
    ---------
    folder : str | Path
        The ``save_folder``.
    found : dict
        What ``describe_run`` returns, with all of its ``data``. The record's
        ``continued`` has an entry for each time the run was continued with
        adjusted options: ``{name: [before, after]}``.
    """
    continued = []
    if _has_trained(folder):
        began = read_record(folder)
        before, continued = began["adjustable"], began["continued"]
        changes = {
            name: [before.get(name), value]
            for name, value in found["adjustable"].items()
            if before.get(name) != value
        }
        continued += [changes] if changes else []
    record = {**found, "continued": continued}
    write_text(Path(folder) / NAME, json.dumps(record, indent=1) + "\n")


def _has_trained(folder, stage="*"):
    return any(Path(folder).glob(f"{stage}/CKPT*"))


def _other(folder, what, expected, found):
    return ValueError(
        f"{what}: expected {expected}, as the run in {folder} was trained "
        f"with, found {found}; to train anew give --restart=True (which moves "
        "that run aside) or another --output_folder"
    )


def _short(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."


def read_record(folder: str | Path) -> dict[str, Any]:
    """Reads the record of a run.

    Arguments
    ---------
    folder : str | Path
        The ``save_folder``.

    Returns
    -------
    dict
        What ``keep_record`` has written: plain data.
    """
    path = Path(folder) / NAME
    try:
        record = read_object(path)
        for name, kind in _KINDS.items():
            if not isinstance(record[name], kind):
                raise TypeError(name)
        labels = record["labels"]
        if not labels or not all(isinstance(label, str) for label in labels):
            raise TypeError("labels")
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f"{path}: expected the record of a run, found something else; give "
            "the folder of a run, or begin another"
        ) from None
    return record


_KINDS = {
    "labels": list,
    "settings": dict,
    "adjustable": dict,
    "networks": dict,
    "features": dict,
    "export": dict,
    "data": dict,
    "continued": list,
}
