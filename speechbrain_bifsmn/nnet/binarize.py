"""Turns the layers of any torch model into binary ones."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from torch import nn

from speechbrain_bifsmn.nnet.binary_layers import (
    BinaryConv1d,
    BinaryConv2d,
    BinaryLinear,
)
from speechbrain_bifsmn.nnet.separable import DepthwiseConv1d, PointwiseConv1d

_BINARY_OF = {
    nn.Linear: BinaryLinear,
    nn.Conv1d: BinaryConv1d,
    DepthwiseConv1d: BinaryConv1d,
    PointwiseConv1d: BinaryConv1d,
    nn.Conv2d: BinaryConv2d,
}


class BinarizedLayer(NamedTuple):
    """A layer that ``binarize`` replaced."""

    name: str
    kind: str  # class of the binary layer
    weights: int  # how many


def binarize(
    model: nn.Module,
    skip: Sequence[str] = (),
    scale_layout: str = "per_channel",
    scales: str = "tied",
    planes: int = 2,
    gradient: str = "learned",
) -> list[BinarizedLayer]:
    """Turns the layers of any torch model into binary ones, in place.

    Every ``nn.Linear``, ``nn.Conv1d`` and ``nn.Conv2d`` (not a subclass
    of the user's) becomes a binary layer that keeps its weights and bias. With
    ``scales="frame"``, layers that sum over more than the channels of one frame
    take learned scales.

    Arguments
    ---------
    model : torch.nn.Module
        The network to change.
    skip : sequence of str
        Names, or patterns such as "encoder.*", of layers to leave in full
        precision.
    scale_layout : str
        "per_channel" or "as_released", see ``DualScaleActivation``.
    scales : str
        "learned", "statistic" or "frame".
    planes : int
        One-bit planes of an activation: 1 or 2.
    gradient : str
        "learned", "straight" or "quadratic", see
        ``LearningPropagationBinarizer``.

    Returns
    -------
    list of BinarizedLayer
        Name, kind and number of weights of each layer changed.

    Example
    -------
    >>> model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> binarize(model, skip=["2"])
    [BinarizedLayer(name='0', kind='BinaryLinear', weights=64)]
    """
    layers = {
        name: module
        for name, module in model.named_modules(remove_duplicate=False)
        if name and type(module) in _BINARY_OF
    }
    for pattern in skip:
        if not any(fnmatchcase(name, pattern) for name in layers):
            raise ValueError(
                f"skip: expected the name of a layer, got {pattern!r}, which "
                f"fits none of {', '.join(layers) or 'no layers'}"
            )
    changed, binary = [], {}  # a layer that stands in two places stays one
    for name, layer in layers.items():
        if any(fnmatchcase(name, pattern) for pattern in skip):
            continue
        if layer not in binary:
            cls = _BINARY_OF[type(layer)]
            binary[layer] = cls.from_float(
                layer,
                scale_layout=scale_layout,
                scales=_scales_for(layer, scales),
                planes=planes,
                gradient=gradient,
            )
            kind = cls.__name__
            changed.append(BinarizedLayer(name, kind, layer.weight.numel()))
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, binary[layer])
    if not changed:
        raise ValueError(
            "model: expected Linear, Conv1d or Conv2d layers to binarize, got "
            f"none that is not skipped in {type(model).__name__}"
        )
    return changed


def _scales_for(layer, scales):
    one_frame = set(getattr(layer, "kernel_size", (1,))) == {1}
    return scales if scales != "frame" or one_frame else "learned"
