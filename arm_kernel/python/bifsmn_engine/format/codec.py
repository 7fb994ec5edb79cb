"""The parts of a model file as bytes: ``fields`` sized, packed and unpacked.

The kinds are those of ``model_format.fields``; how each is packed says
``arm_kernel/FORMAT.md``. Needs numpy only.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bifsmn_engine.format.layout import Config, Shape, StoredVector

_CHUNK = 128  # signs; those of 8 outputs follow one another


def size_of(kind: str, shape: Shape, config: Config | None) -> int:
    """Returns how many bytes a part has.

    Example
    -------
    >>> size_of("rows", (5, 144), None)  # 5 rows of 2 chunks
    160
    """
    if kind in ("threshold", "affine"):
        return 8 + shape[0] * _bits(kind, config) // 8
    if kind in ("bits", "rows"):
        return shape[0] * _padded(shape) // 8
    return math.prod(shape) * _numbers(kind).itemsize


def _bits(kind, config):
    return getattr(config, f"{kind}_bits")


def _padded(shape):
    return -(-shape[1] // _CHUNK) * _CHUNK


def _numbers(kind):
    return np.dtype(np.int8 if kind == "i8" else "<f4")


def pack(
    value: ArrayLike | StoredVector,
    name: str,
    kind: str,
    shape: Shape,
    config: Config,
) -> bytes:
    """Returns a part as bytes.

    Raises ValueError where it does not fit; whether its numbers are within the
    bounds says ``model_bounds.check_array``.

    Arguments
    ---------
    value : array | StoredVector
        Signs are bool, i8 whole numbers.
    name, kind, shape
        Of ``fields``.
    config : Config
        The header.

    Returns
    -------
    bytes
    """
    if kind in ("threshold", "affine"):
        if not isinstance(value, StoredVector):
            found = type(value).__name__
            raise ValueError(f"{name}: expected a StoredVector, found {found}")
        bits = _bits(kind, config)
        codes = _fitting(value.codes, name, "iu", shape)
        _check_within(codes, name, 0, 2**bits - 1)
        places = np.arange(bits, dtype=np.uint16)
        one_a_byte = codes.astype(np.uint16)[:, None] >> places & 1
        return _single([value.offset, value.step]) + _packed(one_a_byte)
    if kind in ("bits", "rows"):
        signs = _fitting(value, name, "b", shape)
        signs = np.pad(signs, ((0, 0), (0, _padded(shape) - shape[1])))
        if kind == "bits":
            signs = signs.reshape(shape[0] // 8, 8, -1, _CHUNK).swapaxes(1, 2)
        return _packed(signs)
    numbers = _fitting(value, name, "iuf", shape)
    if kind == "i8":
        _check_within(numbers, name, -128, 127)
        return numbers.astype(np.int8).tobytes()
    return _single(numbers)


def _fitting(value, name, kinds, shape):
    value = np.asarray(value)
    if value.size != math.prod(shape) or value.dtype.kind not in kinds:
        words = {"b": "signs", "iu": "codes", "iuf": "numbers"}[kinds]
        raise ValueError(
            f"{name}: expected {words} of shape {shape}, found {value.dtype} "
            f"of shape {value.shape}"
        )
    return value.reshape(shape)


def _check_within(values, name, low, high):
    wrong = values[~((values >= low) & (values <= high))]
    wrong = np.append(wrong, values[np.rint(values) != values])
    if len(wrong):
        raise ValueError(
            f"{name}: expected whole numbers from {low} to {high}, found "
            f"{wrong[0]}"
        )


def _single(values):
    with np.errstate(over="ignore"):  # infinity is out of bounds, too
        return np.asarray(values, np.float64).astype("<f4").tobytes()


def _packed(bits):
    return np.packbits(bits.astype(bool).ravel(), bitorder="little").tobytes()


def unpack(
    part: bytes, name: str, kind: str, shape: Shape, config: Config
) -> NDArray | StoredVector:
    """Returns the array, or the StoredVector, that bytes are.

    Raises ValueError where padding is not zero.

    Arguments
    ---------
    part : bytes
        As many as ``size_of`` says.
    name, kind, shape
        Of ``fields``.
    config : Config
        The header.

    Returns
    -------
    array | StoredVector
        Real numbers in single precision; a view of the bytes where it can be.
    """
    if kind in ("threshold", "affine"):
        offset, step = np.frombuffer(part, "<f4", 2)
        codes = _unpacked(part[8:]).reshape(shape[0], -1)
        places = 1 << np.arange(codes.shape[1], dtype=np.uint32)
        return StoredVector(offset, step, (codes @ places).astype(np.uint16))
    if kind in ("bits", "rows"):
        signs = _unpacked(part)
        if kind == "bits":
            signs = signs.reshape(shape[0] // 8, -1, 8, _CHUNK).swapaxes(1, 2)
        signs = signs.reshape(shape[0], -1)
        if signs[:, shape[1] :].any():
            raise ValueError(f"{name}: expected zeros as padding, found others")
        return signs[:, : shape[1]].astype(bool)
    return np.frombuffer(part, _numbers(kind)).reshape(shape)


def _unpacked(part):
    packed = np.frombuffer(part, np.uint8)
    return np.unpackbits(packed, bitorder="little")
