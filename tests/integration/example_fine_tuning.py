#!/usr/bin/env/python3
"""A new word from five recordings: fine-tuning of a trained network.

The classifier gets one more output; everything learns a little, from the five
recordings in many variations, and from what the network knew already.
"""

import speechbrain_bifsmn  # noqa: F401  first: it mends torchaudio

# isort: split
import melodies
import pytest
import torch
from speechbrain.utils.seed import seed_everything

from speechbrain_bifsmn.dataio.augment import KeywordAugment
from speechbrain_bifsmn.lobes.features import LogMel
from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
from speechbrain_bifsmn.nnet.losses import ThinnableObjective

SMALL = {"layers": 4, "front_channels": 8, "channels": 32, "hidden": 64}


def with_one_more_class(model, **sizes):
    """Returns a network with the weights of another and one output more.

    Arguments
    ---------
    model : BiDFSMN
        Trained.
    **sizes
        Its sizes.

    Returns
    -------
    BiDFSMN
    """
    old = model.classifier
    larger = BiDFSMN(old.out_features + 1, **sizes)
    weights = model.state_dict()
    for name in ("classifier.weight", "classifier.bias"):
        fresh = larger.state_dict()[name]
        weights[name] = torch.cat([weights[name], fresh[-1:]])
    larger.load_state_dict(weights)
    return larger


def train(model, wavs, labels, steps, rate, seed=0):
    """Trains all thinnings on variations of clips (B, 16000)."""
    seed_everything(seed)
    features, augment = LogMel(), KeywordAugment(speed=0.1)
    objective = ThinnableObjective(gamma=0.0)
    optimizer = torch.optim.AdamW(model.parameters(), rate)
    model.train()
    for _ in range(steps):
        batch = torch.randint(len(wavs), (16,))
        outputs = model(
            features(augment(wavs[batch])), thinnings=model.thinnings
        )
        loss, _ = objective(outputs, labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


def batch_of(words, takes):
    """Returns clips (B, 16000) and their classes (B,)."""
    pairs = [(word, take) for word in words for take in takes]
    wavs = torch.stack([melodies.say(word, take) for word, take in pairs])
    labels = [melodies.WORDS.index(word) for word, _ in pairs]
    return wavs, torch.tensor(labels)


@torch.no_grad()
def accuracy(model, words, takes):
    """The share of clips that are told right."""
    wavs, labels = batch_of(words, takes)
    return (model(LogMel()(wavs)).argmax(1) == labels).float().mean().item()


def main():
    """Returns the network before and after."""
    *known, new = melodies.WORDS
    # A trained network. Of the package it would be BiDFSMN(12) after
    # load_weights(model, speechbrain_bifsmn.pretrained.FOLDER /
    # "student.safetensors"), and recordings of the words that it knows.
    before = BiDFSMN(len(known), **SMALL)
    train(before, *batch_of(known, range(20)), steps=60, rate=0.005)
    wavs, labels = batch_of([new], range(5))  # the five recordings
    others, their_labels = batch_of(known, range(5))
    after = train(
        with_one_more_class(before, **SMALL),
        torch.cat([wavs.repeat(2, 1), others]),
        torch.cat([labels.repeat(2), their_labels]),
        steps=30,
        rate=0.003,
    )
    return before, after


@pytest.mark.slow
def test_five_recordings_are_enough():
    """The new word is learned, and the others are not forgotten."""
    *known, new = melodies.WORDS
    before, after = main()
    unheard = range(100, 120)
    assert accuracy(before, known, unheard) > 0.85
    assert accuracy(after, [new], unheard) > 0.85
    assert accuracy(after, known, unheard) > 0.7


if __name__ == "__main__":
    main()
