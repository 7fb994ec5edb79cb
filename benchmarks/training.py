#!/usr/bin/env python3
"""How much faster a training step and an epoch are than the released code's.

    python benchmarks/training.py                      # synthetic speech
    python benchmarks/training.py --data_folder=DATA   # Speech Commands

Both sides run on this machine in turns, with the same weights, clips and batch
size. The baseline is a plain transcription of what the released code computes
(``released_network.py``, ``released_step.py``), with its optimiser. First the
losses of one batch are compared in double precision: they must be equal.

``objective_ratio`` is of one step with equal losses (released granularity);
``epoch_ratio`` of whole epochs, audio files to updated weights, of the recipe
as it is against the released one. Above 1 is faster.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import speechbrain_bifsmn  # noqa: F401  first: it repairs torchaudio

# isort: split
import numpy as np
import torch
from peers.results import ROOT, provenance, write
from released_network import Network
from released_step import Clips, Objective
from torch.utils.data import DataLoader, Subset
from tqdm import tqdm

from speechbrain_bifsmn.dataio.keywords import load_noise
from speechbrain_bifsmn.lobes.features import LogMel
from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
from speechbrain_bifsmn.lobes.models.dfsmn import DFSMN
from speechbrain_bifsmn.nnet.losses import (
    FrequencyIndependentDistillation,
    ThinnableObjective,
)

RECIPE = ROOT / "recipes" / "SpeechCommands" / "BiFSMNv2"
RESULTS = ROOT / "benchmarks" / "results" / "training.json"
SIDES = ("released", "equal", "default")
CLASSES, BATCH = 12, 96


def random_batch(dtype=torch.float32):
    """Features like those of speech, and labels."""
    generator = torch.Generator().manual_seed(0)
    features = LogMel()(0.05 * torch.randn(BATCH, 16000, generator=generator))
    features += 10 * torch.randn(features.shape, generator=generator)
    labels = torch.randint(CLASSES, (BATCH,), generator=generator)
    return features.to(dtype), labels


def make_step(side, dtype=torch.float32):
    """Returns a function that trains on one batch and gives its loss."""
    torch.manual_seed(0)
    kind = "true" if side == "default" else "released"
    student = BiDFSMN(CLASSES, granularity=kind).to(dtype)
    teacher = DFSMN(CLASSES).to(dtype).eval()
    features, labels = random_batch(dtype)
    if side == "released":
        student = Network(CLASSES, binary=True).load(student).to(dtype)
        teacher = Network(CLASSES, binary=False).load(teacher).to(dtype)
        objective = Objective(student, teacher.eval())
        features = features.transpose(1, 2).contiguous()
        return student, lambda: objective(features, labels)
    teacher.requires_grad_(False)
    distillation = FrequencyIndependentDistillation(released=side == "equal")
    objective = ThinnableObjective(distillation)

    def loss():
        with torch.no_grad():
            target = teacher(features, depths=[0])[0]
        outputs = student(features, depths=student.depths)
        return objective(outputs, labels, target)[0]

    return student, loss


def optimiser(side, parameters):
    """Each side's own."""
    if side == "released":
        options = {"momentum": 0.9, "weight_decay": 1e-4}
        return torch.optim.SGD(parameters, lr=1e-4, **options)
    return torch.optim.AdamW(parameters, lr=1e-4, fused=True)


def check_equal_losses():
    """Returns both losses of one batch; they must agree."""
    losses = {}
    for side in ("released", "equal"):
        _, loss = make_step(side, torch.float64)
        losses[side] = loss().item()
    if not np.isclose(*losses.values(), rtol=1e-9):
        sys.exit(f"expected equal losses, found {losses}")
    return losses


def timed(functions, rounds, title):
    """Runs functions in turns; returns the seconds of each, by name."""
    seconds = {name: [] for name in functions}
    for turn in tqdm(range(rounds + 1), title):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            if turn:  # the first is to warm up
                seconds[name].append(time.perf_counter() - start)
    return seconds


def objective_step(side):
    """Returns a function: forward, backward, update."""
    student, loss = make_step(side)
    update = optimiser(side, student.parameters())

    def step():
        update.zero_grad()
        loss().backward()
        update.step()

    return step


def peak_memory(side):
    """MB of a process of its own that takes five steps."""
    command = [sys.executable, __file__, f"--memory_of={side}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def report_memory(side):
    """What ``peak_memory`` runs."""
    step = objective_step(side)
    for _ in range(5):
        step()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


class Epochs:
    """Epochs of both sides over the same clips."""

    def __init__(self, data_folder, clips, folder):
        sys.path.insert(0, str(RECIPE))
        import train

        options = [f"--output_folder={folder}", "--device=cpu"]
        options += [f"--synthetic_folder={RECIPE}/data/synthetic_any"]
        if data_folder:
            options.append(f"--data_folder={Path(data_folder).resolve()}")
        path = str(RECIPE / "hparams" / "bifsmnv2.yaml")
        _, self.hparams, run_opts = train.load_hparams([path, *options])
        train.prepare_data(self.hparams)
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
        self.brain.checkpointer = None
        self.root = train.data_folder(self.hparams)
        self.brain.noprogressbar = True

    def default(self, workers):
        """An epoch of the recipe."""
        loader = {"batch_size": BATCH, "shuffle": True, "num_workers": workers}
        self.brain.fit(range(1, 2), self.data, train_loader_kwargs=loader)

    def released(self, workers):
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


def time_epochs(data_folder, clips, rounds):
    """Times both sides, each with the number of workers that suits it."""
    with tempfile.TemporaryDirectory() as folder:
        epochs = Epochs(data_folder, clips, folder)
        workers = {}
        for side in ("released", "default"):
            run = getattr(epochs, side)
            trial = {n: partial(run, n) for n in (0, 2)}
            seconds = timed(trial, 1, f"workers, {side}")
            workers[side] = min(seconds, key=lambda n: seconds[n][0])
        runs = {s: partial(getattr(epochs, s), n) for s, n in workers.items()}
        return timed(runs, rounds, "epochs"), workers, len(epochs.data)


def quantiles(seconds):
    """Median and spread in milliseconds."""
    low, middle, high = 1e3 * np.quantile(seconds, (0.1, 0.5, 0.9))
    return {
        "n": len(seconds),
        "median_ms": round(middle, 2),
        "p10_ms": round(low, 2),
        "p90_ms": round(high, 2),
    }


def main():
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data_folder", default="")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--clips", type=int, default=20 * BATCH)
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--memory_of", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory_of:
        report_memory(options.memory_of)
        return
    # First: Linux counts what the parent held before as its child's.
    memory = {side: round(peak_memory(side)) for side in SIDES}
    losses = check_equal_losses()
    functions = {side: objective_step(side) for side in SIDES}
    steps = timed(functions, options.rounds, "objective")
    epochs, workers, clips = time_epochs(
        options.data_folder, options.clips, options.epochs
    )

    def ratio(seconds, side):
        medians = np.median(seconds["released"]), np.median(seconds[side])
        return round(float(medians[0] / medians[1]), 2)

    results = {
        "objective_ratio": ratio(steps, "equal"),
        "objective_ratio_default": ratio(steps, "default"),
        "epoch_ratio": ratio(epochs, "default"),
        "objective": {side: quantiles(s) for side, s in steps.items()},
        "epoch": {side: quantiles(s) for side, s in epochs.items()},
        "epoch_clips": clips,
        "workers": workers,
        "peak_memory_mb": memory,
        "losses": losses,
        "batch": BATCH,
        "data": options.data_folder or "synthetic speech",
        "threads": torch.get_num_threads(),
        **provenance([]),
    }
    write(options.output, results)
    print(
        f"objective {results['objective_ratio']}x, epoch "
        f"{results['epoch_ratio']}x as fast as the released code's; written to "
        f"{options.output}"
    )


if __name__ == "__main__":
    main()
