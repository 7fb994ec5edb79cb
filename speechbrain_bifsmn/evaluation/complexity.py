"""Parameters, one-bit weights, multiply-accumulates and bytes of a network.

Only what runs is counted: an example passes through the network at each
thinning, and every layer that it passes adds its share.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import nn

from speechbrain_bifsmn.nnet.activations import DualScaleActivation
from speechbrain_bifsmn.nnet.binarizer import LearningPropagationBinarizer
from speechbrain_bifsmn.nnet.binary_layers import BINARY_LAYERS
from speechbrain_bifsmn.nnet.positive_norm import PositiveGainBatchNorm

_WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d)
# Of torch, the synchronised one too.
_NORMS = (nn.modules.batchnorm._BatchNorm, PositiveGainBatchNorm)
_QUANTISERS = (DualScaleActivation, LearningPropagationBinarizer)
_PASSIVE = (nn.Identity, nn.Dropout, nn.Flatten, nn.Unflatten)


class Complexity(NamedTuple):
    """What one example costs at one thinning.

    ``parameters`` are those of training, without the quantisers';
    ``bit_macs`` are XNOR-popcount operations on single bits, one for each plane
    of the activations, in place of ``binary_macs`` of the ``macs``.
    ``stored_bytes`` is a deployed network: one bit per one-bit weight, and FP32
    for the other weights, for a scale and a shift per binary output channel
    (with bias, BatchNorm and weight scale folded in), for biases, PReLU slopes,
    and one threshold per binary input channel and plane. Not in it are
    ``scale_bytes``: the FP32 scales of the activations, one per binary layer
    and plane; none where they follow from the input (``scales="frame"``) or
    are not needed (``scales="tied"``).
    """

    thinning: int
    parameters: int
    one_bit_weights: int
    macs: int
    binary_macs: int
    bit_macs: int
    stored_bytes: int
    scale_bytes: int


class _Counter:
    """Adds up what the layers of one pass cost."""

    def __init__(self):
        self.seen: set[nn.Module] = set()
        self.previous: nn.Module | None = None
        self.parameters = self.bits = self.numbers = self.scales = 0
        self.macs = self.binary_macs = self.bit_macs = 0

    def __call__(self, module, inputs, output):
        """A forward hook."""
        if isinstance(module, _QUANTISERS):
            return
        if isinstance(module, _WEIGHTED):
            self._count_macs(module, output)
        own = sum(p.numel() for p in module.parameters(recurse=False))
        if module not in self.seen:
            self.seen.add(module)
            self.parameters += own
            self._count_storage(module, own)
        leaf = next(module.children(), None) is None
        if own or (leaf and not isinstance(module, _PASSIVE)):
            self.previous = module

    def _count_macs(self, layer, output):
        macs = output.numel() * layer.weight[0].numel()
        self.macs += macs
        if isinstance(layer, BINARY_LAYERS) and _can_use_xnor(layer):
            self.binary_macs += macs
            self.bit_macs += macs * layer.activation.planes

    def _count_storage(self, module, own):
        if isinstance(module, BINARY_LAYERS):
            self._count_binary(module)
        elif isinstance(module, _NORMS):
            self._count_norm(module)
        else:
            self.numbers += own

    def _count_norm(self, norm):
        layer = self.previous
        if isinstance(layer, BINARY_LAYERS):
            return  # batch-norm folding: into that layer's scale and shift
        size = norm.running_mean.numel()
        if not isinstance(layer, _WEIGHTED) or len(layer.weight) != size:
            self.numbers += 2 * size  # one of each sub-band cannot be folded
        elif layer.bias is None:  # batch-norm folding gives it a bias
            self.numbers += size

    def _count_binary(self, layer):
        weights, outputs = layer.weight.numel(), layer.weight.size(0)
        scales = _weight_scales(layer)
        if scales == weights:  # not binary at all
            self.numbers += weights
        else:
            self.bits += weights
            self.numbers += scales if scales > outputs else 0
        quantiser = layer.activation
        thresholds = quantiser.planes * quantiser.channels
        self.numbers += 2 * outputs + thresholds
        stored = (
            quantiser.scale_layout == "per_channel"
            and quantiser.scales in ("learned", "statistic")
        )
        self.scales += quantiser.planes if stored else 0


def _weight_scales(layer):
    """How many scales the binary weights have between them."""
    if layer.scale_layout == "as_released" and layer.weight.dim() > 2:
        return layer.weight.numel() // layer.weight.size(-1)
    return layer.weight.size(0)


def _can_use_xnor(layer):
    """Whether the scales stand outside the sums over input channels."""
    return _weight_scales(layer) == layer.weight.size(0)


def count(model: nn.Module, example: torch.Tensor) -> list[Complexity]:
    """Counts what a network costs at each of its thinnings.

    Linear, Conv1d, Conv2d and their binary forms add multiply-accumulates;
    other layers only add parameters.

    Arguments
    ---------
    model : torch.nn.Module
        Any network; one with ``thinnings`` is counted at each.
    example : torch.Tensor
        An input with a batch of one, as [1, T, F] for ``BiDFSMN``.

    Returns
    -------
    list of Complexity

    Example
    -------
    >>> from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
    >>> costs = count(BiDFSMN(classes=12), torch.zeros(1, 32, 32))
    >>> [cost.one_bit_weights for cost in costs]
    [574976, 310272, 177920]
    """
    if len(example) != 1:
        raise ValueError(
            f"example: expected a batch of one, got {len(example)}; give x[:1]"
        )
    with _in_evaluation(model):
        return [
            _pass(model, example, d) for d in getattr(model, "thinnings", [1])
        ]


@contextmanager
def _in_evaluation(model):
    """Puts a network in evaluation mode; restores modes and thinning."""
    modes = {module: module.training for module in model.modules()}
    thinning = getattr(model, "thinning", None)
    model.eval()
    if getattr(model, "deployable", False):
        # Layer by layer; in evaluation it computes integers in their place.
        model.training = True
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training
        if thinning is not None:
            model.thinning = thinning


@torch.no_grad()
def _pass(model, example, thinning):
    if hasattr(model, "thinnings"):
        model.thinning = thinning
    counter = _Counter()
    hooks = [m.register_forward_hook(counter) for m in model.modules()]
    try:
        model(example)
    finally:
        for hook in hooks:
            hook.remove()
    return Complexity(
        thinning=thinning,
        parameters=counter.parameters,
        one_bit_weights=counter.bits,
        macs=counter.macs,
        binary_macs=counter.binary_macs,
        bit_macs=counter.bit_macs,
        stored_bytes=-(-counter.bits // 8) + 4 * counter.numbers,
        scale_bytes=4 * counter.scales,
    )


def table(costs: Sequence[Complexity]) -> str:
    """Formats the costs of all thinnings.

    Arguments
    ---------
    costs : sequence of Complexity
        One for each thinning, as from ``count``.

    Returns
    -------
    str
        Aligned columns under a header; the last is ``scale_bytes``.

    Example
    -------
    >>> print(table(count(nn.Linear(8, 2), torch.zeros(1, 8))))
    thinning  params  one-bit  MACs  binary MACs  bit-MACs  bytes  +scales
           1          18        0    16            0         0     72        0
    """
    header = "thinning|params|one-bit|MACs|binary MACs|bit-MACs|bytes|+scales"
    rows = [header.split("|")]
    rows += [[f"{number:,}" for number in cost] for cost in costs]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True))
        for row in rows
    )
