"""The file for devices of a run that has trained its student."""

from pathlib import Path

import torch
from speechbrain.dataio.dataloader import make_dataloader

from speechbrain_bifsmn.files.owned import owned_file
from speechbrain_bifsmn.runs.output import OWNER
from speechbrain_bifsmn.utils.metrics import ClassificationStats


def export_student(brain, dataset):
    """Writes ``model.bifsmn`` from the best student.

    From then on ``brain.stats`` are those of the deployed network.

    Arguments
    ---------
    brain : KeywordBrain
        After its test.
    dataset : DynamicItemDataset
        The test set, on which the two are compared.

    Returns
    -------
    dict | None
        How they differ; None where the student is not truly one bit.
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
    except ValueError as error:
        print(f"No file for devices: {error}")
        return None
    training_graph = brain.accuracies()
    brain.stats = [ClassificationStats(hparams.labels) for _ in brain.depths]
    for depth, stats in zip(brain.depths, brain.stats, strict=True):
        stats.append(exported.logits[depth], torch.cat(targets))
    return {
        "file": path.name,
        "bytes": exported.bytes,
        "training_graph_accuracy": training_graph,
        "changed_decisions": {str(d): n for d, n in exported.changed.items()},
        "engine": exported.engine,
    }
