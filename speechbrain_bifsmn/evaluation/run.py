"""The evaluation of a model file, in one pass: ``evaluation.json``."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

from tqdm import tqdm

from bifsmn_engine.format import model_file
from bifsmn_engine.loading import find_model
from speechbrain_bifsmn.evaluation.accuracy import evaluate
from speechbrain_bifsmn.evaluation.clips import read_test_clips
from speechbrain_bifsmn.evaluation.false_alarms import false_alarms
from speechbrain_bifsmn.evaluation.robustness import Robustness
from speechbrain_bifsmn.evaluation.systems import systems_of
from speechbrain_bifsmn.provenance import git_commit, versions

PACKAGES = ("speechbrain-bifsmn", "speechbrain", "torch", "numpy", "soundfile")


def evaluate_model(
    model: str | Path,
    data: str | Path,
    robustness: bool = False,
    negatives: str | Path | None = None,
    command: str = "",
    test_set: str | Path = "",
) -> dict[str, Any]:
    """Evaluates a model file on the test clips of a folder.

    Arguments
    ---------
    model : str | Path
        A ``.bifsmn`` file, or a folder with ``model.bifsmn``.
    data : str | Path
        A folder in Speech Commands' layout.
    robustness : bool
        Whether to distort the clips as well, and to compare speakers.
    negatives : str | Path, optional
        A folder of audio without keywords, to count false alarms in.
    command : str
        The command line that repeats this, for the record.
    test_set : str | Path
        The folder of the official test set, where it is not beside ``data``.

    Returns
    -------
    dict
        The content of ``evaluation.json``: plain data.
    """
    path = find_model(model)
    systems = systems_of(path)
    last = systems[-1]
    clip_set = read_test_clips(
        data, last.model.labels, last.model.window_samples, test_set
    )
    robust = Robustness(last, clip_set.read_noise()) if robustness else None
    with tqdm(total=len(clip_set.rows), desc="Clips", unit="clip") as bar:

        def each_batch(clips):
            if robust:
                robust.add(clips)
            bar.update(len(clips))

        found = evaluate(systems, clip_set, each_batch)
    result = {
        "data": clip_set.folder.resolve().name,
        **_describe_test_set(clip_set),
        **found,
    }
    if robust:
        result["robustness"] = robust.results()
        result["speakers"] = robust.speakers()
    if negatives:
        result["false_alarms"] = false_alarms(last.model, negatives)
    return result | {
        "model": describe(path),
        "engine": last.model.isa if last.name == "engine" else None,
        "commit": git_commit(Path(__file__).parent),
        "command": command,
        "versions": versions(PACKAGES),
    }


def _describe_test_set(clip_set):
    """Returns where the test clips are from, and which are missing."""
    return {
        "labels": clip_set.labels,
        "test_set": clip_set.source,
        "absent_labels": clip_set.absent,
        "missing_clips": len(clip_set.missing),
    }


def describe(path: Path) -> dict[str, Any]:
    """Identifies a model file: size, CRC-32, name and provenance.

    Arguments
    ---------
    path : Path
        A ``.bifsmn`` file.

    Returns
    -------
    dict
        Plain data.
    """
    content, model = path.read_bytes(), model_file.read(path)
    return {
        "file": path.name,
        "bytes": len(content),
        "crc32": f"{zlib.crc32(content):08x}",
        "name": model.name,
        "provenance": model.provenance,
    }
