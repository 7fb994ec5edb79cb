"""Background recordings to draw stretches from."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from numpy.random import RandomState
from torch import nn

from speechbrain_bifsmn.dataio.backgrounds import BACKGROUNDS
from speechbrain_bifsmn.dataio.espeak import SAMPLE_RATE


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


class NoiseDraws(nn.Module):
    """What an augmentation that draws from recordings has, to derive from.

    Draws come from a separate generator, on the CPU, so that ``seed`` makes an
    epoch repeatable on any device.

    Arguments
    ---------
    noise : sequence of torch.Tensor
        Background recordings (samples,), each longer than a clip.
    """

    def __init__(self, noise: Sequence[torch.Tensor] = ()) -> None:
        super().__init__()
        self.generator = torch.Generator()
        self.set_noise(noise)

    def set_noise(self, noise: Sequence[torch.Tensor]) -> None:
        """Takes the background recordings (samples,) to draw from."""
        self.noise = NoiseBank(noise)

    def seed(self, seed: int) -> None:
        """Starts the draws anew, such as at the start of an epoch."""
        self.generator.manual_seed(seed)


def made_up_noise(seconds: int, seed: int) -> list[torch.Tensor]:
    """Makes one noise of each kind of ``BACKGROUNDS``.

    Arguments
    ---------
    seconds : int
        Their length.
    seed : int
        Decides on them.

    Returns
    -------
    list of torch.Tensor
        Each (16000 seconds,).

    Example
    -------
    >>> [noise.shape for noise in made_up_noise(1, seed=5)][:1]
    [torch.Size([16000])]
    """
    random = RandomState(seed)
    return [
        torch.from_numpy(make(seconds * SAMPLE_RATE, random)).float()
        for make in BACKGROUNDS.values()
    ]
