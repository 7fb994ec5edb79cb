"""The integers of a trained layer: what a model file stores of it.

Batch normalisations, scales and biases become 8-bit gains and shifts; where
only bits are passed on, they and the PReLU become limits of whole numbers. All
is reckoned in double precision; ``arm_kernel/FORMAT.md`` says what it means.

Shapes: N outputs and K inputs of a layer.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from speechbrain_bifsmn.nnet.activations import DualScaleActivation
from speechbrain_bifsmn.nnet.fixed_point import (
    INT16,
    MAX_CODE,
    SLOPES,
    UNIT,
    Affine,
    Shared,
    share_exponent,
    shift_of,
)
from speechbrain_bifsmn.nnet.positive_norm import PositiveGainBatchNorm


def inputs_of(layer: Any) -> int:
    """Returns K, the inputs of each output of a binary layer."""
    return int(layer.weight[0].numel())  # when traced, a tensor


def max_dot(layer: Any) -> int:
    """Returns the largest magnitude of a layer's dot products.

    Example
    -------
    >>> from speechbrain_bifsmn.nnet.binary_layers import BinaryLinear
    >>> max_dot(BinaryLinear(16, 4))
    48
    """
    return (3 if layer.activation.planes == 2 else 1) * inputs_of(layer)


def level_scale(activation: DualScaleActivation) -> torch.Tensor:
    """Returns what levels (3, 1, -1, -3 or 1, -1) are multiplied by, ()."""
    s1, s2 = activation.tied_scales()
    return (s2 if activation.planes == 2 else s1).detach().double()


def scale_and_bias(layer: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns what turns dot products into a layer's outputs, (N,) each."""
    weight = layer.weight.detach().double().abs().flatten(1).mean(1)
    bias = layer.bias
    zeros = torch.zeros_like(weight)
    return (
        weight * level_scale(layer.activation),
        zeros if bias is None else bias.detach().double(),
    )


def _normalisation(
    norm: Any, like: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gain, shift and the inputs' mean of a batch normalisation, (N,) each."""
    if norm is None:
        return torch.ones_like(like), torch.zeros_like(like), like * 0
    weight = (
        norm.gain if isinstance(norm, PositiveGainBatchNorm) else norm.weight
    )
    mean, bias = norm.running_mean.double(), norm.bias.detach().double()
    gain = (
        weight.detach().double() / (norm.running_var.double() + norm.eps).sqrt()
    )
    return gain, bias - mean * gain, mean


def _dots_seen(
    norm: Any, scale: torch.Tensor, bias: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and variance of dot products in training, (N,) each."""
    if norm is None:
        return -bias / scale, torch.ones_like(scale)
    mean, variance = norm.running_mean.double(), norm.running_var.double()
    return (mean - bias) / scale, variance / scale.square()


def affine(layer: Any, norm: Any, activation: Any) -> Affine:
    """Returns what turns dot products into activations of 16 bits.

    The gains are rounded first; each shift then makes the mean of its output
    right.

    Arguments
    ---------
    layer : nn.Module
        A binary layer.
    norm : nn.Module, optional
        Its batch normalisation.
    activation : nn.Module
        Its PReLU.

    Returns
    -------
    Affine
    """
    scale, bias = scale_and_bias(layer)
    gain, shift, mean = _normalisation(norm, scale)
    dots, variance = _dots_seen(norm, scale, bias)
    step = 2.0 ** (15 - shift_of(max_dot(layer)))
    exact = scale * gain / UNIT * step
    gains = share_exponent(exact, lambda x: (x - exact).square() * variance)
    at_mean = (mean * gain + shift) / UNIT
    shifts = share_exponent(at_mean - dots * gains.values / step)
    slope = (activation.slope.detach().double() * SLOPES).round()
    return Affine(gains, shifts, slope.clamp(-MAX_CODE, MAX_CODE).squeeze())


def quantiser(
    activation: DualScaleActivation,
) -> tuple[Shared, torch.Tensor, Shared | None]:
    """Returns middle, spread and centre of the limits of activations.

    Arguments
    ---------
    activation : DualScaleActivation
        The quantiser of activations between blocks.

    Returns
    -------
    middle : Shared
        (N,).
    spread : torch.Tensor
        (), whole; with one plane not used.
    centre : Shared | None
        (N,); None with one plane.
    """
    thresholds = [activation.threshold1]
    if activation.planes == 2:
        thresholds.append(activation.threshold2)
    first, *second = (
        share_exponent(theta.detach().double() / UNIT) for theta in thresholds
    )
    spread = (activation.tied_scales()[0].detach().double() / UNIT).round()
    return first, spread.clamp(1, 65535), second[0] if second else None


def _edges(activation: DualScaleActivation) -> torch.Tensor:
    """Limits (3, N), or (1, N), of a quantiser: middle, low, high."""
    middle = activation.threshold1.detach().double()
    if activation.planes == 1:
        return middle[None]
    s1 = activation.tied_scales()[0].detach().double()
    centre = activation.threshold2.detach().double()
    low, high = centre - s1, centre + s1
    return torch.stack([middle, low.minimum(middle), high.maximum(middle)])


def _before(slope: torch.Tensor, edges: torch.Tensor) -> torch.Tensor:
    """What a PReLU turns into the edges."""
    return torch.where(edges < 0, edges / slope.detach().double(), edges)


def limits(
    layer: Any,
    norm: Any,
    activation: Any,
    following: DualScaleActivation,
) -> Shared:
    """Returns the limits of halves of dot products, where only bits follow.

    They are rounded so that the fewest dot products change sides, of a normal
    distribution.

    Arguments
    ---------
    layer : nn.Module
        A binary layer.
    norm : nn.Module
        Its batch normalisation, with positive gains.
    activation : nn.Module
        Its PReLU, with a positive slope.
    following : DualScaleActivation
        What quantises for the next layer: M channels, those of this one several
        times over, channel by channel.

    Returns
    -------
    Shared
        (3, M), or (1, M) with one plane: middle, low, high.
    """
    scale, bias = scale_and_bias(layer)
    gain, shift, _ = _normalisation(norm, scale)
    dots, variance = _dots_seen(norm, scale, bias)
    deviation = (variance + norm.eps / scale.square()).sqrt()
    edges = _before(activation.slope, _edges(following))
    repeats = edges.size(1) // len(scale)
    a, b, dots, deviation = (
        each.repeat_interleave(repeats)
        for each in (scale * gain, bias * gain + shift, dots, deviation)
    )
    halves = torch.ceil((edges - b) / a / 2)

    def below(limit: torch.Tensor) -> torch.Tensor:
        return torch.erf((2 * limit - 1 - dots) / deviation / math.sqrt(2))

    return share_exponent(halves, lambda x: (below(x) - below(halves)).abs())


def pads(activation: DualScaleActivation) -> torch.Tensor:
    """Returns the bits (planes, N) of an activation of 0."""
    edges = _edges(activation)
    first = edges[0] > 0
    if activation.planes == 1:
        return first[None]
    return torch.stack([first, torch.where(first, edges[1], edges[2]) > 0])


def first_limits(
    conv: Any,
    norm: Any,
    activation: Any,
    following: DualScaleActivation,
) -> torch.Tensor:
    """Returns the limits (3, N), or (1, N), of the first convolution's sums.

    Arguments
    ---------
    conv : QuantizableConv2d
        The first convolution.
    norm, activation, following
        As in ``limits``.

    Returns
    -------
    torch.Tensor
        Whole numbers of 16 bits.
    """
    codes, scale = conv.codes()
    gain, shift, _ = _normalisation(norm, scale)
    edges = _before(activation.slope, _edges(following))
    a = scale * conv.step * gain
    b = conv.bias.detach().double() * gain + shift
    # Sums count input codes from 0, the convolution counts them from the pad.
    lowest = conv.pad_code * codes.flatten(1).sum(1)
    return (torch.ceil((edges - b) / a) + lowest).clamp(*INT16)
