"""Whole epochs of training: of the released code, and of the recipe."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import torch
from torch.utils.data import DataLoader, Subset

from benchmarks import ROOT
from benchmarks.harness.training_steps import BATCH, CLASSES, optimiser
from benchmarks.models.released_network import Network
from benchmarks.models.released_step import Clips, Objective
from speechbrain_bifsmn.dataio.keywords import load_noise

RECIPE = ROOT / "recipes" / "SpeechCommands" / "BiFSMNv2"


def recipe_module(name: str) -> ModuleType:
    """Imports a script of the recipe under its own name."""
    spec = importlib.util.spec_from_file_location(name, RECIPE / f"{name}.py")
    assert spec and spec.loader
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Epochs:
    """Epochs of both systems over the same clips."""

    def __init__(self, data_folder: str, clips: int, folder: str):
        recipe_module("speech_commands_prepare")  # the other imports it
        train = recipe_module("train")
        options = [f"--output_folder={folder}", "--device=cpu"]
        if data_folder:
            options.append(f"--data_folder={Path(data_folder).resolve()}")
        else:
            place = RECIPE / "data" / "synthetic_any"
            options.append(f"--synthetic_folder={place}")
        path = str(RECIPE / "hparams" / "bifsmnv2.yaml")
        _, self.hparams, run_opts, _ = train.load_hparams([path, *options])
        train.prepare_data(self.hparams, {})
        data = train.load_data(self.hparams)["train"]
        chosen = torch.randperm(
            len(data), generator=torch.Generator().manual_seed(0)
        )[:clips].tolist()
        self.data = data.filtered_sorted(
            key_test={"id": {data.data_ids[i] for i in chosen}.__contains__}
        )
        self.brain, _ = train.make_brain(
            "student", self.hparams, run_opts, len(self.data)
        )
        self.brain.teacher = self.hparams["teacher_model"].eval()
        self.brain.teacher.requires_grad_(False)
        self.brain.teacher_features = self.hparams["teacher_features"]
        self.brain.checkpointer = None
        self.root = train.data_folder(self.hparams)
        self.brain.noprogressbar = True

    def default(self, workers: int) -> None:
        """An epoch of the recipe."""
        loader = {"batch_size": BATCH, "shuffle": True, "num_workers": workers}
        self.brain.fit(range(1, 2), self.data, train_loader_kwargs=loader)

    def released(self, workers: int) -> None:
        """An epoch of the transcription."""
        labels = self.hparams["labels"]
        clips = [
            (
                row["wav"],
                int(row["start"]),
                int(row["stop"]),
                float(row["gain"]),
                labels.index(row["label"]),
            )
            for row in (self.data.data[i] for i in self.data.data_ids)
        ]
        manifests = Path(self.hparams["save_folder"]) / "manifest"
        noise = load_noise(manifests / "noise.csv", self.root)
        student = Network(CLASSES, binary=True)
        teacher = Network(CLASSES, binary=False).eval()
        objective = Objective(student, teacher)
        update = optimiser("released", student.parameters())
        loader = DataLoader(
            Subset(Clips(clips, noise), range(len(clips))),
            batch_size=BATCH,
            shuffle=True,
            num_workers=workers,
        )
        for features, targets in loader:
            update.zero_grad()
            objective(features, targets).backward()
            torch.nn.utils.clip_grad_norm_(student.parameters(), 5.0)
            update.step()
