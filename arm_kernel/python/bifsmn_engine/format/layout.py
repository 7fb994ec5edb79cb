"""What a model file holds, and in which order.

The format is that of ``arm_kernel/FORMAT.md``. Needs numpy only.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Config(NamedTuple):
    """The header: sizes, front end, input scaling, decision."""

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
    threshold_bits: int
    affine_bits: int
    sample_rate: int
    window_samples: int
    n_fft: int
    hop: int
    f_min: float
    f_max: float
    power_floor: float
    input_mean: float
    input_std: float
    input_low: float
    input_high: float
    threshold: float
    smoothing: int


Shape = tuple[int, ...]
HEADER = struct.Struct("<17I8fI")  # a Config


def front_end_options(config: Config) -> dict[str, Any]:
    """Returns the arguments of ``LogMel`` that a header states.

    Example
    -------
    >>> header = Config._make(range(26))
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

    ``arrays`` has an entry for every name of ``fields``; vectors that a file
    stores in a few bits are ``StoredVector``, signs are bool (True is -1).
    """

    config: Config
    labels: list[str]
    name: str
    licence: str
    provenance: str
    arrays: dict[str, Any]


class StoredVector(NamedTuple):
    """Numbers in a few bits: ``offset + step * code`` in single precision."""

    offset: np.float32
    step: np.float32
    codes: np.ndarray

    @classmethod
    def of(cls, values: ArrayLike, bits: int) -> StoredVector:
        """Rounds values to the nearest of ``2**bits`` between their ends.

        Example
        -------
        >>> StoredVector.of(np.array([0.0, 0.2, 1.0]), 2).codes.tolist()
        [0, 1, 3]
        """
        values = np.asarray(values, np.float64)
        low, high = np.float32(values.min()), np.float32(values.max())
        step = np.float32((high - low) / (2**bits - 1))
        if step == 0:
            return cls(low, step, np.zeros(len(values), np.uint16))
        codes = np.rint((values - low) / np.float64(step))
        return cls(low, step, codes.clip(0, 2**bits - 1).astype(np.uint16))

    @property
    def values(self) -> NDArray[np.float32]:
        """The numbers, as every reader gets them."""
        return self.offset + self.step * self.codes.astype(np.float32)


def fields(config: Config) -> Iterator[tuple[str, str, Shape]]:
    """Lists what follows the strings, in order: (name, kind, shape).

    Kinds: "f32"; "scale", an f32 above 0; "i8"; "threshold" and "affine",
    vectors of so many bits; "bits", signs of outputs x inputs; "rows", signs
    of taps x channels.

    Example
    -------
    >>> sizes = dict.fromkeys(Config._fields, 1)
    >>> sizes.update(front_channels=16, mels=32, frames=32)
    >>> next(iter(fields(Config(**sizes))))
    ('conv1.weight', 'f32', (16, 25))
    """
    c = config
    p, bands = c.front_channels, 2 * c.front_channels * (c.mels // 4)
    taps = c.taps_before + 1 + c.taps_after
    yield "conv1.weight", "f32", (p, 25)
    yield "conv1.shifts", "f32", (p,)
    yield "conv1.slope", "f32", ()
    yield from _binary(c, "conv2", p, (2 * p, 25 * p))
    yield from _affine("conv2", 2 * p)
    yield "conv2.slope", "f32", ()
    yield from _binary(c, "projection", bands, (c.channels, bands))
    yield from _affine("projection", c.channels)
    yield "projection.slope", "f32", ()
    for b in range(c.layers):
        name = f"blocks.{b}"
        yield from _quantiser(c, f"{name}.memory", c.channels)
        yield f"{name}.memory.signs", "rows", (taps, c.channels)
        yield f"{name}.memory.slope", "f32", ()
        shape = (c.hidden, c.channels)
        yield from _binary(c, f"{name}.expand", c.channels, shape)
        yield f"{name}.expand.slope", "f32", ()
        yield from _binary(c, f"{name}.project", c.hidden, shape[::-1])
        for d in thinnings_of(c, b):
            yield from _affine(f"{name}.{d}.memory", c.channels)
            yield from _affine(f"{name}.{d}.expand", c.hidden)
            yield from _affine(f"{name}.{d}.project", c.channels)
            yield f"{name}.{d}.slope", "f32", ()
    yield "classifier.scales", "f32", (c.classes,)
    yield "classifier.biases", "f32", (c.classes,)
    yield "classifier.weight", "i8", (c.classes, c.frames // 4 * c.channels)


def all_thinnings(config: Config) -> tuple[int, ...]:
    """Returns the thinnings of a network: 1, 2, 4, ..."""
    return tuple(1 << k for k in range(config.thinnings))


def thinnings_of(config: Config, block: int) -> list[int]:
    """Returns the thinnings at which a block runs."""
    return [n for n in all_thinnings(config) if (block + 1) % n == 0]


def _quantiser(config, name, channels):
    for plane in range(1, config.planes + 1):
        yield f"{name}.s{plane}", "scale", ()
    for plane in range(1, config.planes + 1):
        yield f"{name}.theta{plane}", "threshold", (channels,)


def _binary(config, name, channels, shape):
    yield from _quantiser(config, name, channels)
    yield f"{name}.signs", "bits", shape


def _affine(name, outputs):
    yield f"{name}.gains", "affine", (outputs,)
    yield f"{name}.shifts", "affine", (outputs,)
