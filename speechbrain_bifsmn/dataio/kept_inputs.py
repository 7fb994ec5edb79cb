"""Inputs of training, kept with what a teacher says of them.

A large teacher takes longer than the network that learns from it. It hears some
augmented copies of the clips once; epochs then choose among the copies.

Shapes: N clips, T frames, F mel bands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import safetensors.torch
import torch
from torch.utils.data import Dataset, Sampler

from speechbrain_bifsmn.files.atomic import atomic_write


class KeptInputs(NamedTuple):
    """Clips as a network hears them, with a teacher's answers: a batch, or all.

    Example
    -------
    >>> kept = KeptInputs(torch.zeros(2, 4, 8), torch.ones(2), torch.eye(2))
    >>> KeptInputs.joined([kept, kept]).features.shape
    torch.Size([4, 4, 8])
    """

    features: torch.Tensor  # (N, T, F), decibels
    target: torch.Tensor  # (N,), indices of labels
    logits: torch.Tensor  # (N, classes), the teacher's

    def to(self, device: torch.device | str) -> KeptInputs:
        """Returns them on a device, the numbers in single precision."""
        features, target, logits = (x.to(device) for x in self)
        return KeptInputs(features.float(), target, logits.float())

    @classmethod
    def joined(cls, parts: Sequence[KeptInputs]) -> KeptInputs:
        """Returns the clips of several, in their order."""
        return cls(*(torch.cat(column) for column in zip(*parts, strict=True)))

    def save(self, path: str | Path) -> None:
        """Writes a file of safetensors, numbers in half precision."""
        halves = {
            name: value.half() if value.is_floating_point() else value
            for name, value in self._asdict().items()
        }
        with atomic_write(path) as place:
            safetensors.torch.save_file(halves, place)

    @classmethod
    def load(cls, path: str | Path) -> KeptInputs:
        """Reads a file that ``save`` wrote."""
        return cls(**safetensors.torch.load_file(path))


class KeptDataset(Dataset):
    """Kept clips as a data set, of which a loader takes whole batches.

    Arguments
    ---------
    kept : KeptInputs
        All clips.

    Example
    -------
    >>> kept = KeptInputs(torch.zeros(5, 4, 8), torch.arange(5), torch.eye(5))
    >>> loader = torch.utils.data.DataLoader(
    ...     KeptDataset(kept), batch_size=2, collate_fn=KeptDataset.collate
    ... )
    >>> [batch.target.tolist() for batch in loader]
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, kept: KeptInputs) -> None:
        self.kept = kept

    def __len__(self) -> int:
        return len(self.kept.target)

    def __getitems__(self, indices: Sequence[int]) -> KeptInputs:
        """Returns the clips of a batch."""
        chosen = torch.tensor(indices)
        return KeptInputs(*(column[chosen] for column in self.kept))

    @staticmethod
    def collate(batch: KeptInputs) -> KeptInputs:
        """Leaves a batch as it is."""
        return batch


class CopySampler(Sampler[int]):
    """Shuffles one of several copies of the clips in each epoch.

    Arguments
    ---------
    clips : int
        Of each copy; the data set holds one copy after the other.
    copies : int
        How many there are; epochs take them in turn.
    seed : int
        With the epoch's number it decides on the order.

    Example
    -------
    >>> sampler = CopySampler(clips=3, copies=2)
    >>> sampler.set_epoch(1)
    >>> sorted(sampler)
    [3, 4, 5]
    """

    def __init__(self, clips: int, copies: int, seed: int = 0) -> None:
        self.clips, self.copies = clips, copies
        self.seed, self.epoch = seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Chooses copy and order; SpeechBrain calls it before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.clips

    def __iter__(self) -> Iterator[int]:
        key = np.random.SeedSequence([self.seed, self.epoch])
        generator = torch.Generator()
        generator.manual_seed(int(key.generate_state(1)[0]))
        order = torch.randperm(self.clips, generator=generator)
        first = self.epoch % self.copies * self.clips
        return iter((order + first).tolist())
