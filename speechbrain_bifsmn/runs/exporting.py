"""The model file of a run that has trained its student."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from speechbrain import Brain
from speechbrain.dataio.dataloader import make_dataloader
from speechbrain.dataio.dataset import DynamicItemDataset

from bifsmn_engine.format import model_file
from bifsmn_engine.printable import printable
from speechbrain_bifsmn.evaluation.metrics import ClassificationStats
from speechbrain_bifsmn.files.owned import is_listed, owned_file
from speechbrain_bifsmn.operating_points.report import FILES
from speechbrain_bifsmn.runs.output import OWNER


def export_student(
    brain: Brain, dataset: DynamicItemDataset
) -> dict[str, Any] | None:
    """Writes ``model.bifsmn`` from the best student.

    From then on ``brain.stats`` are those of the file.

    Arguments
    ---------
    brain : KeywordBrain
        The student's, after its test.
    dataset : DynamicItemDataset
        The test set, on which file and network are compared.

    Returns
    -------
    dict | None
        What was written; None where the student cannot be deployed.
    """
    hparams = brain.hparams
    features, targets = [], []
    for batch in make_dataloader(dataset, batch_size=hparams.batch_size):
        wav = batch.sig.data.to(brain.device)
        features.append(brain.modules.features(wav).cpu())
        targets.append(batch.target)
    path = Path(hparams.output_folder) / "model.bifsmn"
    try:
        with owned_file(path, OWNER) as place:
            exported = hparams.export(
                *(hparams.student_model, place),
                *(hparams.labels, torch.cat(features)),
            )
            tuned = is_tuned(path, place)
            if tuned:
                shutil.copyfile(path, place)
    except ValueError as error:
        print(f"No file for devices: {printable(error)}")
        return None
    if not tuned:
        discard_tuning(path.parent)
    brain.stats = [ClassificationStats(hparams.labels) for _ in brain.thinnings]
    for thinning, stats in zip(brain.thinnings, brain.stats, strict=True):
        stats.append(exported.logits[thinning], torch.cat(targets))
    return {
        "file": path.name,
        "bytes": exported.bytes,
        "engine": exported.engine,
    }


def is_tuned(path: Path, new: Path) -> bool:
    """Whether two model files differ in thresholds and smoothing at most.

    Arguments
    ---------
    path : Path
        A model file; False where it is none, or damaged, or of another version.
    new : Path
        A model file to compare with.

    Example
    -------
    >>> from bifsmn_engine.pretrained import MODEL
    >>> is_tuned(MODEL, MODEL)
    True
    """
    if not path.is_file():
        return False
    try:
        old = model_file.read(path)
    except ValueError:
        return False
    untuned = model_file.read(new)
    config = old.config._replace(smoothing=untuned.config.smoothing)
    old = old._replace(config=config, thresholds=untuned.thresholds)
    return model_file.to_bytes(old) == model_file.to_bytes(untuned)


def discard_tuning(folder: Path) -> None:
    """Removes the results of ``tune`` for a model that is replaced.

    Arguments
    ---------
    folder : Path
        The folder of a run. Files that are not listed in its marker, or have
        changed, stay.
    """
    for name in FILES:
        if is_listed(folder / name):
            (folder / name).unlink()
            print(f"{name} was of another model, and is removed: tune again")
