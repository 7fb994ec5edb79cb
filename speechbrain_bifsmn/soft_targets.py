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
from speechbrain_bifsmn.dataio.kept_inputs import KeptDataset, KeptInputs


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
