"""The order of clips in training."""

import math

import numpy as np
import torch
from torch.utils.data import Sampler

from bifsmn_engine.labels import SILENCE, UNKNOWN


class RedrawSampler(Sampler):
    """Shuffles the clips, of which each epoch has other unknown words.

    An epoch has all clips of keywords and silence, and as many of the unknown
    words as a percentage of the keywords' clips. All that are there are seen
    after some epochs, and none makes the class more frequent than it was.

    Arguments
    ---------
    labels : sequence of str
        Of the clips, in the order of the data set.
    percentage : float
        Unknown words of an epoch, relative to the clips of keywords.
    seed : int
        With the epoch's number it decides the draw.

    Example
    -------
    >>> labels = ["yes"] * 4 + ["unknown"] * 9
    >>> sampler = RedrawSampler(labels, percentage=50)
    >>> len(sampler), len(set(sampler) & {0, 1, 2, 3})
    (6, 4)
    """

    def __init__(self, labels, percentage, seed=0):
        unknown = torch.tensor([label == UNKNOWN for label in labels])
        self.unknown = unknown.nonzero().flatten()
        self.others = unknown.logical_not().nonzero().flatten()
        keywords = sum(label not in (UNKNOWN, SILENCE) for label in labels)
        wanted = math.ceil(keywords * percentage / 100)
        self.drawn = min(wanted, len(self.unknown))
        self.seed, self.epoch = seed, 0

    def set_epoch(self, epoch):
        """Chooses another draw; SpeechBrain calls it before each epoch."""
        self.epoch = epoch

    def __len__(self):
        return len(self.others) + self.drawn

    def __iter__(self):
        key = np.random.SeedSequence([self.seed, self.epoch])
        generator = torch.Generator()
        generator.manual_seed(int(key.generate_state(1)[0]))
        order = torch.randperm(len(self.unknown), generator=generator)
        clips = torch.cat([self.others, self.unknown[order[: self.drawn]]])
        order = torch.randperm(len(clips), generator=generator)
        return iter(clips[order].tolist())
