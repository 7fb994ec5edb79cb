"""Publishes a finished run as a folder that is a complete hub repository.

``speechbrain_bifsmn/pretrained`` holds one, whose ``STATIC`` files are copied
into every other.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from speechbrain.dataio.encoder import CategoricalEncoder

from bifsmn_engine.detection import of_keywords
from bifsmn_engine.files.inside import inside
from bifsmn_engine.files.json_object import read_object
from bifsmn_engine.format import model_file
from bifsmn_engine.format.layout import front_end_options
from speechbrain_bifsmn.deploy.features import DeployedLogMel
from speechbrain_bifsmn.deploy.folding import fold
from speechbrain_bifsmn.evaluation.run import describe
from speechbrain_bifsmn.files.atomic import write_text
from speechbrain_bifsmn.files.owned import MARKER, check_owned, owned_folder
from speechbrain_bifsmn.lobes.features import LogMel
from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
from speechbrain_bifsmn.pretrained import FOLDER
from speechbrain_bifsmn.publishing.card import make_card
from speechbrain_bifsmn.publishing.loading import check_loads
from speechbrain_bifsmn.runs.folder import LARGE_TEACHER, open_run
from speechbrain_bifsmn.runs.weights import (
    halve_weights,
    load_weights,
    save_weights,
)

STATIC = ("hyperparams.yaml", "custom_interface.py", "LICENSE")
COPIED = ("model.bifsmn", "results.json")
# Written by `bifsmn evaluate` and `bifsmn tune`; copied where they exist.
MEASURED = (
    "evaluation.json",
    "noise.png",
    "tune.json",
    "det.png",
    "keywords.png",
)
MADE = (
    "label_encoder.txt",
    "student.safetensors",
    "teacher.safetensors",
    "large_teacher.safetensors",
    "data.json",
    "engine.json",
    "README.md",
    "samples",
)
OWNER = "publish"
FRONT_END = "DeployedLogMel"  # the last word of its line in hyperparams.yaml


def publish(
    run: str | Path,
    out: str | Path,
    samples: Sequence[str | Path] = (),
    note: str = "",
    benchmark: str | Path | None = None,
) -> dict[str, int]:
    """Writes a hub-shaped folder, whole or not at all.

    Before it is put in place, a separate process loads it with SpeechBrain's
    ``EncoderClassifier`` and with ``KeywordSpotter``, and the student's weights
    are folded again (batch-norm and threshold folding), which must give the
    model file byte by byte.

    Arguments
    ---------
    run : str | Path
        The ``output_folder`` of ``train.py``. What ``bifsmn tune`` and
        ``bifsmn evaluate`` have written into it is published as well.
    out : str | Path
        New, empty, or published before; then it is replaced.
    samples : sequence of str | Path
        Clips to put into the folder ``samples``.
    note : str
        A remark on the data, for the card.
    benchmark : str | Path, optional
        Results of ``python -m benchmarks.engine``, for the card.

    Returns
    -------
    dict
        Sizes in bytes by name.
    """
    finished, out = open_run(run), Path(out).absolute()
    if out.exists():
        check_owned(out, OWNER)  # before the minutes of work
    with owned_folder(out, OWNER) as folder:
        _fill(folder, finished, samples, note, benchmark)
        _check_student(folder, finished.sizes("student"))
        check_loads(folder)
    return sizes_of(out)


def sizes_of(folder: Path) -> dict[str, int]:
    """Returns the sizes of a folder's files in bytes, by name."""
    paths = folder.rglob("*")
    files = sorted(p for p in paths if p.is_file() and p.name != MARKER)
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in files
    }


def _fill(folder, run, samples, note, benchmark):
    for name in STATIC:
        shutil.copyfile(FOLDER / name, folder / name)
    for name in (*COPIED, *MEASURED):
        if (path := inside(run.path, name)).is_file():
            shutil.copyfile(path, folder / name)
    if benchmark:
        shutil.copyfile(benchmark, folder / "engine.json")
    _check_measured(folder)
    _write_front_end(folder)
    encoder = CategoricalEncoder()
    encoder.update_from_iterable(run.labels, sequence_input=False)
    encoder.save(folder / "label_encoder.txt")
    save_weights(run.student(), folder / "student.safetensors")
    save_weights(run.teacher(), folder / "teacher.safetensors", torch.float16)
    larger = inside(run.path, LARGE_TEACHER)
    if larger.is_file():
        halve_weights(larger, folder / "large_teacher.safetensors")
    networks = {stage: run.sizes(stage) for stage in ("student", "teacher")}
    data = {**run.data(), "note": note, "networks": networks}
    if larger := run.large_teacher():
        data["large_teacher"] = larger
    write_text(folder / "data.json", json.dumps(data, indent=1) + "\n")
    _copy_samples(folder / "samples", [Path(sample) for sample in samples])
    write_text(folder / "README.md", _card(folder))


def _copy_samples(folder, samples):
    for sample in samples:
        folder.mkdir(exist_ok=True)
        if not sample.is_file():  # a device gives bytes without end
            raise FileNotFoundError(
                f"samples: expected files, found none at {sample}; name clips"
            )
        if (folder / sample.name).exists():
            raise ValueError(
                f"samples: expected files of different names, found "
                f"{sample.name} twice; rename one"
            )
        shutil.copyfile(sample, folder / sample.name)


def _card(folder):
    try:
        return make_card(folder)
    except (LookupError, TypeError, AttributeError, StopIteration) as error:
        raise ValueError(
            "expected results.json and others as train.py and bifsmn write "
            f"them, found some that lack or change {error}; write them again"
        ) from error


def _check_measured(folder):
    """Refuses measurements of another model file."""
    if (folder / "evaluation.json").is_file():
        _check_evaluation(folder)
    if (folder / "tune.json").is_file():
        _check_tuning(folder)


def _check_tuning(folder):
    model = model_file.read(folder / "model.bifsmn")
    stored = of_keywords(model.labels, model.thresholds)
    try:
        tuned = read_object(folder / "tune.json")
        thresholds = {
            keyword: float(np.float32(threshold))
            for keyword, threshold in tuned["thresholds"].items()
        }
        point = thresholds, tuned["smoothing"]
        same = point == (stored, model.config.smoothing)
    except (ValueError, KeyError, TypeError, AttributeError):
        same = False
    if not same:
        raise ValueError(
            "tune.json: expected the thresholds and smoothing of model.bifsmn, "
            "found others; tune it again"
        )


def _check_evaluation(folder):
    try:
        measured = read_object(folder / "evaluation.json")["model"]["crc32"]
    except (ValueError, KeyError, TypeError):
        measured = "something else"
    found = describe(folder / "model.bifsmn")["crc32"]
    if measured != found:
        raise ValueError(
            f"evaluation.json: expected figures of the model file {found} "
            f"(CRC-32), found those of {measured}; evaluate it again"
        )


def _write_front_end(folder):
    """Writes the front end's options into the YAML file, but for defaults.

    They take the place of those of the model that comes with the package.
    """
    config = model_file.read(folder / "model.bifsmn").config
    default = DeployedLogMel()
    found = {
        name: value
        for name, value in front_end_options(config).items()
        if value != getattr(default, name)
    }
    path = folder / "hyperparams.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    at = next(k for k, line in enumerate(lines) if line.endswith(FRONT_END))
    indented = takewhile(lambda line: line[0] == " ", lines[at + 1 :])
    end = at + 1 + len([*indented])
    lines[at + 1 : end] = [f"    {k}: {v}" for k, v in found.items()]
    write_text(path, "\n".join(lines) + "\n")


def _check_student(folder, sizes):
    """Checks that folding the published weights gives the model file."""
    path = folder / "model.bifsmn"
    stored = model_file.read(path)
    student = BiDFSMN(**sizes).eval()
    load_weights(student, folder / "student.safetensors")
    config = stored.config
    options: dict[str, Any] = front_end_options(config)
    folded = fold(
        student,
        stored.labels,
        LogMel(**options),
        *(stored.name, stored.licence, stored.provenance),
        smoothing=config.smoothing,
    )._replace(thresholds=stored.thresholds)
    if model_file.to_bytes(folded) != path.read_bytes():
        raise ValueError(
            "model.bifsmn: expected the student's best epoch, found other "
            "numbers; run train.py again, which exports it"
        )
