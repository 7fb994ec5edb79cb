"""What a finished run of the recipe has left in its results folder."""

import csv
import json
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from ruamel.yaml import YAML

from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
from speechbrain_bifsmn.lobes.models.dfsmn import DFSMN
from speechbrain_bifsmn.utils.checkpoints import (
    AtomicCheckpointer,
    load_weights,
)

NEEDED = (
    "results.json",
    "hyperparams.yaml",
    "model.bifsmn",
    "save/teacher.ckpt",
    "save/student",
    "save/manifest/train.csv",
)
SPLITS = {"train": "training", "valid": "validation", "test": "test"}


class RunFolder(NamedTuple):
    """A results folder, which holds what ``NEEDED`` says."""

    path: Path
    results: dict
    sizes: dict  # options of the networks by stage, "classes" among them

    def student(self):
        """Returns the student with the weights of its best epoch."""
        student = BiDFSMN(**self.sizes["student"]).eval()
        checkpointer = AtomicCheckpointer(
            self.path / "save" / "student", {"model": student}
        )
        best = checkpointer.find_checkpoint(max_key="accuracy")
        if best is None:
            raise ValueError(
                f"expected checkpoints in {self.path / 'save' / 'student'}, "
                "found none; give the folder of a run that has trained"
            )
        load_weights(student, best.paramfiles["model"])
        return student

    def teacher(self):
        """Returns the full-precision teacher."""
        teacher = DFSMN(**self.sizes["teacher"]).eval()
        load_weights(teacher, self.path / "save" / "teacher.ckpt")
        return teacher

    def data(self):
        """Counts clips and speakers by split, from the manifests."""
        splits, speakers = {}, []
        for split, name in SPLITS.items():
            path = self.path / "save" / "manifest" / f"{split}.csv"
            with open(path, newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            speakers.append({row["speaker"] for row in rows if row["speaker"]})
            splits[name] = {
                "clips": len(rows),
                "speakers": len(speakers[-1]),
                "labels": Counter(row["label"] for row in rows),
            }
        known = Counter(who for split in speakers for who in split)
        return {
            "splits": splits,
            "speakers_in_two_splits": sum(n > 1 for n in known.values()),
        }


def open_run(folder):
    """Looks whether a run has finished.

    Arguments
    ---------
    folder : str | Path
        The ``output_folder`` of ``train.py``.

    Returns
    -------
    RunFolder
    """
    folder = Path(folder)
    missing = [name for name in NEEDED if not (folder / name).exists()]
    if missing:
        raise FileNotFoundError(
            f"expected the results folder of a finished run, found no "
            f"{', '.join(missing)} in {folder}; give the output_folder of "
            "train.py, and train a student in one bit"
        )
    text = (folder / "results.json").read_text(encoding="utf-8")
    results = json.loads(text)
    nodes = YAML().load(
        (folder / "hyperparams.yaml").read_text(encoding="utf-8")
    )
    # The classes are a reference in the YAML file; all else is plain numbers.
    classes = {"classes": len(results["labels"])}
    sizes = {
        stage: {**nodes[f"{stage}_model"], **classes}
        for stage in ("student", "teacher")
    }
    return RunFolder(folder, results, sizes)
