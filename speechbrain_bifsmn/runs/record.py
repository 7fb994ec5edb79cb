"""What a run is: written with its checkpoints, so that it continues only that.

The record is plain data. It also tells ``bifsmn export`` and ``bifsmn publish``
all that they need, so that they need not run the hyperparameter file.
"""

import csv
import hashlib
import json
from io import StringIO
from pathlib import Path

from hyperpyyaml import resolve_references
from hyperpyyaml.core import recursive_update
from ruamel.yaml import YAML
from tqdm import tqdm

from bifsmn_engine.files.checksum import sha256_of
from bifsmn_engine.files.json_object import read_object
from speechbrain_bifsmn.files.atomic import write_text
from speechbrain_bifsmn.runs.hparams import as_plain

NAME = "run.json"  # in the save_folder
# What may change while a run goes on. Of data, the fingerprint counts, and not
# where they are.
ADJUSTABLE = (
    "teacher_epochs student_epochs batch_size num_workers device "
    "ckpt_interval_minutes"
).split()
PLACES = (
    "data_folder synthetic_folder output_folder save_folder custom_corpus_folder "
    "rooms name task_name download restart teacher export train_logger"
).split()
# SpeechBrain's own options that change what is learned, or how fast.
OPTIONS = (
    "device precision eval_precision grad_accumulation_factor max_grad_norm "
    "debug debug_batches debug_epochs"
).split()


def describe_run(path, overrides, options, labels):
    """Gathers what a run is, before it has looked at any data.

    Arguments
    ---------
    path : str | Path
        Its hyperparameter file.
    overrides : dict
        What the command line and files based on it change in that.
    options : dict
        SpeechBrain's options of the command line, as ``device``.
    labels : sequence of str
        Of the network's outputs.

    Returns
    -------
    dict
        Plain data. ``settings`` must stay, ``adjustable`` may change;
        ``networks``, ``features`` and ``export`` are the options of these.
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


def fingerprint(lists, root):
    """Returns what changes when lists of audio files do, or the files.

    Arguments
    ---------
    lists : sequence of Path
        CSV files with a column ``wav``.
    root : str | Path
        Stands for ``$data_root`` in them.

    Returns
    -------
    dict
        SHA-256 of a list and of all that it names, by name.
    """
    found, known = {}, {}
    for path in lists:
        digest = hashlib.sha256(path.read_bytes())
        with open(path, newline="", encoding="utf-8") as file:
            wavs = dict.fromkeys(row["wav"] for row in csv.DictReader(file))
        for wav in tqdm(wavs, f"Checking {path.name}", unit="file", delay=2):
            place = wav.replace("$data_root", str(root))
            known[place] = known.get(place) or sha256_of(place)
            digest.update(known[place].encode())
        found[path.name] = digest.hexdigest()
    return found


def check_run(folder, found):
    """Refuses to go on with something else than what was trained with.

    Arguments
    ---------
    folder : str | Path
        The ``save_folder``.
    found : dict
        Of ``describe_run``; what there is of ``data`` is compared as well.
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


def keep_record(folder, found):
    """Writes the record, with what was adjusted since the run began.

    Arguments
    ---------
    folder : str | Path
        The ``save_folder``.
    found : dict
        As for ``check_run``, with all of its ``data``. The record's
        ``continued`` lists how often the run went on with adjusted options:
        ``{name: [before, after]}``.
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
    record = found | {"continued": continued}
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


def read_record(folder):
    """Reads the record of a run.

    Arguments
    ---------
    folder : str | Path
        The ``save_folder``.

    Returns
    -------
    dict
        As of ``continue_run``.
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
