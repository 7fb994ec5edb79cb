"""Binary Linear, Conv1d and Conv2d.

A binary layer computes ``y = W_b * x_b + bias``: one-bit weights with one scale
per output channel, and activations of one or two one-bit planes. Padding is
done *before* the activations are binarized, so a pad is a code like any other
and every dot product has the same length.
"""

from __future__ import annotations

from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import nn

from speechbrain_bifsmn.nnet.activations import DualScaleActivation
from speechbrain_bifsmn.nnet.binarizer import LearningPropagationBinarizer
from speechbrain_bifsmn.nnet.separable import (
    depthwise_conv1d,
    pointwise_conv1d,
)

_Layer = TypeVar("_Layer", bound="_BinaryLayer")


class _BinaryLayer(nn.Module):
    """What the three layers share; mixed into torch's own layer classes."""

    weight: torch.Tensor
    bias: Any  # a parameter or None, as torch's classes have it
    channel_axis = 1

    def __init__(
        self,
        *shape: Any,
        scale_layout: str = "per_channel",
        scales: str = "tied",
        planes: int = 2,
        gradient: str = "learned",
        **named_shape: Any,
    ) -> None:
        super().__init__(*shape, **named_shape)
        taps = getattr(self, "kernel_size", (1,))
        if scales == "frame" and set(taps) != {1}:
            raise ValueError(
                "scales='frame': expected a layer of one tap, since only there "
                f"a frame's scale leaves the sum, got a kernel of {taps}; use "
                "'learned' or 'statistic'"
            )
        self.scale_layout = scale_layout
        self.weight_binarizer = LearningPropagationBinarizer(1.0, gradient)
        self.activation = DualScaleActivation(
            self.weight.size(1) * getattr(self, "groups", 1),
            self.channel_axis,
            scale_layout,
            scales,
            planes,
            gradient,
        )

    def binary_weight(self) -> torch.Tensor:
        """Returns the weights that the layer computes with.

        Returns
        -------
        torch.Tensor
            The shape of ``weight``. With scales per channel, ``+s`` or ``-s``,
            with one ``s`` per output channel, the mean of ``|weight|``.
        """
        if self.weight.element_size() < 4:
            raise TypeError(
                f"{type(self).__name__}: expected weights of single or double "
                f"precision, got {self.weight.dtype}; for lower precision, use "
                "torch.autocast"
            )
        magnitude = self.weight.detach().abs()
        if self.scale_layout == "as_released" and magnitude.dim() > 2:
            scale = magnitude.mean(-1, keepdim=True)
        else:
            scale = magnitude.flatten(1).mean(1)
            scale = scale.view(-1, *[1] * (magnitude.dim() - 1))
        return self.weight_binarizer(self.weight, scale=scale)

    @classmethod
    def from_float(
        cls: type[_Layer],
        layer: nn.Linear | nn.Conv1d | nn.Conv2d,
        **options: Any,
    ) -> _Layer:
        """Makes a binary layer that shares a full-precision layer's parameters.

        Arguments
        ---------
        layer : nn.Linear | nn.Conv1d | nn.Conv2d
            A layer of the same kind.
        **options
            ``scale_layout``, ``scales``, ``planes``, ``gradient`` of
            ``DualScaleActivation``.

        Returns
        -------
        The binary layer, on the same device and in the same mode.
        """
        binary = cls(**cls._arguments(layer), **options)
        binary.weight, binary.bias = layer.weight, layer.bias
        return binary.to(layer.weight.device).train(layer.training)

    @staticmethod
    def _arguments(layer: Any) -> dict[str, Any]:
        raise NotImplementedError


class BinaryLinear(_BinaryLayer, nn.Linear):
    """Fully connected layer with one-bit weights and activations.

    Arguments
    ---------
    in_features : int
        Inputs.
    out_features : int
        Outputs.
    bias : bool
        Whether a bias of full precision is added.
    **options
        ``scale_layout``, ``scales``, ``planes``, ``gradient`` of
        ``DualScaleActivation``.

    Example
    -------
    >>> layer = BinaryLinear(16, 4)
    >>> layer(torch.randn(2, 8, 16)).shape
    torch.Size([2, 8, 4])
    >>> layer.binary_weight()[0].unique().numel()
    2
    """

    channel_axis = -1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (..., in_features) to (..., out_features)."""
        return F.linear(self.activation(x), self.binary_weight(), self.bias)

    @staticmethod
    def _arguments(layer: nn.Linear) -> dict[str, Any]:
        return {
            "in_features": layer.in_features,
            "out_features": layer.out_features,
            "bias": layer.bias is not None,
        }


def _conv_arguments(layer: Any) -> dict[str, Any]:
    if layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        raise ValueError(
            "binary convolutions: expected a number of zeros as padding, got "
            f"padding={layer.padding!r}, padding_mode={layer.padding_mode!r}"
        )
    names = ("kernel_size", "stride", "padding", "dilation", "groups")
    return {
        "in_channels": layer.in_channels,
        "out_channels": layer.out_channels,
        "bias": layer.bias is not None,
        **{name: getattr(layer, name) for name in names},
    }


class BinaryConv1d(_BinaryLayer, nn.Conv1d):
    """1-D convolution with one-bit weights and activations.

    Takes torch's arguments (zeros as padding, added before binarization) and
    those of ``DualScaleActivation``.

    Arguments
    ---------
    in_channels : int
        Inputs.
    out_channels : int
        Outputs.
    kernel_size : int
        Taps.
    stride, padding, dilation, groups, bias
        As in ``torch.nn.Conv1d``.
    **options
        ``scale_layout``, ``scales``, ``planes``, ``gradient`` of
        ``DualScaleActivation``; ``scales="frame"`` needs a kernel of one tap.

    Example
    -------
    >>> layer = BinaryConv1d(8, 8, 5, padding=2, groups=8)
    >>> layer(torch.randn(2, 8, 12)).shape
    torch.Size([2, 8, 12])
    """

    padding: tuple[int, ...]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (B, in_channels, T) to (B, out_channels, T')."""
        if self.padding != (0,):  # torch's pad would copy
            x = F.pad(x, self.padding * 2)
        x, weight = self.activation(x), self.binary_weight()
        if self.kernel_size == (1,) and self.groups == 1:
            x = x[..., :: self.stride[0]]
            return pointwise_conv1d(x, weight, self.bias)
        if weight.size(1) == 1 and (self.stride, self.dilation) == ((1,), (1,)):
            return depthwise_conv1d(x, weight, self.bias)
        return F.conv1d(
            x, weight, self.bias, self.stride, 0, self.dilation, self.groups
        )

    _arguments = staticmethod(_conv_arguments)


class BinaryConv2d(_BinaryLayer, nn.Conv2d):
    """2-D convolution with one-bit weights and activations.

    Takes torch's arguments and those of ``DualScaleActivation``. Zeros are
    padded before binarization, except in the released scale layout, where the
    published code pads after it.

    Arguments
    ---------
    in_channels : int
        Inputs.
    out_channels : int
        Outputs.
    kernel_size : int | tuple
        Taps.
    stride, padding, dilation, groups, bias
        As in ``torch.nn.Conv2d``.
    **options
        ``scale_layout``, ``scales``, ``planes``, ``gradient`` of
        ``DualScaleActivation``; ``scales="frame"`` needs a kernel of one tap.

    Example
    -------
    >>> layer = BinaryConv2d(4, 6, 5, stride=2, padding=2)
    >>> layer(torch.randn(2, 4, 16, 16)).shape
    torch.Size([2, 6, 8, 8])
    """

    padding: tuple[int, ...]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (B, in_channels, H, W) to (B, out_channels, H', W')."""
        height, width = self.padding
        pad = (width, width, height, height)
        if self.scale_layout == "as_released":
            x = F.pad(self.activation(x), pad)
        else:
            x = self.activation(F.pad(x, pad))
        weight = self.binary_weight()
        return F.conv2d(
            x, weight, self.bias, self.stride, 0, self.dilation, self.groups
        )

    _arguments = staticmethod(_conv_arguments)


BINARY_LAYERS = (BinaryLinear, BinaryConv1d, BinaryConv2d)
