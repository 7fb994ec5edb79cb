"""The results folder of a run of the recipe, read as data.

The folder may be untrusted: nothing in it is run, and no link out of it is
followed.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from bifsmn_engine.files.inside import inside
from bifsmn_engine.format.bounds import WHOLE
from bifsmn_engine.numeric import is_within
from speechbrain_bifsmn.lobes.features import LogMel
from speechbrain_bifsmn.lobes.models.bcresnet import BCResNet
from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
from speechbrain_bifsmn.lobes.models.dfsmn import DFSMN
from speechbrain_bifsmn.lobes.models.input_scaling import SCALINGS
from speechbrain_bifsmn.lobes.models.speech_embedding import SpeechEmbedding
from speechbrain_bifsmn.runs import record
from speechbrain_bifsmn.runs.weights import load_weights

STUDENT, TEACHER = "save/student.safetensors", "save/teacher.safetensors"
LARGE_TEACHER = "save/large_teacher.safetensors"  # of runs that had one
NEEDED = (
    "results.json",
    "model.bifsmn",
    f"save/{record.NAME}",
    TEACHER,
    STUDENT,
    *(f"save/manifest/{split}.csv" for split in ("train", "valid", "test")),
)
SPLITS = {"train": "training", "valid": "validation", "test": "test"}
_EXPORTED = {
    "name": str,
    "licence": str,
    "provenance": str,
    "threshold": int | float,
    "smoothing": int,
}
# Options of networks and front ends whose names in a model file differ.
_NAMES = {"n_mels": "mels", "hop_length": "hop"}
_REAL = ("f_min", "f_max", "power_floor")
MAX_SCALE = 16  # of a BC-ResNet; the paper's largest is 8


class RunFolder(NamedTuple):
    """A results folder and its record, as from ``read_record``."""

    path: Path
    record: dict[str, Any]

    @property
    def labels(self) -> list[str]:
        """The labels, in the order of the outputs."""
        return self.record["labels"]

    def sizes(self, stage: str) -> dict[str, Any]:
        """Returns the options of the "student" or "teacher" network."""
        made = self.record["networks"].get(stage)
        options = self._options(made, _NETWORKS[stage])
        options = {**options, "classes": len(self.labels)}
        self._check_option("classes", options["classes"])
        return options

    def student(self) -> BiDFSMN:
        """Returns the 1-bit network with the weights of its best epoch."""
        return self._network("student", STUDENT)

    def teacher(self) -> torch.nn.Module:
        """Returns the full-precision teacher, of whatever architecture."""
        return self._network("teacher", TEACHER)

    def features(self) -> LogMel:
        """Returns the front end."""
        options = self._options(self.record["features"], (LogMel,))
        return self._made(LogMel, options)

    def export_options(self) -> dict[str, Any]:
        """Returns the run's options of ``export``, by name."""
        options = next(iter(self.record["export"].values()), None)
        options = options if isinstance(options, dict) else {}
        found = {}
        for name, kind in _EXPORTED.items():
            if name in options:
                found[name] = value = options[name]
                if not isinstance(value, kind):
                    raise self._odd(f"another {name}", value)
        return found

    def data(self) -> dict[str, Any]:
        """Counts clips and speakers by split, from the manifests."""
        splits, speakers = {}, []
        for split, name in SPLITS.items():
            rows = self._rows(split)
            speakers.append({who for _, who in rows if who})
            splits[name] = {
                "clips": len(rows),
                "speakers": len(speakers[-1]),
                "labels": Counter(label for label, _ in rows),
            }
        known = Counter(who for split in speakers for who in split)
        return {
            "splits": splits,
            "speakers_in_two_splits": sum(n > 1 for n in known.values()),
        }

    def large_teacher(self) -> str:
        """Returns the SHA-256 of a larger teacher's weights, or nothing."""
        data = self.record.get("data")
        found = data.get("large_teacher") if isinstance(data, dict) else ""
        is_hash = re.fullmatch("[0-9a-f]{64}", str(found))
        return str(found) if is_hash else ""

    def _rows(self, split):
        """Returns label and speaker of each clip of a split."""
        path = inside(self.path, f"save/manifest/{split}.csv")
        try:
            with open(path, newline="", encoding="utf-8") as file:
                rows = csv.DictReader(file)
                return [(row["label"], row["speaker"]) for row in rows]
        except (csv.Error, KeyError, ValueError):
            raise ValueError(
                f"{path}: expected a list of clips as train.py writes it, "
                "found something else; give another run"
            ) from None

    def _network(self, stage, weights):
        sizes = self.sizes(stage)  # of a known kind
        tags = {_tag(kind): kind for kind in _NETWORKS[stage]}
        kind = tags[next(iter(self.record["networks"][stage]))]
        network = self._made(kind, sizes).eval()
        load_weights(network, inside(self.path, weights))
        return network

    def _options(self, made, kinds):
        """Returns the options that one of ``kinds`` was made with."""
        names = list(map(_tag, kinds))
        tag = next(iter(made), None) if isinstance(made, dict) else None
        if tag not in names:
            raise ValueError(
                f"{self.path}: expected a run with {' or '.join(names)}, found "
                f"{tag}; export it in the program that trained it"
            )
        options = made[tag] or {}
        if not isinstance(options, dict):
            raise self._odd(f"options of {tag}", options)
        # In a record, classes are what would count the labels; weights are a
        # file that training began with.
        left_out = ("classes", "weights")
        options = {n: v for n, v in options.items() if n not in left_out}
        for name, value in options.items():
            self._check_option(name, value)
        return options

    def _check_option(self, name, value):
        """Refuses what no model file holds: it may be huge."""
        if name in _REAL:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise self._odd(f"a number for {name}", value)
            return
        if name == "input_reference":
            if value not in [*SCALINGS]:
                raise self._odd(f"one of {', '.join(SCALINGS)}", value)
            return
        if name == "scale":
            if not is_within(value, 0, MAX_SCALE):
                raise self._odd(f"a scale of up to {MAX_SCALE}", value)
            return
        if name == "taps":
            rule = range(8)
            holds = isinstance(value, list) and len(value) == 2
            holds = holds and all(taps in rule for taps in value)
        else:
            name_in_file = _NAMES.get(name, name)
            if name_in_file not in WHOLE:
                return
            rule = WHOLE[name_in_file]
            if name == "frames":  # of a teacher, any number
                rule = range(rule[0], rule[-1] + 1)
            holds = isinstance(value, int) and value in rule
        if not holds:
            raise self._odd(f"{name} of {rule[0]} to {rule[-1]}", value)

    def _odd(self, expected, found):
        return ValueError(
            f"{self.path}: expected {expected}, found {found!r:.60} in its "
            f"{record.NAME}; give another run"
        )

    def _made(self, kind, options):
        try:
            return kind(**options)
        except (TypeError, RuntimeError) as error:
            raise self._odd(f"options of {kind.__name__}", str(error)) from None


_NETWORKS = {
    "student": (BiDFSMN,),
    "teacher": (DFSMN, BCResNet, SpeechEmbedding),
}


def _tag(kind):
    return f"!new:{kind.__module__}.{kind.__qualname__}"


def open_run(folder: str | Path, needed: Sequence[str] = NEEDED) -> RunFolder:
    """Opens the results folder of a run.

    Arguments
    ---------
    folder : str | Path
        The ``output_folder`` of ``train.py``.
    needed : sequence of str
        Files that must exist; by default, those of a finished run.

    Returns
    -------
    RunFolder
    """
    folder = Path(folder)
    missing = [name for name in needed if not inside(folder, name).is_file()]
    if missing:
        raise FileNotFoundError(
            f"expected the results folder of a run, found no "
            f"{', '.join(missing)} in {folder}; give the output_folder of "
            "train.py, and let it train a student in one bit"
        )
    return RunFolder(folder, record.read_record(inside(folder, "save")))
