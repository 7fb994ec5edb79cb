"""Background recordings to draw stretches from."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn


class NoiseBank(nn.Module):
    """Recordings in one buffer, which moves with the module that holds it.

    Arguments
    ---------
    recordings : sequence of torch.Tensor
        Each (samples,).

    Example
    -------
    >>> bank = NoiseBank([torch.ones(20000), torch.zeros(30000)])
    >>> bank.draw(4, 16000, torch.Generator()).shape
    torch.Size([4, 16000])
    >>> len(bank)
    2
    """

    noise: torch.Tensor

    def __init__(self, recordings: Sequence[torch.Tensor] = ()) -> None:
        super().__init__()
        lengths = [len(recording) for recording in recordings]
        flat = torch.cat(list(recordings)) if lengths else torch.zeros(0)
        self.register_buffer("noise", flat, persistent=False)
        self.lengths = torch.tensor(lengths, dtype=torch.long)

    def __len__(self) -> int:
        return len(self.lengths)

    def draw(
        self, stretches: int, samples: int, generator: torch.Generator
    ) -> torch.Tensor:
        """Returns random stretches, each of a random recording.

        Arguments
        ---------
        stretches : int
            How many.
        samples : int
            Their length; each recording must be as long.
        generator : torch.Generator
            Decides on them.

        Returns
        -------
        torch.Tensor
            (stretches, samples).
        """
        if self.lengths.min() < samples:
            raise ValueError(
                f"noise: expected at least {samples} samples a recording, got "
                f"{int(self.lengths.min())}; leave short ones out"
            )
        which = torch.randint(
            len(self.lengths), (stretches,), generator=generator
        )
        room = self.lengths[which] - samples
        begin = self.lengths.cumsum(0)[which] - self.lengths[which]
        drawn = torch.rand(stretches, generator=generator, dtype=torch.double)
        start = begin + (drawn * (room + 1)).long()
        windows = self.noise.unfold(0, samples, 1)
        return windows[start.to(self.noise.device)]
