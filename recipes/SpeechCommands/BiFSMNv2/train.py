#!/usr/bin/env python3
"""Trains BiFSMNv2, a 1-bit keyword spotter, on Speech Commands.

    python train.py hparams/bifsmnv2.yaml                    # synthetic speech
    python train.py hparams/bifsmnv2.yaml --data_folder=DATA # the real data

One run prepares the data, trains the full-precision teacher (or takes one by
--teacher=PATH), trains the student by distillation from it, writes the model
file for devices, and evaluates every thinning on the test set. A run that was
stopped resumes when it is started again with the same arguments.
"""

from __future__ import annotations

import math
import shutil
import sys
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import speechbrain_bifsmn  # noqa: F401  first: it repairs torchaudio

# isort: split
import speechbrain as sb
import torch.distributed as dist
from speechbrain.dataio.dataset import DynamicItemDataset
from speechbrain.utils.distributed import (
    ddp_init_group,
    if_main_process,
    run_on_main,
)
from speechbrain.utils.epoch_loop import EpochCounter
from speechbrain.utils.run_opts import RunOptions

from bifsmn_engine.printable import printable
from speechbrain_bifsmn.core import KeywordBrain
from speechbrain_bifsmn.dataio.custom_counts import describe
from speechbrain_bifsmn.dataio.custom_keywords import describe_corpus
from speechbrain_bifsmn.dataio.kept_inputs import KeptDataset
from speechbrain_bifsmn.dataio.keywords import keyword_dataset, load_noise
from speechbrain_bifsmn.dataio.negatives import (
    describe_negatives,
    find_negatives,
    make_negatives,
)
from speechbrain_bifsmn.dataio.noise_bank import made_up_noise
from speechbrain_bifsmn.dataio.sampler import UnknownSampler
from speechbrain_bifsmn.files.owned import adopt, owned_folder
from speechbrain_bifsmn.runs.checkpoints import AtomicCheckpointer, History
from speechbrain_bifsmn.runs.command_line import load_hparams
from speechbrain_bifsmn.runs.exporting import export_student
from speechbrain_bifsmn.runs.first_weights import (
    describe_weights,
    load_teachers,
    start_student,
    start_teacher,
)
from speechbrain_bifsmn.runs.folder import LARGE_TEACHER
from speechbrain_bifsmn.runs.output import OWNER, output_folder
from speechbrain_bifsmn.runs.record import (
    check_run,
    describe_run,
    fingerprint,
    keep_record,
    read_record,
)
from speechbrain_bifsmn.runs.report import report
from speechbrain_bifsmn.runs.tuning import tune_student
from speechbrain_bifsmn.runs.weights import save_weights
from speechbrain_bifsmn.soft_targets import keep_copies, learn_from

from speech_commands_prepare import (
    download_speech_commands,
    prepare_speech_commands,
)

# Applied to a batch before the network, in this order
LOBES = ("silence", "augment", "wav_augment", "features", "feature_augment")


def data_folder(hparams: Mapping[str, Any]) -> str:
    """Returns the folder that the manifests' paths are relative to."""
    if hparams["words"]:
        return hparams["custom_corpus_folder"]
    return hparams["data_folder"] or hparams["synthetic_folder"]


def make_corpus(hparams: Mapping[str, Any]) -> None:
    """Makes the folder of clips where none is given."""
    if hparams["words"]:
        hparams["make_custom_corpus"]()
        print(describe(data_folder(hparams), hparams["words"]))
    elif not hparams["data_folder"]:
        print(
            "No --data_folder: training on synthetic speech in "
            f"{data_folder(hparams)}. For real speech, unpack Speech Commands "
            "and give --data_folder=FOLDER; --download=True gets what it lacks."
        )
        hparams["make_corpus"]()
    elif hparams["download"]:
        download_speech_commands(hparams["data_folder"], hparams["version"])


def describe_data(hparams: Mapping[str, Any]) -> dict[str, Any]:
    """Returns checksums of corpus and first weights, to recognise a run."""
    corpus = None
    if hparams["words"]:
        names = (
            "words data_folder speak spoken_clips seed language negatives "
            "voices"
        )
        corpus = describe_corpus(*map(hparams.get, names.split()))
    elif hparams["negatives"]:
        audio = find_negatives(hparams["negatives"], hparams["labels"])
        corpus = {"negatives": describe_negatives(audio)}
    weights = describe_weights(hparams)
    return {"corpus": corpus, "teacher": None, **weights}


def prepare_data(hparams: Mapping[str, Any], run: dict[str, Any]) -> None:
    """Makes the corpus if it is missing, and the lists of clips.

    Files of an earlier start are replaced only once it is clear that this one
    continues with the same data.
    """
    save_folder = Path(hparams["save_folder"])
    run = run | {"data": describe_data(hparams)}
    check_run(save_folder, run)
    make_corpus(hparams)
    folder, negatives = data_folder(hparams), ""
    if hparams["negatives"] and not hparams["words"]:
        place = save_folder / "negatives"
        audio = find_negatives(hparams["negatives"], hparams["labels"])
        negatives = str(make_negatives(place, audio, OWNER))
    if hparams["reverberation_probability"]:
        hparams["make_rooms"]()
        run["data"] |= fingerprint([Path(hparams["rooms"])], folder)
    with tempfile.TemporaryDirectory() as aside:
        version = "any" if hparams["words"] else hparams["version"]
        task, test_set = hparams["task"], hparams["test_set"]
        table = prepare_speech_commands(
            folder, aside, task, version, "csv", test_set, negatives
        )
        print(table)
        manifests = Path(aside, "manifest")
        run["data"] |= fingerprint(sorted(manifests.glob("*.csv")), folder)
        check_run(save_folder, run)
        with owned_folder(save_folder / "manifest", OWNER) as place:
            shutil.copytree(manifests, place, dirs_exist_ok=True)
    keep_record(save_folder, run)


def load_data(hparams: Mapping[str, Any]) -> dict[str, DynamicItemDataset]:
    """Returns the data sets by split; gives the augmentation its noise.

    Silence is drawn anew but in the paper's protocol, where it is zeros.
    """
    folder = data_folder(hparams)
    manifests = Path(hparams["save_folder"]) / "manifest"
    labels = hparams["labels"]
    noise = load_noise(manifests / "noise.csv", folder)
    hparams["augment"].set_noise(noise)
    if hparams["protocol"] == "standard" and noise:
        made_up = made_up_noise(hparams["background_seconds"], hparams["seed"])
        hparams["silence"].set_noise([*noise, *made_up])
    return {
        split: keyword_dataset(manifests / f"{split}.csv", folder, labels)
        for split in ("train", "valid", "test")
    }


def train_order(
    hparams: Mapping[str, Any], dataset: DynamicItemDataset
) -> dict[str, Any]:
    """Returns the loader's options for the order of training clips.

    In the paper's protocol each epoch has all unknown words.
    """
    task = hparams["task"]
    if task.protocol == "paper":
        return {"shuffle": True}
    labels = [row["label"] for row in dataset.data.values()]
    percentage = hparams["train_unknown_percentage"]
    sampler = UnknownSampler(labels, percentage, hparams["seed"])
    return {"sampler": sampler}


def make_brain(
    stage: str,
    hparams: Mapping[str, Any],
    run_opts: RunOptions,
    train_clips: int,
) -> tuple[KeywordBrain, EpochCounter]:
    """Returns the Brain of a stage, and its epoch counter."""
    model = hparams[f"{stage}_model"]
    counter = EpochCounter(limit=hparams[f"{stage}_epochs"])
    history = History()
    checkpointer = AtomicCheckpointer(
        Path(hparams["save_folder"]) / stage,
        {"model": model, "counter": counter, "history": history},
    )
    world = dist.get_world_size() if dist.is_initialized() else 1
    batches = math.ceil(math.ceil(train_clips / world) / hparams["batch_size"])
    steps = math.ceil(batches / run_opts.get("grad_accumulation_factor", 1))
    of_stage = {
        "stage": stage,
        "thinnings": list(model.thinnings),
        "objective": hparams[f"{stage}_objective"],
        "schedule": hparams[f"{stage}_schedule"],
        "total_steps": counter.limit * steps,
        "history": history,
    }
    modules = {name: hparams[name] for name in LOBES}
    if stage == "teacher":
        modules["features"] = hparams["teacher_features"]
    brain = KeywordBrain(
        {"model": model, **modules},
        hparams[f"{stage}_optimizer"],
        {**hparams, **of_stage},
        run_opts,
        checkpointer,
    )
    return brain, counter


def run_stage(
    stage: str,
    hparams: Mapping[str, Any],
    run_opts: RunOptions,
    data: Mapping[str, DynamicItemDataset],
) -> KeywordBrain:
    """Trains a stage, or what is left of it, and tests its best epoch.

    Returns
    -------
    KeywordBrain
        With the best weights, and ``stats`` of the test set by thinning.
    """
    order = train_order(hparams, data["train"])
    clips = len(order.get("sampler", data["train"]))
    brain, counter = make_brain(stage, hparams, run_opts, clips)
    if hparams["large_teacher"]:
        learn_from(brain, "large_teacher")
    elif stage == "student":
        learn_from(brain, "teacher")
    loader = {name: hparams[name] for name in ("batch_size", "num_workers")}
    heard = data
    if hparams["large_teacher"] and hparams["large_teacher_copies"]:
        heard, order = keep_copies(brain, hparams, data, {**loader, **order})
        loader["collate_fn"] = KeptDataset.collate
    brain.train_sampler = order.get("sampler")
    brain.fit(
        counter,
        heard["train"],
        heard["valid"],
        train_loader_kwargs={**loader, **order},
        valid_loader_kwargs=dict(loader),
    )
    test(brain, data)
    brain.save_best()
    return brain


def test(brain: KeywordBrain, data: Mapping[str, DynamicItemDataset]) -> None:
    """Evaluates the best epoch of a stage on the test set."""
    loader = {"batch_size": brain.hparams.batch_size}
    rows = brain.hparams.history.rows
    brain.evaluate(data["test"], max_key="accuracy", test_loader_kwargs=loader)
    brain.hparams.history.rows = rows  # the best checkpoint ends earlier
    brain.take_average()


def get_teacher(
    hparams: Mapping[str, Any],
    run_opts: RunOptions,
    data: Mapping[str, DynamicItemDataset],
) -> KeywordBrain:
    """Trains the teacher unless it is given; returns its Brain.

    It starts from weights that are given, but for its classifier.
    """
    if hparams["teacher"]:
        brain, _ = make_brain("teacher", hparams, run_opts, len(data["train"]))
        brain.checkpointer = None
        if hparams["large_teacher"]:
            learn_from(brain, "large_teacher")
        test(brain, data)
        brain.save_best()
        return brain
    if hparams["teacher_start"]:
        start_teacher(hparams)
    return run_stage("teacher", hparams, run_opts, data)


def begin(
    hparams: Mapping[str, Any], run_opts: RunOptions, saved: Mapping[str, Any]
) -> dict[str, DynamicItemDataset]:
    """Makes the output folder, the data and the data sets."""
    given = {name: run_opts[name] for name in run_opts.overridden_args}
    run = describe_run(*saved.values(), given, hparams["labels"])
    check_run(hparams["save_folder"], run)
    sb.create_experiment_directory(hparams["output_folder"], **saved)
    if if_main_process():
        written = ("hyperparams.yaml", Path(__file__).name, "env.log")
        adopt(hparams["output_folder"], written)
    run_on_main(prepare_data, args=[hparams, run])
    load_teachers(hparams)
    if hparams["large_teacher"]:  # for others, who train from it
        path = Path(hparams["save_folder"]) / Path(LARGE_TEACHER).name
        run_on_main(save_weights, args=[hparams["large_teacher_model"], path])
    return load_data(hparams)


def train(
    hparams_file: str,
    hparams: Mapping[str, Any],
    run_opts: RunOptions,
    saved: Mapping[str, Any],
) -> None:
    """Trains, evaluates, exports and reports."""
    data = begin(hparams, run_opts, saved)
    teacher, student = get_teacher(hparams, run_opts, data), None
    if hparams["student_epochs"]:
        start_student(hparams)
        student = run_stage("student", hparams, run_opts, data)
    if if_main_process():
        exported = export_student(student, data["test"]) if student else None
        code = Path(__file__).parent
        continued = read_record(hparams["save_folder"])["continued"]
        report(teacher, student, hparams_file, code, exported, continued)
        rate = hparams["false_alarms_per_hour"]
        if exported and rate:
            tune_student(hparams["output_folder"], data_folder(hparams), rate)


def main() -> None:
    """Runs the recipe."""
    try:
        named, hparams, run_opts, saved = load_hparams(sys.argv[1:])
        ddp_init_group(run_opts)
        place = hparams["output_folder"]
        claim: AbstractContextManager = nullcontext()
        if if_main_process():
            claim = output_folder(place, hparams["restart"])
        with claim:
            train(named, hparams, run_opts, saved)
    except (ImportError, OSError, ValueError) as error:
        sys.exit(f"train.py: {printable(error)}")
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


if __name__ == "__main__":
    main()
