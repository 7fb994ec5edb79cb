"""Puts the integers of a trained BiDFSMN into a model file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import nn

from bifsmn_engine.format.bounds import check_config
from bifsmn_engine.format.layout import (
    Config,
    ModelFile,
    StoredVector,
    fields,
)
from speechbrain_bifsmn.lobes.features import LogMel
from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
from speechbrain_bifsmn.lobes.models.model_integers import integers
from speechbrain_bifsmn.nnet.activations import PositiveSlopePReLU
from speechbrain_bifsmn.nnet.binary_layers import BINARY_LAYERS
from speechbrain_bifsmn.nnet.fixed_point import Shared


def fold(
    model: BiDFSMN,
    labels: Sequence[str],
    features: LogMel | None = None,
    name: str = "",
    licence: str = "",
    provenance: str = "",
    threshold: float = 0.5,
    smoothing: int = 1,
) -> ModelFile:
    """Folds batch norms, scales and biases into the integers of a file.

    Nothing is rounded that the network in ``eval()`` does not round.

    Arguments
    ---------
    model : BiDFSMN
        A network with ``deployable``.
    labels : sequence of str
        Names of the outputs, in their order.
    features : LogMel, optional
        The front end that the model was trained with; None is the default one.
    name, licence, provenance : str
        For people: what this is, what they may do, where it came from.
    threshold : float
        Posterior from which any keyword counts.
    smoothing : int
        Windows whose posteriors are averaged.

    Returns
    -------
    ModelFile

    Example
    -------
    >>> folded = fold(BiDFSMN(classes=2), ["yes", "no"])
    >>> folded.arrays["projection.signs"].shape
    (128, 256)
    """
    check_exportable(model)
    if len(labels) != model.classes:
        raise ValueError(
            f"labels: expected {model.classes}, one for each output, got "
            f"{len(labels)}"
        )
    config = Config(
        **_sizes(model),
        **_front_end(LogMel() if features is None else features),
        smoothing=smoothing,
    )
    check_config(config)
    numbers = integers(model)
    arrays = {
        field: _as_stored(numbers[field], kind)
        for field, kind, _ in fields(config)
    }
    thresholds = [threshold] * len(labels)
    texts = name, licence, provenance
    return ModelFile(config, list(labels), thresholds, *texts, arrays)


def _as_stored(value, kind):
    """A number as ``ModelFile`` has it."""
    if isinstance(value, Shared):
        codes = value.codes.cpu().numpy().astype(np.int8)
        return StoredVector(int(value.exponent), codes)
    array = value.detach().cpu().numpy()
    return (
        array if kind == "scale" or array.dtype == bool else array.astype(int)
    )


def check_exportable(model: nn.Module) -> None:
    """Raises ValueError where a network cannot be stored in one bit.

    Arguments
    ---------
    model : torch.nn.Module
        A BiDFSMN, if it is to pass.
    """
    if not isinstance(model, BiDFSMN):
        raise ValueError(
            f"model: expected a BiDFSMN, got {type(model).__name__}"
        )
    layers = dict(model.named_modules())
    for name in ("front_end.3", "projection", *_block_layers(model)):
        layer = layers[name]
        if not isinstance(layer, BINARY_LAYERS):
            raise ValueError(
                f"{name}: expected a binary layer, found "
                f"{type(layer).__name__} with full-precision weights; export "
                "a network with binary=True"
            )
        if layer.scale_layout != "per_channel":
            raise ValueError(
                f"{name}: expected one scale per output channel, found "
                "scale_layout='as_released', whose weights are not one bit; "
                "train with scale_layout='per_channel'"
            )
        if (scales := layer.activation.scales) != "tied":
            raise ValueError(
                f"{name}: expected activations of whole numbers, found "
                f"scales={scales!r}; train with scales='tied'"
            )
    activation = model.projection_activation
    if not isinstance(activation, PositiveSlopePReLU):
        raise ValueError(
            "model: expected activations that never fall, found "
            f"{type(activation).__name__}; train with PositiveSlopePReLU"
        )


def _block_layers(model):
    for b in range(len(model.blocks)):
        for layer in ("memory", "expand", "project"):
            yield f"blocks.{b}.{layer}"


def _sizes(model):
    block, header = model.blocks[0], model.header
    return {
        "classes": model.classes,
        "mels": model.n_mels,
        "frames": model.frames,
        "layers": len(model.blocks),
        "thinnings": len(model.thinnings),
        "front_channels": model.front_end[0].out_channels,
        "channels": model.projection.out_features,
        "hidden": block.expand.out_channels,
        "taps_before": block.taps[0],
        "taps_after": block.taps[1],
        "planes": header.planes,
        "input_low": header.input_low,
        "input_gain": header.input_gain,
        "input_pad": header.input_pad,
        "input_reference": header.input_reference,
        "pooling": int(model.classifier.tied > 1),
    }


def _front_end(features):
    return {
        "sample_rate": features.sample_rate,
        "window_samples": features.sample_rate,  # a second
        "n_fft": features.n_fft,
        "hop": features.hop_length,
        "f_min": features.f_min,
        "f_max": features.f_max,
        "power_floor": features.power_floor,
    }
