"""Frequency-independent distillation (FID) and the thinnable objective."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd.function import once_differentiable

from speechbrain_bifsmn.nnet.binarizer import to_float32
from speechbrain_bifsmn.nnet.haar import (
    from_squares,
    pad_to_even,
    square_means,
    to_squares,
)
from speechbrain_bifsmn.nnet.network_output import NetworkOutput

BANDS = ("high", "low")


def _emphasis(part):
    """``part**2 / ||part**2||_2`` over the whole tensor, and the norm."""
    square = part * part
    norm = square.norm().clamp_min(1e-12)
    return square.div_(norm), norm


def _distance(student, teacher):
    """``D = ||N(teacher) - N(student)||_2`` and its gradient by ``student``.

    With ``a = s^2``, ``n = ||a||``, ``e = a / n`` and ``d = e - N(teacher)``:
    ``dD/da = (d - (d . e) e) / (n D)`` and ``da/ds = 2 s``.
    """
    emphasis, norm = _emphasis(student)
    difference = emphasis - _emphasis(teacher)[0]
    distance = difference.norm()
    along = torch.dot(difference.flatten(), emphasis.flatten())
    factor = 2 / (norm * distance.clamp_min(1e-12))
    gradient = difference.sub_(emphasis.mul_(along)).mul_(student)
    return distance, gradient.mul_(factor)


class _BandDistances(torch.autograd.Function):
    """The sum over bands; its gradient is at hand when its value is.

    The low part holds each mean four times, and its norm twice that of the
    means: both factors cancel, so the means alone give its distance.
    """

    @staticmethod
    def forward(ctx, student, teacher, bands, released):
        ours, theirs = to_squares(student), to_squares(teacher)
        low, their_low = square_means(ours), square_means(theirs)
        total, to_low, to_high = 0.0, 0.0, torch.zeros_like(ours)
        if "low" in bands:
            distance, to_low = _distance(low, their_low)
            total = total + distance
        if "high" in bands:
            distance, gradient = _distance(ours - low, theirs - their_low)
            total = total + distance
            if not released:
                to_high = gradient
        gradient = to_high + (to_low / 4 - square_means(to_high))
        ctx.save_for_backward(from_squares(gradient))
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        (gradient,) = ctx.saved_tensors
        return gradient * grad, None, None, None


class FrequencyIndependentDistillation(nn.Module):
    """Distance of student and teacher block outputs, per frequency band.

    ``sum over bands f and blocks j of || N(F_f(teacher_j)) - N(F_f(student_j))
    ||_2`` with ``N(a) = a^2 / ||a^2||_2`` and ``F_f`` the Haar parts.

    Source: Qin et al., "BiFSMNv2", section III (FID).

    Arguments
    ---------
    bands : sequence of str
        "high", "low" or both; ("high",) alone is the earlier, high-frequency
        only scheme.
    released : bool
        True gives the gradient of the paper's published code, which has none
        from the high part to the student; for parity and comparison.

    Example
    -------
    >>> block = torch.randn(4, 8, 16)
    >>> FrequencyIndependentDistillation()([block], [block]).item()
    0.0
    """

    def __init__(
        self, bands: Sequence[str] = BANDS, released: bool = False
    ) -> None:
        super().__init__()
        if not bands or set(bands) - set(BANDS):
            raise ValueError(f"bands: expected some of {BANDS}, got {bands!r}")
        self.bands, self.released = tuple(bands), released

    def forward(
        self, student: Sequence[torch.Tensor], teacher: Sequence[torch.Tensor]
    ) -> torch.Tensor:
        """Compares block outputs.

        Arguments
        ---------
        student, teacher : sequence of torch.Tensor
            Block outputs (B, T, C), pair by pair.

        Returns
        -------
        torch.Tensor
            The distance, a scalar.
        """
        if len(student) != len(teacher):
            raise ValueError(
                f"teacher: expected the outputs of {len(student)} blocks, as "
                f"the student has, got {len(teacher)}; with a teacher of "
                "another architecture, leave the distillation out"
            )
        options = (self.bands, self.released)
        return sum(
            _BandDistances.apply(
                pad_to_even(ours), pad_to_even(theirs).detach(), *options
            )
            for ours, theirs in zip(student, teacher, strict=True)
        )


class ObjectiveParts(NamedTuple):
    """The terms of one thinning, before weights."""

    cross_entropy: torch.Tensor
    distillation: torch.Tensor
    logits: torch.Tensor
    soft_targets: torch.Tensor


class ThinnableObjective(nn.Module):
    """The whole training objective of a thinnable student.

    ``sum over thinnings n of 1/n [CE + gamma (FID_n + MSE(logits, teacher
    logits)) + beta KL_n]``. Each student block is compared with the teacher's
    block of the same index. ``KL`` compares the student with the teacher's soft
    targets, ``temperature^2 KL(softmax(teacher logits / temperature) ||
    softmax(logits / temperature))``; the paper has none, beta = 0.

    Source: Qin et al., "BiFSMNv2", section III (training); KL: Hinton et al.,
    "Distilling the Knowledge in a Neural Network", 2015.

    Arguments
    ---------
    distillation : nn.Module, optional
        Distance of block outputs, such as ``FrequencyIndependentDistillation``;
        None leaves the term out.
    gamma : float
        Weight of ``distillation`` and of the logits' term.
    match_logits : bool
        Whether the teacher's logits are a target.
    beta : float
        Weight of the teacher's soft targets. With ``gamma`` 0 too, no
        teacher is needed.
    temperature : float
        By which logits are divided to make soft targets; above 1 they are
        softer than posteriors.
    label_smoothing : float
        Share of a label, in the cross entropy, that is spread over all classes.

    Example
    -------
    >>> from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
    >>> from speechbrain_bifsmn.lobes.models.dfsmn import DFSMN
    >>> x, labels = torch.randn(4, 32, 32), torch.tensor([0, 1, 2, 3])
    >>> student, teacher = BiDFSMN(classes=4), DFSMN(classes=4).eval()
    >>> objective = ThinnableObjective(FrequencyIndependentDistillation())
    >>> outputs = student(x, thinnings=[1, 2, 4])
    >>> total, parts = objective(outputs, labels, teacher(x, thinnings=[1])[0])
    >>> len(parts)
    3
    """

    def __init__(
        self,
        distillation: nn.Module | None = None,
        gamma: float = 0.01,
        match_logits: bool = True,
        beta: float = 0.0,
        temperature: float = 4.0,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        self.distillation, self.gamma = distillation, gamma
        self.match_logits = match_logits
        self.beta, self.temperature = beta, temperature
        self.label_smoothing = label_smoothing

    def forward(
        self,
        outputs: Sequence[NetworkOutput],
        labels: torch.Tensor,
        teacher: NetworkOutput | None = None,
    ) -> tuple[torch.Tensor, list[ObjectiveParts]]:
        """Computes the objective.

        Arguments
        ---------
        outputs : sequence of NetworkOutput
            What the student gives at the thinnings 1, 2, 4, ...
        labels : torch.Tensor
            (B,), class indices.
        teacher : NetworkOutput, optional
            What the teacher gives, run once; not needed where both weights are
            0.

        Returns
        -------
        total : torch.Tensor
            The scalar to minimise.
        parts : list of ObjectiveParts
            Its terms at each thinning.
        """
        if teacher is None and (self.gamma or self.beta):
            raise ValueError(
                f"teacher: expected its output since gamma is {self.gamma} "
                f"and beta {self.beta}, got None; give it, or set both to 0"
            )
        thinnings = [1 << k for k in range(len(outputs))]
        pairs = list(zip(thinnings, outputs, strict=True))
        parts = [self._at(n, output, labels, teacher) for n, output in pairs]
        total = sum(
            1
            / thinning
            * (
                p.cross_entropy
                + self.gamma * (p.distillation + p.logits)
                + self.beta * p.soft_targets
            )
            for thinning, p in zip(thinnings, parts, strict=True)
        )
        return total, parts

    def _at(self, thinning, output, labels, teacher):
        logits = to_float32(output.logits)
        entropy = F.cross_entropy(
            logits, labels, label_smoothing=self.label_smoothing
        )
        hidden_term = logits_term = soft_term = logits.new_zeros(())
        if self.gamma and self.distillation is not None:
            hidden_term = self.distillation(
                [to_float32(x) for x in output.hidden],
                [
                    to_float32(x)
                    for x in teacher.hidden[thinning - 1 :: thinning]
                ],
            )
        if self.gamma and self.match_logits:
            target = to_float32(teacher.logits.detach())
            logits_term = F.mse_loss(logits, target)
        if self.beta:
            soft_term = self._soft_targets(logits, teacher.logits.detach())
        return ObjectiveParts(entropy, hidden_term, logits_term, soft_term)

    def _soft_targets(self, logits, target):
        ours, theirs = (
            (x / self.temperature).log_softmax(-1)
            for x in (logits, to_float32(target))
        )
        divergence = F.kl_div(
            ours, theirs, log_target=True, reduction="batchmean"
        )
        return self.temperature**2 * divergence
