"""The model file of the engine: bytes to arrays and back.

The format is that of ``arm_kernel/FORMAT.md``; what it means is computed by
``DeployedBiDFSMN`` and by the engine. Needs numpy only.
"""

import os
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

MAGIC = b"\x89BIFSMN\n"
VERSION = 1
_HEAD = struct.Struct("<8s3I")  # magic, version, bytes, check sum
_LARGEST = np.float32(2**20)  # magnitude of any number in a file


class Config(NamedTuple):
    """The header: sizes, front end, input scaling, decision."""

    classes: int
    mels: int
    frames: int
    layers: int
    depths: int
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


_CONFIG = struct.Struct("<17I8fI")


class ModelFile(NamedTuple):
    """What a file holds.

    ``arrays`` has an entry for every name of ``fields``; vectors that a file
    stores in a few bits are ``StoredVector``, signs are bool (True is -1).
    """

    config: Config
    labels: list
    name: str
    licence: str
    provenance: str
    arrays: dict


class StoredVector(NamedTuple):
    """Numbers in a few bits: ``offset + step * code`` in single precision."""

    offset: np.float32
    step: np.float32
    codes: np.ndarray

    @classmethod
    def of(cls, values, bits):
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
    def values(self):
        """The numbers, as every reader gets them."""
        return self.offset + self.step * self.codes.astype(np.float32)


def fields(config):
    """Lists what follows the strings, in order: (name, kind, shape).

    Kinds: "f32"; "i8"; "threshold" and "affine", vectors of so many bits;
    "bits", signs of outputs x inputs; "rows", signs of taps x channels.

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
        for d in depths_of(c, b):
            yield from _affine(f"{name}.{d}.memory", c.channels)
            yield from _affine(f"{name}.{d}.expand", c.hidden)
            yield from _affine(f"{name}.{d}.project", c.channels)
            yield f"{name}.{d}.slope", "f32", ()
    yield "classifier.scales", "f32", (c.classes,)
    yield "classifier.biases", "f32", (c.classes,)
    yield "classifier.weight", "i8", (c.classes, c.frames // 4 * c.channels)


def depths_of(config, block):
    """Returns the depth settings at which a block runs."""
    return [d for d in range(config.depths) if (block + 1) % 2**d == 0]


def _quantiser(config, name, channels):
    for plane in range(1, config.planes + 1):
        yield f"{name}.s{plane}", "f32", ()
    for plane in range(1, config.planes + 1):
        yield f"{name}.theta{plane}", "threshold", (channels,)


def _binary(config, name, channels, shape):
    yield from _quantiser(config, name, channels)
    yield f"{name}.signs", "bits", shape


def _affine(name, outputs):
    yield f"{name}.gains", "affine", (outputs,)
    yield f"{name}.shifts", "affine", (outputs,)


def to_bytes(model):
    """Returns a ``ModelFile`` as the bytes of a file."""
    config = model.config
    parts = [_CONFIG.pack(*config)]
    for text in (*model.labels, model.name, model.licence, model.provenance):
        encoded = text.encode()
        parts += [struct.pack("<H", len(encoded)), encoded]
    for name, kind, shape in fields(config):
        parts.append(_encode(model.arrays[name], kind, shape, config, name))
    body = b"".join(parts)
    size, check = _HEAD.size + len(body), zlib.crc32(body)
    return _HEAD.pack(MAGIC, VERSION, size, check) + body


def write(model, path):
    """Writes a ``ModelFile``, whole or not at all; returns its size."""
    path, content = Path(path), to_bytes(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(content)
    os.replace(temporary, path)
    return len(content)


def _encode(value, kind, shape, config, name):
    if kind in ("threshold", "affine"):
        bits = getattr(config, f"{kind}_bits")
        places = np.arange(bits, dtype=np.uint16)
        codes = value.codes[:, None] >> places & 1
        packed = np.packbits(codes.astype(bool).ravel(), bitorder="little")
        _check(value.values, name)
        return struct.pack("<2f", value.offset, value.step) + packed.tobytes()
    value = np.asarray(value).reshape(shape)
    if kind == "bits":
        outputs, inputs = (-(-n // m) for n, m in zip(shape, (8, 128)))
        padded = np.zeros((8 * outputs, 128 * inputs), bool)
        padded[: shape[0], : shape[1]] = value
        blocks = padded.reshape(outputs, 8, inputs, 128).swapaxes(1, 2)
        return np.packbits(blocks, axis=-1, bitorder="little").tobytes()
    if kind == "rows":
        pad = ((0, 0), (0, -shape[1] % 128))
        rows = np.pad(value.astype(bool), pad)
        return np.packbits(rows, axis=-1, bitorder="little").tobytes()
    if kind == "i8":
        return value.astype(np.int8).tobytes()
    _check(value, name)
    return value.astype("<f4").tobytes()


def _check(values, name):
    if not (np.abs(values) <= _LARGEST).all():
        raise ValueError(
            f"{name}: expected finite numbers of at most 2^20, found others; "
            "the network has not been trained well enough to be exported"
        )


def read(path):
    """Reads a model file that is whole; the engine checks more.

    Arguments
    ---------
    path : str | Path
        A ``.bifsmn`` file.

    Returns
    -------
    ModelFile
    """
    content = Path(path).read_bytes()
    if not content.startswith(MAGIC) or len(content) < _HEAD.size:
        raise ValueError(f"expected a .bifsmn file, found another in {path}")
    _, version, size, check = _HEAD.unpack_from(content)
    if version != VERSION:
        raise ValueError(
            f"expected format version {VERSION}, found {version} in {path}; "
            "update this package or export the model again"
        )
    if size != len(content) or check != zlib.crc32(content[_HEAD.size :]):
        raise ValueError(
            f"expected {size} bytes of check sum {check:08x}, found others in "
            f"{path}; copy the file again"
        )
    source = _Source(content, _HEAD.size)
    config = Config(*_CONFIG.unpack(source.take(_CONFIG.size)))
    strings = [source.text() for _ in range(config.classes + 3)]
    arrays = {
        name: source.decode(kind, shape, config)
        for name, kind, shape in fields(config)
    }
    labels, rest = strings[: config.classes], strings[config.classes :]
    return ModelFile(config, labels, *rest, arrays)


class _Source:
    """Reads a file's content from front to back."""

    def __init__(self, content, at):
        self.content, self.at = content, at

    def take(self, size):
        """Returns so many bytes."""
        self.at += size
        return self.content[self.at - size : self.at]

    def array(self, dtype, count):
        """Returns so many numbers."""
        return np.frombuffer(self.take(count * np.dtype(dtype).itemsize), dtype)

    def text(self):
        """Returns a string."""
        return self.take(int(self.array("<u2", 1)[0])).decode()

    def unpacked(self, count):
        """Returns so many bits, least significant first."""
        packed = self.array(np.uint8, -(-count // 8))
        return np.unpackbits(packed, count=count, bitorder="little")

    def decode(self, kind, shape, config):
        """Returns one of ``fields``."""
        if kind in ("threshold", "affine"):
            offset, step = self.array("<f4", 2)
            bits = getattr(config, f"{kind}_bits")
            codes = self.unpacked(shape[0] * bits).reshape(shape[0], bits)
            places = 1 << np.arange(bits, dtype=np.uint32)
            return StoredVector(offset, step, (codes @ places).astype("u2"))
        if kind == "bits":
            outputs, inputs = (-(-n // m) for n, m in zip(shape, (8, 128)))
            blocks = self.unpacked(outputs * inputs * 1024)
            blocks = blocks.reshape(outputs, inputs, 8, 128).swapaxes(1, 2)
            rows = blocks.reshape(8 * outputs, 128 * inputs)
            return rows[: shape[0], : shape[1]].astype(bool)
        if kind == "rows":
            width = -(-shape[1] // 128) * 128
            rows = self.unpacked(shape[0] * width).reshape(shape[0], width)
            return rows[:, : shape[1]].astype(bool)
        dtype = {"i8": np.int8, "f32": "<f4"}[kind]
        return self.array(dtype, int(np.prod(shape))).reshape(shape)
