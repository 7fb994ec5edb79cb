"""Weights that are averaged over the steps of a training."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.swa_utils import AveragedModel

from speechbrain_bifsmn.nnet.positive_norm import PositiveGainBatchNorm


class AveragedWeights(AveragedModel):
    """A copy of a network that has the mean of its weights over recent steps.

    Of one-bit weights, many change sign at every step and back again; the mean
    has the sign that each has most of the time. The mean goes back over a share
    of all steps so far: at step ``t`` it moves by ``1 / (share t)`` towards the
    weights of then. Its batch normalisations need ``estimate_statistics``.

    Source: polynomial-decay averaging, Shamir and Zhang, ICML 2013.

    Arguments
    ---------
    model : nn.Module
        The network that learns.
    share : float
        0: no mean, always the weights of the last step.

    Example
    -------
    >>> model = nn.Linear(1, 1, bias=False)
    >>> averaged = AveragedWeights(model, share=0.5)
    >>> for step in range(8):
    ...     _ = nn.init.constant_(model.weight, step % 2)
    ...     averaged.update_parameters(model)
    >>> round(averaged.module.weight.item(), 1)
    0.6
    """

    def __init__(self, model: nn.Module, share: float) -> None:
        if not 0 <= share <= 1:
            raise ValueError(
                "averaged_share: expected a share of the steps, from 0 to 1, "
                f"got {share}"
            )
        self.share = share
        super().__init__(model, multi_avg_fn=self._move)
        self.requires_grad_(False).eval()

    def _move(self, means, weights, steps):
        share = 1 / max(1.0, self.share * float(steps + 1))
        torch._foreach_lerp_(means, weights, share)


@torch.no_grad()
def estimate_statistics(
    model: nn.Module,
    run: Callable[[torch.Tensor], object],
    batches: Iterable[torch.Tensor],
) -> None:
    """Makes batch normalisations' running statistics those of some inputs.

    The running statistics of training are of the last few batches, and of
    weights that have changed since.

    Source: Wu and Johnson, "Rethinking 'Batch' in BatchNorm", section 3.

    Arguments
    ---------
    model : nn.Module
        Left in ``eval()``.
    run : callable
        Lets the model hear a batch, at every thinning.
    batches : iterable of torch.Tensor
        Inputs; without any, the statistics stay.

    Example
    -------
    >>> norm = nn.BatchNorm1d(1)
    >>> estimate_statistics(norm, norm, [torch.tensor([[1.0], [3.0]])] * 2)
    >>> norm.running_mean
    tensor([2.])
    """
    model.train()
    norms = [
        module
        for module in model.modules()
        if isinstance(module, (_BatchNorm, PositiveGainBatchNorm))
    ]
    momenta = [norm.momentum for norm in norms]
    for number, batch in enumerate(batches, start=1):
        for norm in norms:
            norm.momentum = 1 / number
        run(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.eval()
