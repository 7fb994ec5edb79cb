"""The order of clips in training."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch.utils.data import Sampler

from bifsmn_engine.detection import keywords_of
from bifsmn_engine.labels import UNKNOWN


class UnknownSampler(Sampler[int]):
    """Shuffles the clips, and resamples the unknown words in each epoch.

    An epoch has all clips of keywords and silence, and a sample of the unknown
    words, as large as a percentage of the keywords' clips. After some epochs
    all unknown words have been in one, while their class is no more frequent.

    Arguments
    ---------
    labels : sequence of str
        Labels of the clips, in the order of the data set.
    percentage : float
        Unknown words of an epoch, relative to the clips of keywords.
    seed : int
        With the epoch's number it decides on the sample.

    Example
    -------
    >>> labels = ["yes"] * 4 + ["unknown"] * 9
    >>> sampler = UnknownSampler(labels, percentage=50)
    >>> len(sampler), len(set(sampler) & {0, 1, 2, 3})
    (6, 4)
    """

    def __init__(
        self, labels: Sequence[str], percentage: float, seed: int = 0
    ) -> None:
        unknown = torch.tensor([label == UNKNOWN for label in labels])
        self.unknown = unknown.nonzero().flatten()
        self.others = unknown.logical_not().nonzero().flatten()
        keywords = len(keywords_of(labels))
        wanted = math.ceil(keywords * percentage / 100)
        self.drawn = min(wanted, len(self.unknown))
        self.seed, self.epoch = seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Chooses another sample; SpeechBrain calls it before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.others) + self.drawn

    def __iter__(self) -> Iterator[int]:
        key = np.random.SeedSequence([self.seed, self.epoch])
        generator = torch.Generator()
        generator.manual_seed(int(key.generate_state(1)[0]))
        order = torch.randperm(len(self.unknown), generator=generator)
        clips = torch.cat([self.others, self.unknown[order[: self.drawn]]])
        order = torch.randperm(len(clips), generator=generator)
        return iter(clips[order].tolist())
