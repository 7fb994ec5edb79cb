"""Dual-scale quantiser of activations.

Shapes: B batch, T frames, C channels.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn
from torch.autograd.function import once_differentiable

from speechbrain_bifsmn.nnet.binarizer import (
    LearningPropagationBinarizer,
    positive,
    sign,
    to_float32,
)
from speechbrain_bifsmn.nnet.fixed_point import UNIT, straight_through
from speechbrain_bifsmn.nnet.two_planes import two_planes

SCALE_LAYOUTS = ("per_channel", "as_released")
SCALES = ("tied", "learned", "statistic", "frame")


class _OneSlope(torch.autograd.Function):
    """PReLU with one slope; its backward is 3 times as fast as torch's."""

    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x, slope)
        return F.leaky_relu(x, slope.item())

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        x, slope = ctx.saved_tensors
        to_x = torch.ops.aten.leaky_relu_backward(grad, x, slope.item(), False)
        below = x.clamp_max(0).reshape(-1)
        to_slope = torch.dot(below, grad.reshape(-1))
        return to_x, to_slope.to(slope).view_as(slope)


class PReLU(nn.PReLU):
    """``torch.nn.PReLU``, whose gradient takes a third of the time on a CPU.

    Example
    -------
    >>> PReLU()(torch.tensor([-4.0, 4.0])).tolist()
    [-1.0, 4.0]
    """

    @property
    def slope(self) -> torch.Tensor:
        """What negative numbers are multiplied by."""
        return self.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Keeps what is positive, and multiplies the rest by the slope."""
        if x.is_cuda or self.num_parameters > 1:
            return F.prelu(x, self.slope)
        return _OneSlope.apply(x, self.slope)


class PositiveSlopePReLU(PReLU):
    """PReLU that never falls: its slope is positive, whatever is learned.

    A bit of the next layer, ``prelu(y) < theta``, is then ``y`` below a limit,
    and a device need not compute the activation.

    Example
    -------
    >>> activation = PositiveSlopePReLU(init=-0.25)
    >>> activation(torch.tensor([-4.0, 4.0])).tolist()
    [-1.0, 4.0]
    """

    @property
    def slope(self) -> torch.Tensor:
        """What negative numbers are multiplied by."""
        return positive(self.weight)


class DualScaleActivation(nn.Module):
    """Two one-bit planes that together approximate an activation.

    ``x ~ s1 b1 + s2 b2`` with ``b1 = sign(alpha1 (x - theta1))`` and
    ``b2 = sign(alpha2 (x - s1 b1 - theta2))``; thresholds per channel, widths
    per layer. Both signs are learning-propagation binarizers: straight through
    where ``|alpha ...| < 1``.

    With ``scale_layout="per_channel"`` the scales come out of any sum over
    channels, so a layer after it is two XNOR-popcount products:

    - ``scales="tied"``: ``s1 = 2 s2``, one learned number per layer (the
      default); an activation is then an integer, -3, -1, 1 or 3, times a scale,
      which devices need not know;
    - ``scales="learned"``: one pair per layer, learned;
    - ``scales="statistic"``: one pair per layer, the running mean of ``|x|``
      and of the residual, frozen in ``eval()``;
    - ``scales="frame"``: the same means of every single frame, over channels.

    The first training batch sets the start of learned scales and widths.
    ``scale_layout="as_released"`` follows the paper's published code
    (``s1 = 1``, ``s2`` the mean over the last axis, a shift per channel): it is
    there for comparison and cannot be run with XNOR and popcount.

    Source: Qin et al., "BiFSMNv2", section III (dual-scale activation).

    Arguments
    ---------
    channels : int
        Size of the channel axis.
    channel_axis : int
        Which axis holds the channels.
    scale_layout : str
        "per_channel" or "as_released".
    scales : str
        "tied", "learned", "statistic" or "frame"; only for "per_channel".
    planes : int
        2, or 1 for ``x ~ s1 b1`` alone.
    gradient : str
        How both signs pass gradients on: "learned", "straight" or "quadratic",
        see ``LearningPropagationBinarizer``.

    Example
    -------
    >>> quantiser = DualScaleActivation(16, channel_axis=-1)
    >>> quantiser(torch.randn(4, 32, 16)).unique().numel()
    4
    """

    scale: torch.Tensor
    started: torch.Tensor

    def __init__(
        self,
        channels: int,
        channel_axis: int = 1,
        scale_layout: str = "per_channel",
        scales: str = "tied",
        planes: int = 2,
        gradient: str = "learned",
    ) -> None:
        super().__init__()
        _check_choice("scale_layout", scale_layout, SCALE_LAYOUTS)
        _check_choice("scales", scales, SCALES)
        _check_choice("planes", planes, (1, 2))
        if scale_layout == "as_released" and planes == 1:
            raise ValueError("planes: the released scale layout has 2, got 1")
        self.channels, self.channel_axis = channels, channel_axis
        self.scale_layout, self.scales = scale_layout, scales
        self.planes, self.gradient = planes, gradient
        # Whether inputs are whole multiples of UNIT on a device.
        self.on_grid = False
        self.threshold1 = nn.Parameter(torch.rand(channels) * 1e-3)
        self.binarizer1 = LearningPropagationBinarizer(1.0, gradient)
        if planes == 2:
            self.threshold2 = nn.Parameter(torch.rand(channels) * 1e-3)
            self.binarizer2 = LearningPropagationBinarizer(1.0, gradient)
        if scale_layout == "as_released":
            self.shift = nn.Parameter(torch.rand(channels) * 1e-3)
            return
        # Of a normal input, roughly.
        pair = torch.tensor([0.8, 0.4])[: 1 if scales == "tied" else planes]
        if scales in ("tied", "learned"):
            self.scale = nn.Parameter(pair)
        else:
            self.register_buffer("scale", pair)
        self.register_buffer("started", torch.tensor(False))

    def extra_repr(self) -> str:
        """Returns the options, which ``repr`` shows."""
        detail = f"scales={self.scales}, planes={self.planes}"
        return f"{self.channels}, scale_layout={self.scale_layout}, {detail}"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Quantises activations.

        Arguments
        ---------
        x : torch.Tensor
            Activations with ``channels`` entries along ``channel_axis``.

        Returns
        -------
        torch.Tensor
            The same shape; with scales per layer, at most four values.
        """
        if x.size(self.channel_axis) != self.channels:
            raise ValueError(
                f"expected {self.channels} channels on axis "
                f"{self.channel_axis}, got an input of {tuple(x.shape)}"
            )
        if self.scale_layout == "as_released":
            return self._released(x)
        last = x.movedim(self.channel_axis, -1)
        y = self._quantise(last.reshape(-1, self.channels)).view(last.shape)
        return y.movedim(-1, self.channel_axis)

    def _quantise(self, x):
        """Maps (N, C) to (N, C), in single precision at least."""
        x = to_float32(x)
        if self.training and not self.started:
            self._start(x.detach())
        scale = self._scale_of(x.detach())
        if self.planes == 1:
            return scale[0] * self.binarizer1(x - self.threshold1)
        s1, s2 = scale
        return two_planes(
            x,
            self.threshold1,
            self.threshold2,
            s1,
            s2,
            positive(self.binarizer1.alpha),
            positive(self.binarizer2.alpha),
            self.gradient,
        )

    def _released(self, x):
        shape = [1] * x.dim()
        shape[self.channel_axis] = self.channels
        first = self.binarizer1(x - self.threshold1.view(shape))
        residual = x - first - self.threshold2.view(shape)
        mean = residual.abs().mean(-1, keepdim=True)
        second = self.binarizer2(residual, scale=mean)
        return first + second - self.shift.view(shape)

    @torch.no_grad()
    def _means(self, x, axis=None):
        """Mean magnitude of ``x`` and of what the first plane leaves."""
        above = x - self.threshold1
        s1 = above.abs().mean(axis, keepdim=axis is not None)
        if self.planes == 1:
            return (s1,)
        residual = x - s1 * sign(above) - self.threshold2
        return s1, residual.abs().mean(axis, keepdim=axis is not None)

    def _scale_of(self, x):
        if self.scales == "tied":
            return self.tied_scales()
        if self.scales == "learned":
            return positive(self.scale).unbind()
        if self.scales == "frame":
            return self._means(x, axis=1)
        if self.training:
            self.scale.lerp_(torch.stack(self._means(x)).to(self.scale), 0.1)
        return self.scale.clone().unbind()

    def tied_scales(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns ``s1`` and its half, ``s2``, of ``scales="tied"``."""
        s1 = positive(self.scale[0])
        if self.on_grid and self.planes == 2:
            s1 = straight_through(s1, (s1 / UNIT).round().clamp(1) * UNIT)
        return s1, s1 / 2

    @torch.no_grad()
    def _start(self, x):
        """Sets scales and widths from the first batch, alike on all ranks."""
        means = torch.stack(self._means(x)).to(self.scale).clamp_min(1e-3)
        if dist.is_available() and dist.is_initialized():
            dist.all_reduce(means)
            means /= dist.get_world_size()
        self.scale.copy_(means[: len(self.scale)])
        if self.gradient == "learned":
            self.binarizer1.alpha.copy_(0.5 / means[0])
            if self.planes == 2:
                self.binarizer2.alpha.copy_(0.5 / means[1])
        self.started.fill_(True)


def _check_choice(name, value, choices):
    if value not in choices:
        raise ValueError(
            f"{name}: expected one of {', '.join(map(str, choices))}, "
            f"got {value!r}"
        )
