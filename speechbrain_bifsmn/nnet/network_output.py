"""What thinnable networks give, and their training objective takes."""

from __future__ import annotations

from typing import NamedTuple

import torch


class NetworkOutput(NamedTuple):
    """What a thinnable network gives at one thinning.

    Shapes: B batch, T frames, C channels.
    """

    logits: torch.Tensor  # (B, classes)
    hidden: list[torch.Tensor]  # outputs of the blocks that ran, (B, T, C)
