"""The network as a model file has it, in torch."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from bifsmn_engine.format.layout import (
    Config,
    ModelFile,
    StoredVector,
    all_thinnings,
)
from speechbrain_bifsmn.lobes.models.dfsmn import fill_frames
from speechbrain_bifsmn.lobes.models.integer_network import (
    Header,
    IntegerNetwork,
    Trace,
    as_numbers,
)
from speechbrain_bifsmn.nnet.binarizer import is_traced


class DeployedBiDFSMN(nn.Module):
    """BiDFSMN of a model file: integers from the log-mel to the logits.

    It is what ``BiDFSMN`` computes in ``eval()``; the engine is bit-exact.

    Arguments
    ---------
    model : ModelFile
        What ``folding.fold`` or ``model_file.read`` returns.

    Example
    -------
    >>> from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
    >>> from speechbrain_bifsmn.deploy.folding import fold
    >>> labels = ["yes", "no"]
    >>> net = DeployedBiDFSMN(fold(BiDFSMN(classes=2).eval(), labels))
    >>> net.thinning = 4
    >>> net(torch.zeros(4, 32, 32)).shape
    torch.Size([4, 2])
    """

    def __init__(self, model: ModelFile) -> None:
        super().__init__()
        self.config, self.labels = model.config, list(model.labels)
        self.thresholds = list(model.thresholds)
        self.thinnings = all_thinnings(self.config)
        self.thinning = 1
        for name, value in model.arrays.items():
            if isinstance(value, StoredVector):
                value = value.values
            numbers = as_numbers(name, torch.from_numpy(np.array(value)))
            self.register_buffer(name.replace(".", "_"), numbers)

    def forward(
        self,
        features: torch.Tensor,
        lengths: torch.Tensor | None = None,
        trace: Trace | None = None,
    ) -> torch.Tensor:
        """Classifies log-mel features.

        Arguments
        ---------
        features : torch.Tensor
            (B, T, F) in decibels.
        lengths : torch.Tensor, optional
            (B,), relative lengths in (0, 1]; what lies beyond is silence.
        trace : list, optional
            Filled with (name, block, activations or None, dot products or None)
            of every layer, in the order [B, frame, output].

        Returns
        -------
        torch.Tensor
            Logits (B, classes).
        """
        c = self.config
        if (weight := self._get("conv1.weight")).element_size() < 4:
            raise TypeError(
                "DeployedBiDFSMN: expected single precision, which holds its "
                f"integers, got {weight.dtype}; leave it as it was loaded"
            )
        features = fill_frames(features, lengths, c.frames, c.mels)
        # (A graph has no exceptions.)
        if not is_traced() and not features.isfinite().all():
            raise ValueError(
                "features: expected finite numbers, got NaN or infinity; check "
                "where they come from"
            )
        blocks = range(self.thinning - 1, c.layers, self.thinning)
        with torch.autocast(features.device.type, enabled=False):
            network = IntegerNetwork(self._get, header_of(c), trace)
            x = network.front(features.float())
            return network.run(x, blocks, self.thinning).logits

    def _get(self, name):
        return getattr(self, name.replace(".", "_"))


def header_of(config: Config) -> Header:
    """Returns what a file's header says of the network."""
    c = config
    return Header(
        c.planes,
        c.taps_before,
        c.input_low,
        c.input_gain,
        c.input_pad,
        c.input_reference,
    )
