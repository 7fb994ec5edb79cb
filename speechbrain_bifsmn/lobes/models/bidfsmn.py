"""BiDFSMN: the binarized thinnable DFSMN of BiFSMNv2."""

from __future__ import annotations

from typing import Any

from torch import nn

from speechbrain_bifsmn.lobes.models.dfsmn import DFSMN, ThinnableDFSMN
from speechbrain_bifsmn.nnet.activations import PositiveSlopePReLU
from speechbrain_bifsmn.nnet.binarize import BinarizedLayer, binarize


class BiDFSMN(ThinnableDFSMN):
    """Thinnable DFSMN with one-bit weights and activations.

    All layers but the first convolution and the classifier are binary. With
    scales per channel, every one of them can be computed with XNOR and
    popcount.

    Source: Qin et al., "BiFSMNv2", section III.

    Arguments
    ---------
    classes : int
        Outputs.
    binary : bool
        False keeps the layers in full precision, for comparison.
    scale_layout : str
        "per_channel" (one bit per weight, what is trained is what is deployed)
        or "as_released" (the published code's scales; its 1x1 convolutions keep
        weights of full precision, so it cannot be deployed in one bit).
    scales : str
        Activation scales: "learned", "statistic" or "frame", see
        ``DualScaleActivation``.
    planes : int
        One-bit planes of an activation: 2 or 1.
    gradient : str
        How a sign passes gradients on: "learned", "straight" or "quadratic",
        see ``LearningPropagationBinarizer``.
    activation : type
        Class of the activations of front end and projection, and between
        pointwise convolutions: ``PReLU`` or ``PositiveSlopePReLU``; with the
        latter the engine is faster.
    **sizes
        Any other arguments of ``ThinnableDFSMN``.

    Example
    -------
    >>> import torch
    >>> net = BiDFSMN(classes=12).eval()
    >>> features = torch.randn(2, 32, 32) * 20 - 30  # (batch, time, mel) in dB
    >>> net(features, lengths=torch.tensor([1.0, 0.5])).shape
    torch.Size([2, 12])
    >>> net.thinning = 4  # a quarter of the blocks
    >>> net(features).shape
    torch.Size([2, 12])
    >>> sum(layer.weights for layer in net.binarized)
    574976
    """

    def __init__(
        self,
        classes: int,
        binary: bool = True,
        scale_layout: str = "per_channel",
        scales: str = "learned",
        planes: int = 2,
        gradient: str = "learned",
        activation: type[nn.Module] = PositiveSlopePReLU,
        **sizes: Any,
    ) -> None:
        super().__init__(classes, activation=activation, **sizes)
        self.binarized: list[BinarizedLayer] = []
        if binary:
            self.binarized = binarize(
                self,
                ["front_end.0", "classifier"],
                scale_layout,
                scales,
                planes,
                gradient,
            )

    def start_from(self, teacher: DFSMN) -> None:
        """Takes over every weight that a full-precision DFSMN has in common.

        The normalisations of each thinning start from those of the teacher.

        Arguments
        ---------
        teacher : DFSMN
            A network of the same sizes.
        """
        mine = self.state_dict()
        theirs = teacher.state_dict()
        for name, value in mine.items():
            parts = name.split(".")
            if len(parts) > 3 and parts[3].isdigit():
                parts[3] = "1"  # as in blocks.7.norms.2.weight
            source = theirs.get(".".join(parts))
            if source is None:
                continue
            if source.shape != value.shape:
                raise ValueError(
                    f"{name}: expected {tuple(value.shape)} as in the student, "
                    f"got {tuple(source.shape)} from the teacher; give both "
                    "the same sizes and classes"
                )
            value.copy_(source)
