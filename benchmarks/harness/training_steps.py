"""One training step: of the released code, and of the package."""

import sys
from collections.abc import Callable, Iterator

import speechbrain_bifsmn  # noqa: F401  first: it repairs torchaudio

# isort: split
import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.models.released_network import Network
from benchmarks.models.released_step import Objective
from speechbrain_bifsmn.lobes.features import LogMel
from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
from speechbrain_bifsmn.lobes.models.dfsmn import DFSMN
from speechbrain_bifsmn.nnet.losses import (
    FrequencyIndependentDistillation,
    ThinnableObjective,
)

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
    as_there = {"input_reference": "absolute", "pooling": False}
    student = BiDFSMN(CLASSES, scale_layout=kind, **as_there).to(dtype)
    teacher = DFSMN(CLASSES, **as_there).to(dtype).eval()
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


def objective_step(system: str) -> Callable[[], None]:
    """Returns a function: forward, backward, update."""
    student, loss = make_step(system)
    update = optimiser(system, student.parameters())

    def step() -> None:
        update.zero_grad()
        loss().backward()
        update.step()

    return step
