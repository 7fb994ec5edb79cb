"""What networks of the literature take and give, as ``ThinnableDFSMN`` does.

Shapes: B batch, T frames, F mel bands.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from speechbrain_bifsmn.lobes.models.dfsmn import fill_frames
from speechbrain_bifsmn.lobes.models.input_scaling import scaling_of
from speechbrain_bifsmn.nnet.network_output import (
    NetworkOutput,
    Thinnable,
    check_thinning,
)

MIN_SIZE = 8


class ReferenceNetwork(Thinnable):
    """A full-precision classifier of log-mel features, with one thinning.

    Hence it can be a teacher, and be evaluated, in place of a ``DFSMN``. A
    network of the literature derives from it and defines ``classify``.

    Arguments
    ---------
    classes : int
        Outputs.
    n_mels : int
        F, at least 8.
    frames : int
        T of a whole input, at least 8. Shorter inputs are filled with silence.
    input_reference : str
        What decibels are relative to: "loudest", the loudest band of the input,
        or "absolute", full scale, as in the paper.

    Example
    -------
    >>> class Means(ReferenceNetwork):
    ...     def classify(self, x):
    ...         return x.mean(1)[:, : self.classes]
    >>> net = Means(classes=3, n_mels=32, frames=32)
    >>> net(torch.full((2, 20, 32), 10.0)).shape
    torch.Size([2, 3])
    >>> net(torch.full((2, 20, 32), 10.0), thinnings=[1])[0].hidden
    []
    """

    thinnings: tuple[int, ...] = (1,)

    def __init__(
        self,
        classes: int,
        n_mels: int,
        frames: int,
        input_reference: str = "loudest",
    ) -> None:
        super().__init__()
        for name, size in (("n_mels", n_mels), ("frames", frames)):
            if size < MIN_SIZE:
                raise ValueError(
                    f"{name}: expected at least {MIN_SIZE}, got {size}"
                )
        self.classes, self.n_mels, self.frames = classes, n_mels, frames
        self.scaling = scaling_of(input_reference)
        self.thinning = 1

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
            ``[1]``.

        Returns
        -------
        torch.Tensor | list of NetworkOutput
            Logits (B, classes); or, with ``thinnings`` given, one output of
            logits and no blocks.
        """
        for thinning in thinnings or ():
            check_thinning(thinning, self.thinnings)
        x = fill_frames(features, lengths, self.frames, self.n_mels)
        logits = self.classify(self.scaling(x))
        if thinnings is None:
            return logits
        return [NetworkOutput(logits, []) for _ in thinnings]

    def classify(self, x: torch.Tensor) -> torch.Tensor:
        """Maps scaled features (B, frames, F) to logits (B, classes)."""
        raise NotImplementedError
