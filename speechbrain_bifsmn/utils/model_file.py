"""The model file of the engine: bytes to arrays and back.

The format is that of ``arm_kernel/FORMAT.md``; what it means is computed by
``DeployedBiDFSMN`` and by the engine. Needs numpy only.
"""

import struct
import zlib
from pathlib import Path

import numpy as np

from speechbrain_bifsmn.files.atomic import atomic_write
from speechbrain_bifsmn.utils.model_format import (
    HEADER,
    Config,
    ModelFile,
    StoredVector,
    check_config,
    fields,
)

MAGIC = b"\x89BIFSMN\n"
VERSION = 1
_HEAD = struct.Struct("<8s3I")  # magic, version, bytes, check sum
_LARGEST = np.float32(2**20)  # magnitude of any number in a file


def to_bytes(model):
    """Returns a ``ModelFile`` as the bytes of a file."""
    config = model.config
    check_config(config)
    parts = [HEADER.pack(*config)]
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
    content = to_bytes(model)
    with atomic_write(path) as place:
        return place.write_bytes(content)


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
        outputs, inputs = -(-shape[0] // 8), -(-shape[1] // 128)
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
    config = Config(*HEADER.unpack(source.take(HEADER.size)))
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
            outputs, inputs = -(-shape[0] // 8), -(-shape[1] // 128)
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
