"""DS-CNN: depthwise separable convolutions over time and frequency.

Shapes: B batch, T frames, F mel bands, C channels.

Source: Zhang et al., "Hello Edge: Keyword Spotting on Microcontrollers",
arXiv:1711.07128, 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from speechbrain_bifsmn.lobes.models.reference_network import ReferenceNetwork


class DSCNN(ReferenceNetwork):
    """DS-CNN of the paper's sizes S (the default), M and L, or any other.

    A convolution, then blocks of a depthwise and a pointwise convolution, each
    with batch normalisation and ReLU, the average over time and frequency, and
    a linear classifier. The paper's sizes, whose input is 49 frames of 10
    bands:

    ====  ========  ======  ====================
    size  channels  blocks  strides
    ====  ========  ======  ====================
    S     64        4       ((2, 2),)
    M     172       4       ((2, 1), (2, 2))
    L     276       5       ((2, 1), (2, 2))
    ====  ========  ======  ====================

    Arguments
    ---------
    classes : int
        Outputs.
    n_mels : int
        F, at least 8.
    channels : int
        C.
    blocks : int
        Number of depthwise separable blocks.
    strides : sequence of sequence of int
        Strides over time and frequency of the first convolution, and of the
        first blocks; further blocks have none.
    kernel : sequence of int
        Size of the first convolution over time and frequency.
    frames : int
        T of a whole input, at least 8. Shorter inputs are filled with silence.
    input_reference : str
        What decibels are relative to: "loudest", the loudest band of the input,
        or "absolute", full scale.

    Example
    -------
    >>> net = DSCNN(classes=12).eval()
    >>> net(torch.randn(2, 32, 32) * 20 - 30).shape
    torch.Size([2, 12])
    """

    def __init__(
        self,
        classes: int,
        n_mels: int = 32,
        channels: int = 64,
        blocks: int = 4,
        strides: Sequence[Sequence[int]] = ((2, 2),),
        kernel: Sequence[int] = (10, 4),
        frames: int = 32,
        input_reference: str = "loudest",
    ) -> None:
        super().__init__(classes, n_mels, frames, input_reference)
        if not 1 <= len(strides) <= 1 + blocks:
            raise ValueError(
                f"strides: expected 1 to {1 + blocks} pairs, of the first "
                f"convolution and of up to {blocks} blocks, got {len(strides)}"
            )
        stem, *others = [tuple(stride) for stride in strides]
        others += [(1, 1)] * (blocks - len(others))
        self.stem = nn.Sequential(
            nn.ZeroPad2d(_around(kernel)),
            *_convolution(1, channels, tuple(kernel), stride=stem),
        )
        self.blocks = nn.Sequential(
            *(_block(channels, stride) for stride in others)
        )
        self.classifier = nn.Linear(channels, classes)
        # On a CPU a step of training then takes a third less.
        for convolution in self.modules():
            if isinstance(convolution, nn.Conv2d):
                weight = convolution.weight.data
                convolution.weight.data = weight.contiguous(
                    memory_format=torch.channels_last
                )

    def classify(self, x: torch.Tensor) -> torch.Tensor:
        """Maps scaled features (B, frames, F) to logits (B, classes)."""
        x = self.blocks(self.stem(x.unsqueeze(1)))  # (B, C, T', F')
        return self.classifier(x.mean((2, 3)))


def _around(kernel):
    """Zeros that keep an input's size: left, right, top, bottom."""
    return [
        zeros
        for size in reversed(kernel)
        for zeros in ((size - 1) // 2, size // 2)
    ]


def _block(channels, stride):
    return nn.Sequential(
        *_convolution(
            channels, channels, 3, stride=stride, padding=1, groups=channels
        ),
        *_convolution(channels, channels, 1),
    )


def _convolution(inputs, outputs, kernel, **options):
    return (
        nn.Conv2d(inputs, outputs, kernel, bias=False, **options),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )
