"""Deep feed-forward sequential memory networks (DFSMN), thinnable.

Shapes: B batch, T frames, F mel bands, C channels.

Source: Qin et al., "BiFSMNv2: Pushing Binary Neural Networks for Keyword
Spotting to Real-Network Performance", IEEE TNNLS 2023.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from speechbrain_bifsmn.lobes.models.dfsmn_block import DFSMNBlock
from speechbrain_bifsmn.lobes.models.input_scaling import scaling_of
from speechbrain_bifsmn.nnet.activations import PReLU
from speechbrain_bifsmn.nnet.network_output import NetworkOutput, Thinnable
from speechbrain_bifsmn.nnet.tied_linear import TiedLinear

SILENCE_DB = -100.0


def fill_frames(
    features: torch.Tensor,
    lengths: torch.Tensor | None,
    frames: int,
    n_mels: int,
) -> torch.Tensor:
    """Fills features up to a whole input, with silence.

    Arguments
    ---------
    features : torch.Tensor
        (B, T, n_mels) in decibels, with T from 1 to ``frames``.
    lengths : torch.Tensor, optional
        (B,), relative lengths in (0, 1]; what lies beyond is silence.
    frames, n_mels : int
        Size of a whole input.

    Returns
    -------
    torch.Tensor
        (B, frames, n_mels).
    """
    if features.dim() != 3 or features.size(2) != n_mels:
        raise ValueError(
            f"features: expected (batch, time, {n_mels} mel bands), got "
            f"{tuple(features.shape)}"
        )
    missing = frames - features.size(1)
    if missing < 0 or features.size(1) == 0:
        raise ValueError(
            f"features: expected 1 to {frames} frames, got "
            f"{features.size(1)}; cut longer recordings into windows"
        )
    if lengths is not None:
        time = torch.arange(features.size(1), device=features.device)
        used = (lengths.to(features.device) * features.size(1)).round()
        silent = time[None] >= used[:, None]
        features = features.masked_fill(silent[..., None], SILENCE_DB)
    if missing:
        features = F.pad(features, (0, 0, 0, missing), value=SILENCE_DB)
    return features


class ThinnableDFSMN(Thinnable):
    """DFSMN whose number of blocks is chosen at run time.

    Thinning ``n`` runs every n-th block: of 8 blocks, 1 runs all, 2 the blocks
    1, 3, 5, 7, and 4 the blocks 3, 7 (counted from 0). All thinnings share
    weights; normalisations and each block's last activation are per thinning.
    (The paper's released code has one normalisation of the inner layers for all
    thinnings. Its running statistics, a mixture, then fit none of them.)

    Arguments
    ---------
    classes : int
        Outputs.
    n_mels : int
        F, a multiple of 4.
    frames : int
        T of a whole input, a multiple of 4. Shorter inputs are filled with
        silence.
    layers : int
        Number of blocks, a multiple of ``max_thinning``.
    max_thinning : int
        The last of the thinnings 1, 2, 4, ...
    front_channels : int
        Channels after the first convolution; the second doubles them.
    channels : int
        C of the blocks.
    hidden : int
        Channels inside a block.
    taps : sequence of int
        Two numbers: frames that each memory sees before and after the present
        one.
    activation : type
        Class of the activations of front end and projection, and between
        pointwise convolutions.
    norm : type, optional
        Class of the batch normalisations before them; None is torch's.
    dropout : float
        Probability of dropout inside blocks and before the classifier.
    input_reference : str
        What decibels are relative to: "loudest", the loudest band of the input,
        or "absolute", full scale, as in the paper.
    pooling : bool
        Whether the classifier sees the mean of all frames. Without it, it has
        weights for each frame, as in the paper.

    Example
    -------
    >>> net = ThinnableDFSMN(classes=12).eval()
    >>> features = torch.randn(2, 32, 32) * 20 - 30  # (batch, time, mel) in dB
    >>> net(features).shape
    torch.Size([2, 12])
    >>> full, half = net(features, thinnings=[1, 2])
    >>> len(full.hidden), len(half.hidden)
    (8, 4)
    """

    def __init__(
        self,
        classes: int,
        n_mels: int = 32,
        frames: int = 32,
        layers: int = 8,
        max_thinning: int = 4,
        front_channels: int = 16,
        channels: int = 128,
        hidden: int = 256,
        taps: Sequence[int] = (2, 2),
        activation: type[nn.Module] = PReLU,
        norm: type[nn.Module] | None = None,
        dropout: float = 0.0,
        input_reference: str = "loudest",
        pooling: bool = True,
    ) -> None:
        super().__init__()
        _check_sizes(n_mels, frames, layers, max_thinning)
        thinnings = tuple(1 << k for k in range(max_thinning.bit_length()))
        self.thinnings = thinnings
        self.classes, self.n_mels, self.frames = classes, n_mels, frames
        self.scaling = scaling_of(input_reference)
        self.front_end = nn.Sequential(
            nn.Conv2d(1, front_channels, 5, stride=2, padding=2),
            (norm or nn.BatchNorm2d)(front_channels),
            activation(),
            nn.Conv2d(front_channels, 2 * front_channels, 5, 2, padding=2),
            (norm or nn.BatchNorm2d)(2 * front_channels),
            activation(),
        )
        bands = 2 * front_channels * (n_mels // 4)
        self.projection = nn.Linear(bands, channels)
        self.projection_activation = activation()
        self.blocks = nn.ModuleList(
            DFSMNBlock(
                channels,
                hidden,
                taps,
                [n for n in thinnings if (block + 1) % n == 0],
                activation,
                dropout,
                norm or nn.BatchNorm1d,
            )
            for block in range(layers)
        )
        self.dropout = nn.Dropout(dropout)
        self.classifier = TiedLinear(
            channels * (frames // 4), classes, frames // 4 if pooling else 1
        )
        self.thinning = 1

    def blocks_at(self, thinning: int) -> range:
        """Indices of the blocks that run at a thinning."""
        return range(thinning - 1, len(self.blocks), thinning)

    def forward(
        self,
        features: torch.Tensor,
        lengths: torch.Tensor | None = None,
        thinnings: Sequence[int] | None = None,
    ) -> torch.Tensor | list[NetworkOutput]:
        """Classifies log-mel features.

        Arguments
        ---------
        features : torch.Tensor
            (B, T, F) in decibels, with T up to ``frames``.
        lengths : torch.Tensor, optional
            (B,), relative lengths in (0, 1]; what lies beyond is silence.
        thinnings : sequence of int, optional
            The thinnings to run, on one shared front end.

        Returns
        -------
        torch.Tensor | list of NetworkOutput
            Logits (B, classes) at ``self.thinning``; or, with ``thinnings``
            given, the logits and block outputs of each.
        """
        features = fill_frames(features, lengths, self.frames, self.n_mels)
        if thinnings is None:
            return self._outputs(features, [self.thinning])[0].logits
        return self._outputs(features, thinnings)

    def _outputs(self, features, thinnings):
        x = self._front(features)
        return [self._run(x, thinning) for thinning in thinnings]

    def _front(self, features):
        x = self.scaling(features).transpose(1, 2).unsqueeze(1)
        x = self.front_end(x)  # (B, 1, F, T) to (B, 2 front_channels, F/4, T/4)
        x = x.permute(0, 3, 1, 2).flatten(2)  # (B, T/4, bands)
        return self.projection_activation(self.projection(x))

    def _run(self, x, thinning):
        hidden = []
        for block in self.blocks_at(thinning):
            x = self.blocks[block](x, thinning)
            hidden.append(x)
        if x.requires_grad:  # or all blocks get it as the classifier has it
            x.register_hook(torch.Tensor.contiguous)
        x = self.dropout(x.transpose(1, 2).flatten(1))  # channel by channel
        return NetworkOutput(self.classifier(x), hidden)


def _check_sizes(n_mels, frames, layers, max_thinning):
    for name, size in (("n_mels", n_mels), ("frames", frames)):
        if size < 4 or size % 4:
            raise ValueError(f"{name}: expected a multiple of 4, got {size}")
    if max_thinning < 1 or max_thinning & (max_thinning - 1):
        raise ValueError(
            f"max_thinning: expected 1, 2, 4, ..., got {max_thinning}"
        )
    if layers < 1 or layers % max_thinning:
        raise ValueError(
            f"layers: expected a multiple of {max_thinning}, the highest "
            f"thinning, got {layers}"
        )


class DFSMN(ThinnableDFSMN):
    """The full-precision teacher: ReLU, dropout, and no thinning.

    It has the shape of ``BiDFSMN`` at thinning 1, so that the student can start
    from its weights and be compared with it block by block.

    Arguments
    ---------
    classes : int
        Outputs.
    dropout : float
        Probability of dropout inside blocks and before the classifier.
    **sizes
        Any other arguments of ``ThinnableDFSMN``, but ``max_thinning`` and
        ``activation``.

    Example
    -------
    >>> DFSMN(classes=35)(torch.zeros(2, 32, 32)).shape
    torch.Size([2, 35])
    """

    def __init__(
        self, classes: int, dropout: float = 0.2, **sizes: Any
    ) -> None:
        super().__init__(
            classes,
            max_thinning=1,
            activation=nn.ReLU,
            dropout=dropout,
            **sizes,
        )
