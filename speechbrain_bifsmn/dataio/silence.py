"""Clips of silence, of every kind and level."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from speechbrain_bifsmn.dataio.noise_bank import NoiseDraws

VOICES = 4  # of other clips, which together are a babble


class RandomSilence(NoiseDraws):
    """Draws new clips in the place of a batch's silence.

    "Silence" is all that is not speech: digital zeros, noise at any level from
    inaudible to overdriven, and the babble of people far away, which is made of
    the batch's other clips. In ``eval()``, and as long as it has no noise,
    nothing is changed. Draws come from a separate generator, on the CPU.

    Arguments
    ---------
    noise : sequence of torch.Tensor
        Background recordings (samples,), each longer than a clip. May be set
        later by ``set_noise``.
    level : sequence of float
        Range of the root mean square of noise, in dB of full scale.
    babble_level : sequence of float
        The same of babble.
    zeros, babble : float
        Shares of the clips that are digital zeros, and babble.

    Example
    -------
    >>> silence = RandomSilence([torch.randn(48000)])
    >>> clips, silent = torch.ones(3, 16000), torch.tensor([True, False, True])
    >>> silence(clips, silent).eq(1).all(1).tolist()
    [False, True, False]
    """

    def __init__(
        self,
        noise: Sequence[torch.Tensor] = (),
        level: Sequence[float] = (-75, -5),
        babble_level: Sequence[float] = (-75, -35),
        zeros: float = 0.05,
        babble: float = 0.15,
    ) -> None:
        super().__init__(noise)
        self.level, self.babble_level = tuple(level), tuple(babble_level)
        self.zeros, self.babble = zeros, babble

    def forward(self, wav: torch.Tensor, silent: torch.Tensor) -> torch.Tensor:
        """Draws silence.

        Arguments
        ---------
        wav : torch.Tensor
            (B, samples).
        silent : torch.Tensor
            (B,), whether a clip is silence.

        Returns
        -------
        torch.Tensor
            The clips (B, samples), those of silence drawn anew, limited to full
            scale.
        """
        count = int(silent.sum())
        if not self.training or not len(self.noise) or not count:
            return wav
        drawn = self.noise.draw(count, wav.size(1), self.generator)
        level = self._between(self.level, count)
        kind = torch.rand(count, generator=self.generator)
        if not silent.all():
            chosen = kind < self.zeros + self.babble
            drawn[chosen] = self._babble(wav[~silent], int(chosen.sum()))
            level[chosen] = self._between(self.babble_level, int(chosen.sum()))
        gain = 10 ** (level / 20) * (kind >= self.zeros)
        gain = gain.to(wav.device) / _root_mean_square(drawn)
        wav = wav.clone()
        wav[silent] = (drawn * gain[:, None]).clamp(-1, 1)
        return wav

    def _between(self, limits, count):
        low, high = limits
        return low + (high - low) * torch.rand(count, generator=self.generator)

    def _babble(self, speech, count):
        """Mixes clips (N, samples) that begin anywhere, to (count, samples)."""
        total = speech.new_zeros(count, speech.size(1))
        for _ in range(VOICES):
            which, shift = (
                torch.randint(high, (count,), generator=self.generator)
                for high in speech.shape
            )
            time = torch.arange(speech.size(1)) - shift[:, None]
            time = time.remainder(speech.size(1)).to(speech.device)
            total += speech[which.to(speech.device)].gather(1, time)
        return total


def _root_mean_square(wav):
    return wav.square().mean(1).sqrt().clamp(min=1e-6)
