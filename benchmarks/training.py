"""How much faster a training step and an epoch are than the released code's.

    python -m benchmarks.training                      # synthetic speech
    python -m benchmarks.training --data_folder=DATA   # Speech Commands

Both run on this machine in turns, with the same weights, clips and batch size.
The baseline is a plain transcription of what the released code computes
(``models/released_*.py``), with its optimiser. First the losses of one batch are
compared in double precision: they must be equal.

``objective_ratio`` is the speed-up of one step with equal losses (weight scales
as released); ``epoch_ratio`` that of whole epochs, audio files to updated
weights, of the recipe as it is over the released one.
"""

import argparse
import importlib.util
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import speechbrain_bifsmn  # noqa: F401  first: it repairs torchaudio

# isort: split
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset
from tqdm import tqdm

from benchmarks import RESULTS, ROOT
from benchmarks.harness.results import provenance, run_and_save
from benchmarks.models.released_network import Network
from benchmarks.models.released_step import Clips, Objective
from speechbrain_bifsmn.dataio.keywords import load_noise
from speechbrain_bifsmn.lobes.features import LogMel
from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
from speechbrain_bifsmn.lobes.models.dfsmn import DFSMN
from speechbrain_bifsmn.nnet.losses import (
    FrequencyIndependentDistillation,
    ThinnableObjective,
)

RECIPE = ROOT / "recipes" / "SpeechCommands" / "BiFSMNv2"
SYSTEMS = ("released", "equal", "default")
CLASSES, BATCH = 12, 96


def random_batch(dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """Returns features (B, T, F) like those of speech, and labels (B,)."""
    generator = torch.Generator().manual_seed(0)
    features = LogMel()(0.05 * torch.randn(BATCH, 16000, generator=generator))
    features += 10 * torch.randn(features.shape, generator=generator)
    labels = torch.randint(CLASSES, (BATCH,), generator=generator)
    return features.to(dtype), labels


def make_step(
    system: str, dtype: torch.dtype = torch.float32
) -> tuple[nn.Module, Callable[[], Tensor]]:
    """Returns a student, and a function that gives the loss of one batch."""
    torch.manual_seed(0)
    kind = "per_channel" if system == "default" else "as_released"
    student = BiDFSMN(CLASSES, weight_scale=kind).to(dtype)
    teacher = DFSMN(CLASSES).to(dtype).eval()
    features, labels = random_batch(dtype)
    if system == "released":
        student = Network(CLASSES, binary=True).load(student).to(dtype)
        teacher = Network(CLASSES, binary=False).load(teacher).to(dtype)
        objective = Objective(student, teacher.eval())
        features = features.transpose(1, 2).contiguous()
        return student, lambda: objective(features, labels)
    teacher.requires_grad_(False)
    distillation = FrequencyIndependentDistillation(released=system == "equal")
    objective = ThinnableObjective(distillation)

    def loss() -> Tensor:
        with torch.no_grad():
            target = teacher(features, thinnings=[1])[0]
        outputs = student(features, thinnings=student.thinnings)
        return objective(outputs, labels, target)[0]

    return student, loss


def optimiser(
    system: str, parameters: Iterator[nn.Parameter]
) -> torch.optim.Optimizer:
    """Returns the optimiser that a system trains with."""
    if system == "released":
        options = {"momentum": 0.9, "weight_decay": 1e-4}
        return torch.optim.SGD(parameters, lr=1e-4, **options)
    return torch.optim.AdamW(parameters, lr=1e-4, fused=True)


def check_equal_losses() -> dict[str, float]:
    """Returns both losses of one batch; they must agree."""
    losses = {}
    for system in ("released", "equal"):
        _, loss = make_step(system, torch.float64)
        losses[system] = loss().item()
    if not np.isclose(*losses.values(), rtol=1e-9):
        sys.exit(f"expected equal losses, found {losses}")
    return losses


def timed(
    functions: dict[Any, Callable[[], object]], rounds: int, title: str
) -> dict[Any, list[float]]:
    """Runs functions in turns; returns the seconds of each, by name."""
    seconds: dict[Any, list[float]] = {name: [] for name in functions}
    for turn in tqdm(range(rounds + 1), title):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            if turn:  # the first is to warm up
                seconds[name].append(time.perf_counter() - start)
    return seconds


def objective_step(system: str) -> Callable[[], None]:
    """Returns a function: forward, backward, update."""
    student, loss = make_step(system)
    update = optimiser(system, student.parameters())

    def step() -> None:
        update.zero_grad()
        loss().backward()
        update.step()

    return step


def peak_memory(system: str) -> float:
    """MB of a process of its own that takes five steps."""
    module = ["-m", "benchmarks.training", f"--memory_of={system}"]
    done = subprocess.run(
        [sys.executable, *module],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return float(done.stdout.split()[-1])


def report_memory(system: str) -> None:
    """Prints MB; ``peak_memory`` runs it."""
    step = objective_step(system)
    for _ in range(5):
        step()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


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
        options += [f"--synthetic_folder={RECIPE}/data/synthetic_any"]
        if data_folder:
            options.append(f"--data_folder={Path(data_folder).resolve()}")
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


def time_epochs(
    data_folder: str, clips: int, rounds: int
) -> tuple[dict[str, list[float]], dict[str, int], int]:
    """Times both systems, each with the number of workers that suits it."""
    with tempfile.TemporaryDirectory() as folder:
        epochs = Epochs(data_folder, clips, folder)
        workers: dict[str, int] = {}
        for system in ("released", "default"):
            run = getattr(epochs, system)
            trial: dict[Any, Callable[[], object]]
            trial = {n: partial(run, n) for n in (0, 2)}
            seconds = timed(trial, 1, f"workers, {system}")
            workers[system] = min(seconds, key=lambda n: seconds[n][0])
        runs: dict[Any, Callable[[], object]]
        runs = {s: partial(getattr(epochs, s), n) for s, n in workers.items()}
        return timed(runs, rounds, "epochs"), workers, len(epochs.data)


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """Median and spread in milliseconds."""
    low, middle, high = 1e3 * np.quantile(seconds, (0.1, 0.5, 0.9))
    return {
        "n": len(seconds),
        "median_ms": round(middle, 2),
        "p10_ms": round(low, 2),
        "p90_ms": round(high, 2),
    }


def ratio(seconds: dict[str, list[float]], system: str) -> float:
    """Returns the speed-up of a system over the released code."""
    medians = np.median(seconds["released"]), np.median(seconds[system])
    return round(float(medians[0] / medians[1]), 2)


def benchmark(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yields the results, part by part."""
    # First: Linux counts what the parent held before as its child's.
    memory = {system: round(peak_memory(system)) for system in SYSTEMS}
    losses = check_equal_losses()
    functions: dict[Any, Callable[[], object]]
    functions = {system: objective_step(system) for system in SYSTEMS}
    steps = timed(functions, options.rounds, "objective")
    yield {
        "objective_ratio": ratio(steps, "equal"),
        "objective_ratio_default": ratio(steps, "default"),
        "objective": {system: quantiles(s) for system, s in steps.items()},
        "peak_memory_mb": memory,
        "losses": losses,
        "batch": BATCH,
        "data": options.data_folder or "synthetic speech",
        "threads": torch.get_num_threads(),
        **provenance([]),
    }
    epochs, workers, clips = time_epochs(
        options.data_folder, options.clips, options.epochs
    )
    yield {
        "epoch_ratio": ratio(epochs, "default"),
        "epoch": {system: quantiles(s) for system, s in epochs.items()},
        "epoch_clips": clips,
        "workers": workers,
    }


def main() -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data_folder", default="")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--clips", type=int, default=20 * BATCH)
    parser.add_argument(
        "--output", type=Path, default=RESULTS / "training.json"
    )
    parser.add_argument("--memory_of", choices=SYSTEMS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory_of:
        report_memory(options.memory_of)
        return
    results = run_and_save(benchmark, options)
    print(
        f"speed-up over the released code: objective "
        f"{results['objective_ratio']}, epoch {results['epoch_ratio']}; "
        f"written to {options.output}"
    )


if __name__ == "__main__":
    main()
