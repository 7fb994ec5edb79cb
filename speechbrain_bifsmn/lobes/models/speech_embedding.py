"""A network on top of Google's speech embedding, as a teacher.

Shapes: B batch, T frames, F mel bands, C channels.

Source: Lin et al., "Training Keyword Spotters with Limited and Synthesized
Speech Data", ICASSP 2020. The weights (Apache-2.0) come from 200 million clips
of speech; openWakeWord 0.5.1 has them as ``embedding_model.onnx``.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from speechbrain_bifsmn.lobes.models.input_scaling import InputScaling
from speechbrain_bifsmn.lobes.models.reference_network import ReferenceNetwork
from speechbrain_bifsmn.nnet.chunks import in_chunks

N_MELS, DIMENSIONS = 32, 96
# Channels, kernels over time and frequency, and the pooling after them.
_STAGES = (
    (24, ((3, 3), (1, 3), (3, 1)), (2, 2)),
    (48, ((1, 3), (3, 1), (1, 3), (3, 1)), (1, 2)),
    (72, ((1, 3), (3, 1), (1, 3), (3, 1)), (2, 2)),
    (96, ((1, 3), (3, 1), (1, 3), (3, 1)), (1, 2)),
    (96, ((1, 3), (3, 1), (1, 3), (3, 1)), (2, 2)),
)
_WINDOW, _HOP = 76, 8  # frames that an embedding sees, and to the next one
_TAPS = 3  # embeddings that the classifier sees at once
_LEAST = -0.4  # of an activation
_AROUND = 10, 11  # frames of silence before and after an input
# The embedding takes a tenth of the decibels of 16-bit samples, and 2 added,
# down to 80 dB below the loudest band. Of usual speech that has 95 dB.
_SCALING = InputScaling(True, -115.0, 10.0, 3.5, 11.5)


class SpeechEmbedding(ReferenceNetwork):
    """The speech embedding, each 80 ms, and a small classifier of them.

    The input is that of ``SlaneyLogMel``, relative to its loudest band. The
    first convolutions, which take most of the time, can keep their weights.

    Arguments
    ---------
    classes : int
        Outputs.
    weights : str | Path
        Weights of the embedding to begin with, ``embedding_model.onnx``;
        empty: random ones.
    frames : int
        T of a whole input, 10 ms each.
    hidden : int
        Channels of the classifier.
    frozen : int
        How many of the embedding's convolutions are not trained.
    dropout : float
        Probability of dropout before the last layer.

    Example
    -------
    >>> net = SpeechEmbedding(classes=12).eval()
    >>> net(torch.randn(2, 101, 32) * 20 - 30).shape
    torch.Size([2, 12])
    """

    def __init__(
        self,
        classes: int,
        weights: str | Path = "",
        frames: int = 101,
        hidden: int = 128,
        frozen: int = 7,
        dropout: float = 0.3,
    ) -> None:
        embeddings = (frames + sum(_AROUND) - _WINDOW) // _HOP + 1
        if embeddings < _TAPS:
            raise ValueError(
                f"frames: expected 71 or more, for {_TAPS} embeddings, got "
                f"{frames}"
            )
        super().__init__(classes, N_MELS, frames)
        self.scaling = _SCALING
        self.stages = nn.ModuleList(_stages())
        self.embedding = nn.Conv2d(DIMENSIONS, DIMENSIONS, (3, 1), bias=False)
        if weights:
            _load(self, weights)
        for convolution in self._convolutions()[:frozen]:
            convolution.requires_grad_(False)
        self.classifier = nn.Sequential(
            nn.Conv1d(DIMENSIONS, hidden, _TAPS),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(hidden * (embeddings - _TAPS + 1), classes),
        )

    def classify(self, x: torch.Tensor) -> torch.Tensor:
        """Maps scaled features (B, frames, F) to logits (B, classes)."""
        return self.classifier(self.embed(x))

    def embed(self, x: torch.Tensor) -> torch.Tensor:
        """Maps scaled features (B, T, F) to embeddings (B, 96, T')."""
        x = F.pad(x, (0, 0, *_AROUND), value=self.scaling.low).unsqueeze(1)
        x = x.to(memory_format=torch.channels_last)
        for stage in self.stages:
            fixed = not any(p.requires_grad for p in stage.parameters())
            if fixed or not torch.is_grad_enabled():
                with torch.no_grad():
                    x = in_chunks(stage, x, size=8)
            else:
                x = stage(x)
        return self.embedding(x).squeeze(3)

    def _convolutions(self):
        stages = (m for m in self.stages.modules() if isinstance(m, nn.Conv2d))
        return [*stages, self.embedding]


class _LimitedLeakyReLU(nn.Module):
    """Leaky ReLU, not below a least value; in place, where nothing learns."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Keeps the shape."""
        if torch.is_grad_enabled():
            return F.leaky_relu(x, 0.2).clamp(min=_LEAST)
        return F.leaky_relu_(x, 0.2).clamp_(min=_LEAST)


def _stages():
    inputs = 1
    for outputs, kernels, pooling in _STAGES:
        layers: list[nn.Module] = []
        for kernel in kernels:
            around = (0, kernel[1] // 2)  # time has none
            layers += [
                nn.Conv2d(inputs, outputs, kernel, padding=around),
                _LimitedLeakyReLU(),
            ]
            inputs = outputs
        yield nn.Sequential(*layers, nn.MaxPool2d(pooling))


def _load(network, path):
    """Takes the weights, in the order of the layers that use them."""
    found = _convolutions_of(path)
    layers = [[*layer.parameters()] for layer in network._convolutions()]
    if _shapes(found) != _shapes(layers):
        raise ValueError(
            "weights: expected the convolutions of a speech embedding, found "
            f"others in {path}; take embedding_model.onnx of openWakeWord 0.5.1"
        )
    with torch.no_grad():
        for ours, theirs in zip(layers, found, strict=True):
            for parameter, values in zip(ours, theirs, strict=True):
                parameter.copy_(values)


def _convolutions_of(path):
    """Returns the weights, and biases, of an ONNX file's convolutions."""
    try:
        import onnx
    except ImportError:
        raise ImportError(
            "weights: expected the package onnx, which reads them, found none; "
            "pip install onnx"
        ) from None
    try:
        graph = onnx.load(path).graph
    except OSError:
        raise
    except Exception:  # a file of anything raises anything
        raise ValueError(
            f"weights: expected an ONNX file, found something else in {path}; "
            "take embedding_model.onnx of openWakeWord 0.5.1"
        ) from None
    arrays = {
        array.name: torch.from_numpy(onnx.numpy_helper.to_array(array).copy())
        for array in graph.initializer
    }
    nodes = (node for node in graph.node if node.op_type == "Conv")
    return [[arrays.get(i, torch.empty(0)) for i in n.input[1:]] for n in nodes]


def _shapes(layers):
    return [[tuple(values.shape) for values in layer] for layer in layers]
