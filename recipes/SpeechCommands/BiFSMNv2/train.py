#!/usr/bin/env python3
"""Trains BiFSMNv2, a 1-bit keyword spotter, on Speech Commands.

    python train.py hparams/bifsmnv2.yaml                    # synthetic speech
    python train.py hparams/bifsmnv2.yaml --data_folder=DATA # the real data

One run prepares the data, trains the full-precision teacher (or takes one by
--teacher=PATH), trains the student by distillation from it, writes the file for
devices, and evaluates every depth on the test set. A run that was stopped goes
on where it was when it is started again with the same arguments.
"""

import math
import sys
from pathlib import Path

import speechbrain_bifsmn  # noqa: F401  first: it repairs torchaudio

# isort: split
import speechbrain as sb
import torch
import torch.distributed as dist
from hyperpyyaml import load_hyperpyyaml
from speechbrain.dataio.dataloader import make_dataloader
from speechbrain.utils.distributed import (
    ddp_init_group,
    if_main_process,
    run_on_main,
)
from speechbrain.utils.epoch_loop import EpochCounter

from speechbrain_bifsmn.core import KeywordBrain
from speechbrain_bifsmn.dataio.keywords import keyword_dataset, load_noise
from speechbrain_bifsmn.dataio.own_words import describe
from speechbrain_bifsmn.dataio.sampler import RedrawSampler
from speechbrain_bifsmn.utils.checkpoints import (
    AtomicCheckpointer,
    History,
    load_weights,
    save_weights,
    teacher_file,
)
from speechbrain_bifsmn.utils.hparams import base_and_overrides
from speechbrain_bifsmn.utils.metrics import ClassificationStats
from speechbrain_bifsmn.utils.report import report

from speech_commands_prepare import (
    download_speech_commands,
    prepare_speech_commands,
)

# What a batch goes through before the network
LOBES = ("augment", "wav_augment", "features", "feature_augment")


def data_folder(hparams):
    """Returns the folder that the manifests' paths are relative to."""
    if hparams["words"]:
        return hparams["own_corpus_folder"]
    return hparams["data_folder"] or hparams["synthetic_folder"]


def make_corpus(hparams):
    """Makes the folder of clips where it is not given."""
    if hparams["words"]:
        hparams["make_own_corpus"]()
        print(describe(data_folder(hparams), hparams["words"]))
    elif not hparams["data_folder"]:
        print(
            "No --data_folder: training on synthetic speech in "
            f"{data_folder(hparams)}. For real speech, unpack Speech Commands "
            "and give --data_folder=FOLDER, or add --download=True."
        )
        hparams["make_corpus"]()
    elif hparams["download"]:
        download_speech_commands(hparams["data_folder"], hparams["version"])


def prepare_data(hparams):
    """Makes what is missing, and writes the manifests."""
    make_corpus(hparams)
    if hparams["reverberation_probability"]:
        hparams["make_rooms"]()
    print(
        prepare_speech_commands(
            data_folder(hparams),
            hparams["save_folder"],
            hparams["task"],
            "any" if hparams["words"] else hparams["version"],
        )
    )


def load_data(hparams):
    """Returns the data sets by split; gives the augmentation its noise."""
    folder = data_folder(hparams)
    manifests = Path(hparams["save_folder"]) / "manifest"
    labels = hparams["labels"]
    hparams["augment"].set_noise(load_noise(manifests / "noise.csv", folder))
    return {
        split: keyword_dataset(manifests / f"{split}.csv", folder, labels)
        for split in ("train", "valid", "test")
    }


def train_order(hparams, dataset):
    """Returns what tells a loader the order of training clips."""
    task = hparams["task"]
    if not task.redraw_unknown:
        return {"shuffle": True}
    labels = [row["label"] for row in dataset.data.values()]
    sampler = RedrawSampler(labels, task.unknown_percentage, hparams["seed"])
    return {"sampler": sampler}


def make_brain(stage, hparams, run_opts, train_clips):
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
    own = {
        "stage": stage,
        "depths": list(model.depths),
        "objective": hparams[f"{stage}_objective"],
        "schedule": hparams[f"{stage}_schedule"],
        "total_steps": counter.limit * steps,
        "history": history,
    }
    modules = {name: hparams[name] for name in LOBES}
    brain = KeywordBrain(
        {"model": model, **modules},
        hparams[f"{stage}_optimizer"],
        {**hparams, **own},
        run_opts,
        checkpointer,
    )
    return brain, counter


def run_stage(stage, hparams, run_opts, data, teacher=None):
    """Trains a stage, or what is left of it, and tests its best epoch.

    Returns
    -------
    KeywordBrain
        With the best weights, and ``stats`` of the test set by depth.
    """
    order = train_order(hparams, data["train"])
    clips = len(order.get("sampler", data["train"]))
    brain, counter = make_brain(stage, hparams, run_opts, clips)
    brain.teacher = teacher
    brain.train_sampler = order.get("sampler")
    loader = {name: hparams[name] for name in ("batch_size", "num_workers")}
    brain.fit(
        counter,
        data["train"],
        data["valid"],
        train_loader_kwargs={**loader, **order},
        valid_loader_kwargs=dict(loader),
    )
    test(brain, data)
    return brain


def test(brain, data):
    """Evaluates the best epoch of a stage on the test set."""
    loader = {"batch_size": brain.hparams.batch_size}
    rows = brain.hparams.history.rows
    brain.evaluate(data["test"], max_key="accuracy", test_loader_kwargs=loader)
    brain.hparams.history.rows = rows  # the best checkpoint ends earlier


def get_teacher(hparams, run_opts, data):
    """Trains the teacher unless it is given; returns its Brain, frozen."""
    model = hparams["teacher_model"]
    if hparams["teacher"]:
        brain, _ = make_brain("teacher", hparams, run_opts, len(data["train"]))
        brain.checkpointer = None
        test(brain, data)
    else:
        brain = run_stage("teacher", hparams, run_opts, data)
    run_on_main(
        save_weights,
        args=[model, Path(hparams["save_folder"]) / "teacher.ckpt"],
    )
    model.eval().requires_grad_(False)
    return brain


def export_student(brain, data):
    """Writes ``model.bifsmn`` from the best student.

    From then on ``brain.stats`` are those of the deployed network.

    Returns
    -------
    dict | None
        How the two differ; None where the student is not truly one bit.
    """
    hparams = brain.hparams
    features, targets = [], []
    for batch in make_dataloader(data["test"], batch_size=hparams.batch_size):
        wav = batch.sig.data.to(brain.device)
        features.append(brain.modules.features(wav).cpu())
        targets.append(batch.target)
    path = Path(hparams.output_folder) / "model.bifsmn"
    try:
        exported = hparams.export(
            hparams.student_model, path, hparams.labels, torch.cat(features)
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


def load_hparams(arguments):
    """Reads the command line and the YAML file that it names."""
    named, run_opts, overrides = sb.parse_arguments(arguments)
    ddp_init_group(run_opts)
    path, overrides = base_and_overrides(named, overrides)
    with open(path, encoding="utf-8") as file:
        try:
            hparams = load_hyperpyyaml(file, overrides)
        except KeyError as error:  # an option that is not in the file
            raise ValueError(error.args[0]) from None
    sb.create_experiment_directory(
        experiment_directory=hparams["output_folder"],
        hyperparams_to_save=path,
        overrides=overrides,
    )
    return named, hparams, run_opts


def main():
    """Runs the recipe."""
    try:
        hparams_file, hparams, run_opts = load_hparams(sys.argv[1:])
        run_on_main(prepare_data, args=[hparams])
        data = load_data(hparams)
        if hparams["teacher"]:
            weights = teacher_file(hparams["teacher"])
            load_weights(hparams["teacher_model"], weights)
    except (OSError, ValueError) as error:
        sys.exit(f"train.py: {error}")
    teacher, student = get_teacher(hparams, run_opts, data), None
    if hparams["student_epochs"]:
        hparams["student_model"].start_from(hparams["teacher_model"])
        student = run_stage(
            "student", hparams, run_opts, data, hparams["teacher_model"]
        )
    if if_main_process():
        exported = export_student(student, data) if student else None
        code = Path(__file__).parent
        report(teacher, student, hparams_file, code, exported)
    if dist.is_initialized():
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
