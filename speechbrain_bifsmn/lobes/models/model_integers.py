"""The integers of a trained BiDFSMN, by the names that a model file has."""

from __future__ import annotations

from typing import Any

import torch

from speechbrain_bifsmn.lobes.models.integers import (
    affine,
    first_limits,
    limits,
    pads,
    quantiser,
)
from speechbrain_bifsmn.nnet.fixed_point import Shared


def integers(model: Any) -> dict[str, Any]:
    """Returns all numbers of a model file, by the names of ``layout.fields``.

    Arguments
    ---------
    model : BiDFSMN
        One with ``deployable``.

    Returns
    -------
    dict
        Tensors of whole numbers (signs are bool, True is -1;
        ``classifier.unit`` is real), and ``Shared`` where a file has codes and
        an exponent.
    """
    conv1, norm1, prelu1, conv2, norm2, prelu2 = model.front_end
    linear, prelu = model.projection, model.projection_activation
    conv2_limits = limits(conv2, norm2, prelu2, linear.activation)
    # Bands: torch has channel by channel, a file band by band.
    order = torch.arange(linear.in_features, device=linear.weight.device)
    order = order.view(-1, model.n_mels // 4).t().reshape(-1)
    signs = conv2.weight.permute(0, 2, 3, 1).flatten(1) < 0
    edges = first_limits(conv1, norm1, prelu1, conv2.activation)
    found: dict[str, Any] = {"conv1.weight": conv1.codes()[0].flatten(1)}
    names = ("middle", "low", "high")
    found |= {f"conv1.{n}": row for n, row in zip(names, edges, strict=False)}
    for plane, bits in enumerate(pads(conv2.activation), 1):
        found[f"conv2.pads{plane}"] = bits
    found["conv2.signs"] = signs
    found["conv2.limits"] = Shared(
        conv2_limits.codes[:, order], conv2_limits.exponent
    )
    found["projection.signs"] = linear.weight[:, order] < 0
    found |= _named_affine("projection", affine(linear, None, prelu))
    for index, block in enumerate(model.blocks):
        found |= _block(f"blocks.{index}", block)
    return found | _classifier(model.classifier, model.frames // 4)


def _named_affine(name, numbers):
    return {
        f"{name}.gains": numbers.gains,
        f"{name}.shifts": numbers.shifts,
        f"{name}.slope": numbers.slope,
    }


def _block(name, block):
    found = {
        f"{name}.memory.signs": block.memory.weight[:, 0].t() < 0,
        f"{name}.expand.signs": block.expand.weight[..., 0] < 0,
        f"{name}.project.signs": block.project.weight[..., 0] < 0,
    }
    for layer in ("memory", "expand"):
        middle, spread, centre = quantiser(getattr(block, layer).activation)
        found[f"{name}.{layer}.middle"] = middle
        if centre is not None:
            found[f"{name}.{layer}.spread"] = spread
            found[f"{name}.{layer}.centre"] = centre
    for key in block.norms:
        memory = affine(
            block.memory, block.memory_norms[key], block.memory_activation
        )
        project = affine(
            block.project, block.norms[key], block.activations[key]
        )
        found |= _named_affine(f"{name}.{key}.memory", memory)
        found[f"{name}.{key}.expand.limits"] = limits(
            block.expand,
            block.expand_norms[key],
            block.expand_activation,
            block.project.activation,
        )
        found |= _named_affine(f"{name}.{key}.project", project)
    return found


def _classifier(layer, frames):
    codes, biases, unit = layer.codes()
    if layer.tied == 1:  # torch has channel by channel, a file frame by frame
        codes = codes.unflatten(1, (-1, frames)).transpose(1, 2).flatten(1)
    return {
        "classifier.unit": unit,
        "classifier.shift": layer.shift(),
        "classifier.biases": biases,
        "classifier.weight": codes,
    }
