"""BiDFSMN: the binarized thinnable DFSMN of BiFSMNv2."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from speechbrain_bifsmn.lobes.models.dfsmn import DFSMN, ThinnableDFSMN
from speechbrain_bifsmn.lobes.models.integer_network import (
    Header,
    IntegerNetwork,
    as_numbers,
)
from speechbrain_bifsmn.lobes.models.model_integers import integers
from speechbrain_bifsmn.nnet.activations import PositiveSlopePReLU
from speechbrain_bifsmn.nnet.binarize import BinarizedLayer, binarize
from speechbrain_bifsmn.nnet.positive_norm import PositiveGainBatchNorm
from speechbrain_bifsmn.nnet.quantizable_layers import (
    QuantizableConv2d,
    QuantizableLinear,
)


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
        Activation scales: "tied", "learned", "statistic" or "frame", see
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

    # Their layers, which torch's types do not tell.
    front_end: Any
    blocks: Any
    projection: Any
    classifier: Any

    def __init__(
        self,
        classes: int,
        binary: bool = True,
        scale_layout: str = "per_channel",
        scales: str = "tied",
        planes: int = 2,
        gradient: str = "learned",
        activation: type[nn.Module] = PositiveSlopePReLU,
        **sizes: Any,
    ) -> None:
        tied = binary and scale_layout == "per_channel" and scales == "tied"
        folds = tied and issubclass(activation, PositiveSlopePReLU)
        norm = PositiveGainBatchNorm if folds else None
        super().__init__(classes, activation=activation, norm=norm, **sizes)
        self.deployable = folds
        if self.deployable:
            self._make_quantizable_ends()
        self.binarized: list[BinarizedLayer] = []
        if binary:
            ends = () if self.deployable else ("front_end.0",)
            self.binarized = binarize(
                self, ends, scale_layout, scales, planes, gradient
            )
        if self.deployable:
            for block in self.blocks:
                block.memory.activation.on_grid = True
                block.expand.activation.on_grid = True

    def _make_quantizable_ends(self):
        """Puts layers that have codes where layers stay that are not binary."""
        conv, linear = self.front_end[0], self.classifier
        scaling = self.scaling
        shape = conv.in_channels, conv.out_channels, 5, 2, 2
        conv = QuantizableConv2d(scaling.low, scaling.high, *shape)
        low = scaling.mean + scaling.std * conv.low
        gain = 1 / (scaling.std * conv.step)
        # As a file has them, in single precision.
        self.input_codes = torch.tensor([low, gain]).tolist()
        self.front_end[0] = conv
        self.classifier = QuantizableLinear(
            linear.in_features * linear.tied, self.classes, linear.tied
        )

    @property
    def header(self) -> Header:
        """What a model file's header says of the network."""
        planes = self.projection.activation.planes
        before = self.blocks[0].taps[0]
        (low, gain), pad = self.input_codes, self.front_end[0].pad_code
        reference = int(self.scaling.is_relative)
        return Header(planes, before, low, gain, pad, reference)

    def _outputs(self, features, thinnings):
        """In ``eval()`` the integers of file and engine, without gradients."""
        if self.training or not self.deployable:
            return super()._outputs(features, thinnings)
        with (
            torch.no_grad(),
            torch.autocast(features.device.type, enabled=False),
        ):
            numbers = {
                name: as_numbers(name, value)
                for name, value in integers(self).items()
            }
            network = IntegerNetwork(numbers.__getitem__, self.header)
            x = network.front(features.float())
            return [network.run(x, self.blocks_at(n), n) for n in thinnings]

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
