"""Everything that ``evaluation.json`` holds of a model, in one pass."""

import platform
import zlib
from importlib.metadata import version
from pathlib import Path

from tqdm import tqdm

from bifsmn_engine.format import model_file
from bifsmn_engine.loading import find_model
from speechbrain_bifsmn.evaluation.accuracy import evaluate
from speechbrain_bifsmn.evaluation.clips import read_test_clips
from speechbrain_bifsmn.evaluation.false_alarms import false_alarms
from speechbrain_bifsmn.evaluation.robustness import Robustness
from speechbrain_bifsmn.evaluation.systems import systems_of
from speechbrain_bifsmn.runs.report import git_commit

PACKAGES = ("speechbrain-bifsmn", "speechbrain", "torch", "numpy", "soundfile")


def evaluate_model(model, data, robustness=False, negatives=None, command=""):
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
        What it takes to repeat this.

    Returns
    -------
    dict
        Plain data.
    """
    path = find_model(model)
    systems = systems_of(path)
    last = systems[-1]
    test_set = read_test_clips(
        data, last.model.labels, last.model.window_samples
    )
    robust = Robustness(last, test_set.read_noise()) if robustness else None
    with tqdm(total=len(test_set.rows), desc="Clips", unit="clip") as bar:

        def each_batch(clips):
            if robust:
                robust.add(clips)
            bar.update(len(clips))

        found = evaluate(systems, test_set, each_batch)
    result = {
        "data": test_set.folder.resolve().name,
        **_said(test_set),
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
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in PACKAGES},
        },
    }


def _said(test_set):
    """What the test clips are, and what is not among them."""
    return {
        "labels": test_set.labels,
        "test_set": test_set.source,
        "absent_labels": test_set.absent,
        "missing_clips": len(test_set.missing),
    }


def describe(path):
    """Returns what tells one model file from another.

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
