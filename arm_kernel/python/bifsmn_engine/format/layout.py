"""What a model file holds, and in which order.

The format is that of ``arm_kernel/FORMAT.md``. Needs numpy only.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Config(NamedTuple):
    """The header: sizes, front end, input scaling, smoothing."""

    classes: int
    mels: int
    frames: int
    layers: int
    thinnings: int
    front_channels: int
    channels: int
    hidden: int
    taps_before: int
    taps_after: int
    planes: int
    sample_rate: int
    window_samples: int
    n_fft: int
    hop: int
    input_pad: int
    input_reference: int
    pooling: int
    f_min: float
    f_max: float
    power_floor: float
    input_low: float
    input_gain: float
    smoothing: int


Shape = tuple[int, ...]
HEADER = struct.Struct("<18I5fI")  # a Config


def front_end_options(config: Config) -> dict[str, Any]:
    """Returns the arguments of ``LogMel`` that a header states.

    Example
    -------
    >>> header = Config._make(range(24))
    >>> front_end_options(header)["hop_length"] == header.hop
    True
    """
    c = config
    return {
        "sample_rate": c.sample_rate,
        "n_mels": c.mels,
        "n_fft": c.n_fft,
        "hop_length": c.hop,
        "f_min": c.f_min,
        "f_max": c.f_max,
        "power_floor": c.power_floor,
    }


class ModelFile(NamedTuple):
    """What a file holds.

    ``arrays`` has an entry for every name of ``fields``; numbers that a file
    stores with a shared exponent are ``StoredVector``, signs and bits are bool
    (True is -1), all else is whole, but ``classifier.unit``.
    """

    config: Config
    labels: list[str]
    thresholds: list[float]  # of detection, one a label
    name: str
    licence: str
    provenance: str
    arrays: dict[str, Any]


class StoredVector(NamedTuple):
    """Whole numbers ``codes * 2**exponent``, with one exponent for all."""

    exponent: int
    codes: NDArray[np.int8]

    @property
    def values(self) -> NDArray[np.int32]:
        """The numbers, as every reader gets them.

        Example
        -------
        >>> StoredVector(3, np.array([-128, 1], np.int8)).values.tolist()
        [-1024, 8]
        """
        return self.codes.astype(np.int32) << self.exponent


def fields(config: Config) -> Iterator[tuple[str, str, Shape]]:
    """Lists what follows the thresholds, in order: (name, kind, shape).

    Kinds: "i4", "i8", "u8", "i16", "u16", "i32", whole numbers; "scale", an f32
    above 0; "vector", a ``StoredVector``, and "limits", one of middle, low and
    high, with one plane of middle alone; "flags", bits; "bits", signs of
    outputs x inputs; "rows", signs of taps x channels.

    Example
    -------
    >>> sizes = dict.fromkeys(Config._fields, 1)
    >>> sizes.update(front_channels=16, mels=32, frames=32)
    >>> next(iter(fields(Config(**sizes))))
    ('conv1.weight', 'i8', (16, 25))
    """
    c = config
    p, bands = c.front_channels, 2 * c.front_channels * (c.mels // 4)
    taps, limits = c.taps_before + 1 + c.taps_after, 2 * c.planes - 1
    yield "conv1.weight", "i8", (p, 25)
    for name in ("middle", "low", "high")[:limits]:
        yield f"conv1.{name}", "i16", (p,)
    for plane in range(1, c.planes + 1):
        yield f"conv2.pads{plane}", "flags", (p,)
    yield "conv2.signs", "bits", (2 * p, 25 * p)
    yield "conv2.limits", "limits", (limits, bands)
    yield "projection.signs", "bits", (c.channels, bands)
    yield from _affine("projection", c.channels)
    for b in range(c.layers):
        name = f"blocks.{b}"
        yield from _quantiser(c, f"{name}.memory")
        yield f"{name}.memory.signs", "rows", (taps, c.channels)
        yield from _quantiser(c, f"{name}.expand")
        yield f"{name}.expand.signs", "bits", (c.hidden, c.channels)
        yield f"{name}.project.signs", "bits", (c.channels, c.hidden)
        for n in thinnings_of(c, b):
            yield from _affine(f"{name}.{n}.memory", c.channels)
            yield f"{name}.{n}.expand.limits", "limits", (limits, c.hidden)
            yield from _affine(f"{name}.{n}.project", c.channels)
    yield "classifier.unit", "scale", ()
    yield "classifier.shift", "u8", ()
    yield "classifier.biases", "i32", (c.classes,)
    weights = c.channels * (1 if c.pooling else c.frames // 4)
    yield "classifier.weight", "i4", (c.classes, weights)


def all_thinnings(config: Config) -> tuple[int, ...]:
    """Returns the thinnings of a network: 1, 2, 4, ..."""
    return tuple(1 << k for k in range(config.thinnings))


def thinnings_of(config: Config, block: int) -> list[int]:
    """Returns the thinnings at which a block runs."""
    return [n for n in all_thinnings(config) if (block + 1) % n == 0]


def _quantiser(config, name):
    yield f"{name}.middle", "vector", (config.channels,)
    if config.planes == 2:
        yield f"{name}.spread", "u16", ()
        yield f"{name}.centre", "vector", (config.channels,)


def _affine(name, outputs):
    yield f"{name}.gains", "vector", (outputs,)
    yield f"{name}.shifts", "vector", (outputs,)
    yield f"{name}.slope", "i8", ()
