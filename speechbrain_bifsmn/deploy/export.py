"""Writes the file that devices run, and proves what it computes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from bifsmn_engine.format import model_file
from speechbrain_bifsmn.deploy.folding import fold
from speechbrain_bifsmn.deploy.network import DeployedBiDFSMN
from speechbrain_bifsmn.deploy.writer import write_model
from speechbrain_bifsmn.files.atomic import atomic_write
from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN

BATCH = 64


class Exported(NamedTuple):
    """A file, and what it computes.

    ``bytes`` is its size; ``logits`` holds (clips, classes) by thinning, of the
    network in ``eval()``, with which the file is bit-exact; ``engine`` is the
    instruction set on which the native engine gave the same bits, or "not
    installed".
    """

    bytes: int
    logits: dict[int, torch.Tensor]
    engine: str


def export(
    model: BiDFSMN,
    path: str | Path,
    labels: Sequence[str],
    examples: torch.Tensor,
    **options: Any,
) -> Exported:
    """Writes a model file, reads it back, and compares it with the network.

    The file is there only if it has passed: ``DeployedBiDFSMN`` of it, and the
    native engine where it is installed, must be bit-exact with the network in
    ``eval()`` for every example at every thinning.

    Arguments
    ---------
    model : BiDFSMN
        A trained network that ``fold`` takes.
    path : str | Path
        The file to write; ends with ``.bifsmn``.
    labels : sequence of str
        Names of the outputs, in their order.
    examples : torch.Tensor
        Features (clips, T, F) in decibels to compare on: those of a test set.
    **options
        Any other arguments of ``fold``.

    Returns
    -------
    Exported

    Example
    -------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.bifsmn"
    ...     done = export(
    ...         BiDFSMN(2), path, ["yes", "no"], torch.zeros(1, 32, 32)
    ...     )
    ...     path.stat().st_size == done.bytes
    True
    """
    path = Path(path)
    if path.suffix != ".bifsmn":
        raise ValueError(f"path: expected name.bifsmn, got {path.name}")
    folded = fold(model, labels, **options)
    with atomic_write(path) as unproven:
        size = write_model(folded, unproven)
        trained = _logits(model, examples)
        deployed = DeployedBiDFSMN(model_file.read(unproven)).eval()
        found = _logits(deployed, examples)
        for thinning, logits in trained.items():
            _compare("file", thinning, logits, found[thinning])
        engine = _prove(unproven, examples, trained)
    return Exported(size, trained, engine)


@torch.no_grad()
def _logits(model, examples):
    """Returns {thinning: logits (clips, classes)}, in evaluation."""
    training, thinning, device = model.training, model.thinning, _device(model)
    model.eval()
    logits = {}
    for setting in model.thinnings:
        model.thinning = setting
        parts = [model(part.to(device)).cpu() for part in examples.split(BATCH)]
        logits[setting] = torch.cat(parts)
    model.train(training)
    model.thinning = thinning
    return logits


def _device(model):
    return next(iter(model.state_dict().values())).device


def _prove(path, examples, expected):
    """Compares the native engine's logits, bit for bit."""
    try:
        from bifsmn_engine.model import Model
    except ImportError:
        return "not installed"
    model = Model.load(path)
    for thinning, logits in expected.items():
        model.thinning = thinning
        found = torch.from_numpy(model.logits(examples.numpy()))
        _compare(f"engine ({model.isa})", thinning, logits, found)
    return model.isa


def _compare(what, thinning, expected, found):
    """Raises RuntimeError unless all logits are the same, bit for bit."""
    wrong = (found != expected).any(1).nonzero()
    if len(wrong):
        clip = int(wrong[0])
        raise RuntimeError(
            f"{what}: expected the logits {expected[clip].tolist()} of example "
            f"{clip} at thinning {thinning}, found {found[clip].tolist()}; the "
            "file was not written: report this, with the model"
        )
