"""The x-vector network of SpeechBrain's own recipe for Speech Commands.

Shapes: B batch, T frames, F mel bands.

Source: SpeechBrain, ``recipes/Google-speech-commands/hparams/xvect.yaml``;
Snyder et al., "X-vectors: Robust DNN Embeddings for Speaker Recognition", 2018.
"""

from __future__ import annotations

import torch
from speechbrain.lobes.models.Xvector import Classifier, Xvector

from speechbrain_bifsmn.lobes.models.reference_network import ReferenceNetwork

NEURONS = 512


class XVector(ReferenceNetwork):
    """SpeechBrain's ``Xvector`` lobe, and its classifier.

    Logits are logarithms of posteriors. The lobe's pooling adds a little noise,
    about 1e-5, in evaluation too.

    Arguments
    ---------
    classes : int
        Outputs.
    n_mels : int
        F, at least 8; the recipe has 24.
    frames : int
        T of a whole input, at least 8. Shorter inputs are filled with silence.
    input_reference : str
        What decibels are relative to: "loudest", the loudest band of the input,
        or "absolute", full scale.

    Example
    -------
    >>> net = XVector(classes=12).eval()
    >>> net(torch.randn(2, 32, 32) * 20 - 30).shape
    torch.Size([2, 12])
    """

    def __init__(
        self,
        classes: int,
        n_mels: int = 32,
        frames: int = 32,
        input_reference: str = "loudest",
    ) -> None:
        super().__init__(classes, n_mels, frames, input_reference)
        self.embedding = Xvector(in_channels=n_mels, lin_neurons=NEURONS)
        self.classifier = Classifier((2, 1, NEURONS), out_neurons=classes)

    def classify(self, x: torch.Tensor) -> torch.Tensor:
        """Maps scaled features (B, frames, F) to logits (B, classes)."""
        return self.classifier(self.embedding(x).squeeze(1))
