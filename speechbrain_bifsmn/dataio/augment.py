"""Augmentation of keyword clips, on the batch and on its device."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from inspect import signature

import torch
from speechbrain.augment.time_domain import AddReverb
from torch import nn

from speechbrain_bifsmn.dataio.noise_bank import NoiseDraws
from speechbrain_bifsmn.nnet.chunks import in_chunks


class KeywordAugment(NoiseDraws):
    """Random gain, speed with pitch, shift, neighbours and background noise.

    Each clip of a batch draws for itself: gain, speed and shift are applied
    with probability ``probability`` each, the others with their own. A
    neighbour is the edge of another clip of the batch, before this one or
    after it: in running speech there are words around a keyword, and the ends
    of two words are not keywords. In ``eval()`` nothing is changed. Draws come
    from a separate generator, on the CPU, so that ``seed`` makes an epoch
    repeatable on any device.

    Source: gain, speed and shift are those of the paper's released training,
    with linear instead of nearest-neighbour interpolation.

    Arguments
    ---------
    noise : sequence of torch.Tensor
        Background recordings (samples,), each longer than a clip; without any,
        no noise is mixed in. May be set later by ``set_noise``.
    probability : float
        Probability of gain, of speed, and of shift.
    noise_probability : float
        Probability of background noise.
    neighbour_probability : float
        Probability of a neighbour before the clip, and of one after it.
    gain : sequence of float
        Range of the factor of the amplitude.
    speed : float
        Largest relative change of speed.
    shift : int
        Largest shift in samples.
    noise_snr : sequence of float
        Range of the SNR in dB, the ratio of the powers of whole clips; hence
        digital zeros get no noise.
    neighbour_distance : sequence of int
        Range of the samples between the middles of a clip and its neighbour.

    Example
    -------
    >>> augment = KeywordAugment([torch.randn(48000)])
    >>> augment.seed(1)
    >>> augment(torch.randn(4, 16000)).shape
    torch.Size([4, 16000])
    """

    def __init__(
        self,
        noise: Sequence[torch.Tensor] = (),
        probability: float = 0.5,
        noise_probability: float = 0.5,
        neighbour_probability: float = 0.0,
        gain: Sequence[float] = (0.7, 1.1),
        speed: float = 0.2,
        shift: int = 3200,
        noise_snr: Sequence[float] = (0, 30),
        neighbour_distance: Sequence[int] = (8000, 12000),
    ) -> None:
        super().__init__(noise)
        self.probability = probability
        self.noise_probability = noise_probability
        self.neighbour_probability = neighbour_probability
        self.gain, self.speed, self.shift = tuple(gain), speed, shift
        self.noise_snr = tuple(noise_snr)
        self.neighbour_distance = tuple(neighbour_distance)

    def forward(self, wav: torch.Tensor) -> torch.Tensor:
        """Augments a batch.

        Arguments
        ---------
        wav : torch.Tensor
            (B, samples).

        Returns
        -------
        torch.Tensor
            A new tensor of the same shape.
        """
        if not self.training:
            return wav
        wav = self._resample(wav)
        if self.neighbour_probability:
            wav = wav + self._neighbours(wav, -1) + self._neighbours(wav, 1)
        gain = self._between(self.gain, wav)
        gain = torch.where(self._chosen(wav, self.probability), gain, 1.0)
        wav = wav * gain[:, None]
        if len(self.noise):
            wav = wav + self._noise(wav)
        return wav

    def _uniform(self, wav):
        drawn = torch.rand(len(wav), generator=self.generator)
        return drawn.to(wav.device)

    def _between(self, limits, wav):
        low, high = limits
        return low + (high - low) * self._uniform(wav)

    def _chosen(self, wav, probability):
        return self._uniform(wav) < probability

    def _resample(self, wav):
        """Shift and speed, about the middle of the clip, in one reading."""
        rate = 1 + self.speed * (2 * self._uniform(wav) - 1)
        rate = torch.where(self._chosen(wav, self.probability), rate, 1.0)
        shift = (self.shift * (2 * self._uniform(wav) - 1)).round()
        shift = torch.where(self._chosen(wav, self.probability), shift, 0.0)
        return in_chunks(_read, wav, rate[:, None], shift[:, None])

    def _neighbours(self, wav, side):
        """Returns the edges of clips that come before (-1) or after (1)."""
        order = torch.randperm(len(wav), generator=self.generator)
        distance = self._between(self.neighbour_distance, wav).round()
        chosen = self._chosen(wav, self.neighbour_probability)
        clips = wav[order.to(wav.device)] * chosen[:, None]
        rate = torch.ones_like(distance)
        return in_chunks(_read, clips, rate[:, None], side * distance[:, None])

    def _noise(self, wav):
        """A random stretch of a random recording for each clip."""
        noise = self.noise.draw(len(wav), wav.size(1), self.generator)
        ratio = 10 ** (self._between(self.noise_snr, wav) / 10)
        power = (noise.square().mean(1) * ratio).clamp(min=1e-12)
        gain = (wav.square().mean(1) / power).sqrt()
        gain *= self._chosen(wav, self.noise_probability)
        return noise * gain[:, None]


def _read(wav, rate, shift):
    """Reads (B, samples) at other places, linear between samples."""
    samples = wav.size(1)
    time = torch.arange(samples, device=wav.device) - samples // 2
    place = (time - shift) * rate + samples // 2
    left = place.floor()
    part = place - left
    # A zero at either end is what lies beyond.
    padded = nn.functional.pad(wav, (1, 1))
    index = left.long().add_(1)
    here = padded.gather(1, index.clamp(0, samples + 1))
    after = padded.gather(1, index.add_(1).clamp_(0, samples + 1))
    return torch.lerp(here, after, part)


class RandomApply(nn.Module):
    """Applies augmentations one after the other, each to some batches.

    For SpeechBrain's augmentations, which treat a batch as a whole. In
    ``eval()`` nothing is changed. Draws come from torch's global generator, as
    those of SpeechBrain do.

    Arguments
    ---------
    augmentations : sequence of torch.nn.Module
        Modules that map (B, ...) to (B, ...); an argument ``lengths`` gets
        relative lengths of 1.
    probabilities : sequence of float
        Probability of each one for a batch; 0 switches it off.

    Example
    -------
    >>> from speechbrain.augment.time_domain import DropChunk, DropFreq
    >>> augment = RandomApply([DropFreq(), DropChunk()], [0.5, 0.0])
    >>> augment(torch.randn(4, 16000)).shape
    torch.Size([4, 16000])
    """

    def __init__(
        self, augmentations: Iterable[nn.Module], probabilities: Iterable[float]
    ) -> None:
        super().__init__()
        self.augmentations = nn.ModuleList(augmentations)
        self.probabilities = list(probabilities)
        if len(self.probabilities) != len(self.augmentations):
            raise ValueError(
                f"probabilities: expected {len(self.augmentations)}, one for "
                f"each augmentation, got {self.probabilities}"
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Augments a batch (B, ...)."""
        if not self.training:
            return x
        for augment, probability in zip(
            self.augmentations, self.probabilities, strict=True
        ):
            if torch.rand(()) < probability:
                x = self._on_all(augment, x)
        return x

    @staticmethod
    def _on_all(augment, x):
        if "lengths" in signature(augment.forward).parameters:
            return augment(x, torch.ones(len(x), device=x.device))
        return augment(x)

    def restart(self) -> None:
        """Starts reverberation at its first RIR again, for a new epoch."""
        for augment in self.augmentations:
            if isinstance(augment, AddReverb):
                vars(augment).pop("data_loader", None)
