"""Soft targets of a larger teacher, computed once for all epochs."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import speechbrain as sb
from speechbrain.dataio.dataloader import make_dataloader
from speechbrain.dataio.dataset import DynamicItemDataset
from speechbrain.utils.distributed import run_on_main
from tqdm import tqdm

from speechbrain_bifsmn.core import KeywordBrain
from speechbrain_bifsmn.dataio.kept_inputs import (
    CopySampler,
    KeptDataset,
    KeptInputs,
)


def keep_inputs(
    brain: KeywordBrain,
    stage: sb.Stage,
    dataset: DynamicItemDataset,
    folder: str | Path,
    copies: int,
    loader: Mapping[str, Any],
) -> KeptDataset:
    """Lets a Brain's teacher hear clips, or reads what it has heard before.

    Arguments
    ---------
    brain : KeywordBrain
        With its teacher; clips are augmented by its modules.
    stage : sb.Stage
        VALID leaves clips as they are, TRAIN augments them.
    dataset : DynamicItemDataset
        Clips, from ``keyword_dataset``.
    folder : str | Path
        For one file of each copy. Files that are there are not made again.
    copies : int
        How many.
    loader : dict
        Options of the loader; a sampler has its ``set_epoch`` called with the
        number of each copy.

    Returns
    -------
    KeptDataset
        One copy after the other.
    """
    folder = Path(folder)
    name = stage.name.lower()
    paths = [folder / f"{name}_{n}.safetensors" for n in range(copies)]
    run_on_main(_keep_missing, args=[brain, stage, dataset, paths, loader])
    return KeptDataset(KeptInputs.joined([KeptInputs.load(p) for p in paths]))


def _keep_missing(brain, stage, dataset, paths, loader):
    missing = [path for path in paths if not path.exists()]
    if not missing:
        return
    paths[0].parent.mkdir(exist_ok=True)
    brain.modules.train(stage == sb.Stage.TRAIN)
    batches = make_dataloader(dataset, **loader)
    for path in tqdm(
        missing,
        f"the large teacher hears the {stage.name.lower()} clips",
        unit="copy",
        disable=brain.noprogressbar,
    ):
        number = paths.index(path)
        brain.seed(number, "copies")
        if hasattr(batches.sampler, "set_epoch"):
            batches.sampler.set_epoch(number)
        few = islice(batches, brain.debug_batches if brain.debug else None)
        heard = [brain.keep(batch) for batch in few]
        KeptInputs.joined(heard).save(path)


def learn_from(brain: KeywordBrain, name: str) -> None:
    """Gives a Brain one of its hyperparameters' teachers to learn from.

    Arguments
    ---------
    brain : KeywordBrain
        Of the network that learns.
    name : str
        "teacher" or "large_teacher".
    """
    model = getattr(brain.hparams, f"{name}_model")
    features = getattr(brain.hparams, f"{name}_features")
    brain.teacher = model.eval().requires_grad_(False).to(brain.device)
    brain.teacher_features = features.to(brain.device)


def keep_copies(
    brain: KeywordBrain,
    hparams: Mapping[str, Any],
    data: Mapping[str, DynamicItemDataset],
    loader: Mapping[str, Any],
) -> tuple[dict[str, KeptDataset], dict[str, Any]]:
    """Lets the large teacher hear the clips once.

    Arguments
    ---------
    brain : KeywordBrain
        With the large teacher; clips are augmented by its modules.
    hparams : dict
        Of the recipe; copies are kept in its ``save_folder``.
    data : dict
        Clips, "train" and "valid", from ``keyword_dataset``.
    loader : dict
        Options of the loader of the training clips.

    Returns
    -------
    heard : dict
        What it heard, "train" and "valid".
    order : dict
        The loader's options for the order of the training clips.
    """
    if hparams["teacher_features"] is not hparams["features"]:
        raise ValueError(
            "large_teacher_copies: expected the student's features for the "
            "teacher too, found other teacher_features; give "
            "--large_teacher_copies=0"
        )
    copies, seed = hparams["large_teacher_copies"], hparams["seed"]
    folder = Path(hparams["save_folder"], "kept")
    in_order = {name: loader[name] for name in ("batch_size", "num_workers")}
    train = keep_inputs(
        brain, sb.Stage.TRAIN, data["train"], folder, copies, loader
    )
    valid = keep_inputs(
        brain, sb.Stage.VALID, data["valid"], folder, 1, in_order
    )
    sampler = CopySampler(len(train) // copies, copies, seed)
    return {"train": train, "valid": valid}, {"sampler": sampler}
