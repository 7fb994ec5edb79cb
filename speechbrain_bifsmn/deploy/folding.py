"""Folds a trained BiDFSMN into what a model file stores.

Batch-norm folding: each batch normalisation, with the weights' and activations'
scales and the bias of its layer, becomes one gain and one shift per channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
from speechbrain_bifsmn.nnet.binarizer import positive
from speechbrain_bifsmn.nnet.binary_layers import BINARY_LAYERS


def fold(
    model: BiDFSMN,
    labels: Sequence[str],
    features: LogMel | None = None,
    name: str = "",
    licence: str = "",
    provenance: str = "",
    threshold: float = 0.5,
    smoothing: int = 1,
    threshold_bits: int = 8,
    affine_bits: int = 8,
) -> ModelFile:
    """Folds batch norms, scales and biases, and rounds what is stored.

    Arguments
    ---------
    model : BiDFSMN
        A network with ``scale_layout="per_channel"`` and ``scales`` "learned"
        or "statistic".
    labels : sequence of str
        Names of the outputs, in their order.
    features : LogMel, optional
        The front end that the model was trained with; None is the default one.
    name, licence, provenance : str
        For people: what this is, what they may do, where it came from.
    threshold : float
        Posterior from which a keyword counts.
    smoothing : int
        Windows whose posteriors are averaged.
    threshold_bits, affine_bits : int
        Bits of every quantiser threshold; of every folded gain and shift.

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
        threshold_bits=threshold_bits,
        affine_bits=affine_bits,
        threshold=threshold,
        smoothing=smoothing,
    )
    check_config(config)
    exact = exact_arrays(model)
    arrays: dict[str, Any] = {}
    for field, kind, _ in fields(config):
        value = exact[field]
        if kind in ("threshold", "affine"):
            value = StoredVector.of(value, getattr(config, f"{kind}_bits"))
        arrays[field] = value
    return ModelFile(config, list(labels), name, licence, provenance, arrays)


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
        if layer.activation.scales == "frame":
            raise ValueError(
                f"{name}: expected activation scales that stay the same, found "
                "scales='frame'; train with scales='learned'"
            )


def _block_layers(model):
    for b in range(len(model.blocks)):
        for layer in ("memory", "expand", "project"):
            yield f"blocks.{b}.{layer}"


def _sizes(model):
    block, (low, high) = model.blocks[0], model.input_range
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
        "planes": model.projection.activation.planes,
        "input_mean": model.input_mean,
        "input_std": model.input_std,
        "input_low": low,
        "input_high": high,
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


def _array(tensor):
    return tensor.detach().cpu().double().numpy()


def exact_arrays(model: BiDFSMN) -> dict[str, Any]:
    """Returns every field of the file in double precision, not rounded.

    (The classifier's weights are whole multiples of their scales.)

    Arguments
    ---------
    model : BiDFSMN
        One that ``check_exportable`` lets pass.

    Returns
    -------
    dict
        {field: numpy.ndarray}; the names are those of ``layout.fields``.
    """
    front, mels = model.front_end, model.n_mels // 4
    conv1, norm1, prelu1, conv2, norm2, prelu2 = front
    gains, shifts = _normalisation(norm1)
    arrays = {
        "conv1.weight": _array(conv1.weight).reshape(-1, 25) * gains[:, None],
        "conv1.shifts": _array(conv1.bias) * gains + shifts,
        "conv1.slope": _array(prelu1.slope),
        "conv2.slope": _array(prelu2.slope),
        "projection.slope": _array(model.projection_activation.slope),
    }
    signs = _array(conv2.weight).transpose(0, 2, 3, 1) < 0
    arrays |= _quantiser("conv2", conv2) | _affine("conv2", conv2, norm2)
    arrays["conv2.signs"] = signs.reshape(len(signs), -1)
    # Bands: torch has channel by channel, the file band by band.
    linear = model.projection
    order = np.arange(linear.in_features).reshape(-1, mels).T.ravel()
    arrays |= _quantiser("projection", linear, order)
    arrays |= _affine("projection", linear)
    arrays["projection.signs"] = _array(linear.weight)[:, order] < 0
    for b, block in enumerate(model.blocks):
        arrays |= _block(f"blocks.{b}", block)
    return arrays | _classifier(model)


def _normalisation(norm):
    """Gain and shift of a batch normalisation in evaluation."""
    gains = _array(norm.weight) / np.sqrt(_array(norm.running_var) + norm.eps)
    return gains, _array(norm.bias) - _array(norm.running_mean) * gains


def _quantiser(name, layer, order=slice(None)):
    quantiser = layer.activation
    scales = _array(positive(quantiser.scale))
    arrays = {}
    for plane in range(1, quantiser.planes + 1):
        theta = getattr(quantiser, f"threshold{plane}")
        arrays[f"{name}.s{plane}"] = scales[plane - 1]
        arrays[f"{name}.theta{plane}"] = _array(theta)[order]
    return arrays


def _affine(name, layer, norm=None):
    """What turns ``d1 + s2 / s1 d2`` into the normalised output."""
    weight = np.abs(_array(layer.weight)).reshape(len(layer.weight), -1)
    scales = weight.mean(1) * _array(positive(layer.activation.scale))[0]
    gains, shifts = (1.0, 0.0) if norm is None else _normalisation(norm)
    bias = 0.0 if layer.bias is None else _array(layer.bias)
    return {
        f"{name}.gains": scales * gains,
        f"{name}.shifts": bias * gains + shifts,
    }


def _block(name, block):
    arrays = {
        f"{name}.memory.slope": _array(block.memory_activation.slope),
        f"{name}.expand.slope": _array(block.expand_activation.slope),
        f"{name}.memory.signs": _array(block.memory.weight)[:, 0].T < 0,
        f"{name}.expand.signs": _array(block.expand.weight)[..., 0] < 0,
        f"{name}.project.signs": _array(block.project.weight)[..., 0] < 0,
    }
    norms = {
        "memory": block.memory_norms,
        "expand": block.expand_norms,
        "project": block.norms,
    }
    for layer in norms:
        arrays |= _quantiser(f"{name}.{layer}", getattr(block, layer))
    for thinning in block.norms:
        for layer, by_thinning in norms.items():
            at = f"{name}.{thinning}.{layer}"
            arrays |= _affine(at, getattr(block, layer), by_thinning[thinning])
        slope = block.activations[thinning].slope
        arrays[f"{name}.{thinning}.slope"] = _array(slope)
    return arrays


def _classifier(model):
    weight, frames = _array(model.classifier.weight), model.frames // 4
    # torch has channel by channel, the file frame by frame.
    weight = weight.reshape(len(weight), -1, frames).swapaxes(1, 2)
    weight = weight.reshape(len(weight), -1)
    scales = np.maximum(np.abs(weight).max(1), 1e-12) / 127
    scales = scales.astype(np.float32)
    return {
        "classifier.scales": scales,
        "classifier.biases": _array(model.classifier.bias),
        "classifier.weight": np.rint(weight / scales[:, None].astype(float)),
    }
