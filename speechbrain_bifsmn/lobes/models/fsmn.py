"""FSMN, the simpler baseline.

Shapes: B batch, T frames, F mel bands, C channels.
"""

from __future__ import annotations

import torch
from torch import nn

from speechbrain_bifsmn.lobes.models.input_scaling import scaling_of


class FSMNBlock(nn.Module):
    """``PReLU(W1 x + W2 m)``, with ``m`` a memory convolution of ``x``.

    Arguments
    ---------
    inputs, outputs : int
        Channels.
    taps : int
        Odd number of frames that the memory sees.
    """

    def __init__(self, inputs: int, outputs: int, taps: int) -> None:
        super().__init__()
        self.direct = nn.Linear(inputs, outputs)
        self.memory = nn.Conv1d(
            inputs,
            2 * inputs,
            taps,
            padding=taps // 2,
            groups=inputs,
            bias=False,
        )
        self.recall = nn.Linear(2 * inputs, outputs, bias=False)
        self.activation = nn.PReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (B, T, inputs) to (B, T, outputs)."""
        memory = self.memory(x.transpose(1, 2)).transpose(1, 2)
        return self.activation(self.direct(x) + self.recall(memory))


class FSMN(nn.Module):
    """The simpler baseline: memory blocks straight on the mel bands.

    Arguments
    ---------
    classes : int
        Outputs.
    n_mels, frames : int
        F and T of a whole input.
    layers : int
        Number of blocks.
    channels : int
        C of the blocks.
    taps : int
        Odd number of frames that a memory sees.
    input_reference : str
        What decibels are relative to: "loudest", the loudest band of the input,
        or "absolute", full scale, as in the paper.

    Example
    -------
    >>> FSMN(classes=12)(torch.zeros(2, 32, 32)).shape
    torch.Size([2, 12])
    """

    def __init__(
        self,
        classes: int,
        n_mels: int = 32,
        frames: int = 32,
        layers: int = 8,
        channels: int = 128,
        taps: int = 7,
        input_reference: str = "loudest",
    ) -> None:
        super().__init__()
        if taps % 2 == 0:
            raise ValueError(f"taps: expected an odd number, got {taps}")
        self.scaling = scaling_of(input_reference)
        self.blocks = nn.Sequential(
            *(
                FSMNBlock(channels if block else n_mels, channels, taps)
                for block in range(layers)
            )
        )
        self.classifier = nn.Linear(channels * frames, classes)

    def forward(
        self, features: torch.Tensor, lengths: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Classifies log-mel features.

        Arguments
        ---------
        features : torch.Tensor
            (B, frames, n_mels) in decibels.
        lengths : torch.Tensor, optional
            Not used: the input is always one whole window.

        Returns
        -------
        torch.Tensor
            Logits (B, classes).
        """
        x = self.blocks(self.scaling(features))
        return self.classifier(x.flatten(1))
