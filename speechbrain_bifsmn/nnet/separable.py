"""The two halves of a separable convolution over time.

Depthwise as a sum of shifted products, pointwise as a matrix product: on a CPU,
over a few frames, the first is several times, the second 1.5 times as fast as
torch's convolution.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd.function import once_differentiable


class _Depthwise(torch.autograd.Function):
    """On (B, T, C), whose channels lie side by side in memory."""

    @staticmethod
    def forward(ctx, x, taps, bias):
        ctx.save_for_backward(x, taps)
        ctx.has_bias = bias is not None
        frames = x.size(1) - len(taps) + 1
        y = x[:, :frames] * taps[0]
        if bias is not None:
            y += bias
        for k in range(1, len(taps)):
            y.addcmul_(x[:, k : k + frames], taps[k])
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        x, taps = ctx.saved_tensors
        grad, frames = grad.contiguous(), grad.size(1)
        to_x, to_taps = torch.zeros_like(x), torch.empty_like(taps)
        for k, tap in enumerate(taps):
            to_x[:, k : k + frames].addcmul_(grad, tap)
            to_taps[k] = (grad * x[:, k : k + frames]).sum((0, 1))
        return to_x, to_taps, grad.sum((0, 1)) if ctx.has_bias else None


def depthwise_conv1d(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None
) -> torch.Tensor:
    """Convolves each channel over time by itself.

    Arguments
    ---------
    x : torch.Tensor
        (B, C, T); fastest as a transposed view of (B, T, C).
    weight : torch.Tensor
        (C, 1, K).
    bias : torch.Tensor, optional
        (C,).

    Returns
    -------
    torch.Tensor
        (B, C, T - K + 1).

    Example
    -------
    >>> x, weight = torch.randn(2, 4, 12), torch.randn(4, 1, 5)
    >>> y = depthwise_conv1d(x, weight)
    >>> torch.allclose(y, F.conv1d(x, weight, groups=4), atol=1e-5)
    True
    """
    if x.size(1) != len(weight) or x.size(2) < weight.size(2):
        return F.conv1d(x, weight, bias, groups=x.size(1))
    x = x.transpose(1, 2).contiguous()
    taps = weight[:, 0].t().contiguous().to(x.dtype)
    return _Depthwise.apply(x, taps, bias).transpose(1, 2)


class DepthwiseConv1d(nn.Conv1d):
    """One filter for each channel, without padding.

    Arguments
    ---------
    channels : int
        C.
    kernel_size : int
        Taps.

    Example
    -------
    >>> DepthwiseConv1d(4, 5)(torch.randn(2, 4, 12)).shape
    torch.Size([2, 4, 8])
    """

    def __init__(self, channels: int, kernel_size: int) -> None:
        super().__init__(channels, channels, kernel_size, groups=channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (B, C, T) to (B, C, T - kernel_size + 1)."""
        return depthwise_conv1d(x, self.weight, self.bias)


def pointwise_conv1d(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None
) -> torch.Tensor:
    """Mixes the channels of every frame.

    Arguments
    ---------
    x : torch.Tensor
        (B, C, T); fastest as a transposed view of (B, T, C).
    weight : torch.Tensor
        (outputs, C, 1).
    bias : torch.Tensor, optional
        (outputs,).

    Returns
    -------
    torch.Tensor
        (B, outputs, T).

    Example
    -------
    >>> x, weight = torch.randn(2, 4, 12), torch.randn(6, 4, 1)
    >>> y = pointwise_conv1d(x, weight)
    >>> torch.allclose(y, F.conv1d(x, weight), atol=1e-5)
    True
    """
    return F.linear(x.transpose(1, 2), weight[..., 0], bias).transpose(1, 2)


class PointwiseConv1d(nn.Conv1d):
    """A convolution of one tap.

    Arguments
    ---------
    in_channels : int
        Inputs.
    out_channels : int
        Outputs.

    Example
    -------
    >>> PointwiseConv1d(4, 6)(torch.randn(2, 4, 12)).shape
    torch.Size([2, 6, 12])
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (B, in_channels, T) to (B, out_channels, T)."""
        return pointwise_conv1d(x, self.weight, self.bias)
