"""The parts of a model file as bytes: ``fields`` sized, packed and unpacked.

The kinds are those of ``layout.fields``; how each is packed says
``arm_kernel/FORMAT.md``. Needs numpy only.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bifsmn_engine.format.layout import Shape, StoredVector

_CHUNK = 128  # signs; those of 8 outputs follow one another
_NUMBERS: dict[str, np.dtype] = {
    "i8": np.dtype(np.int8),
    "u8": np.dtype(np.uint8),
    "i16": np.dtype("<i2"),
    "u16": np.dtype("<u2"),
    "i32": np.dtype("<i4"),
    "scale": np.dtype("<f4"),
}


def size_of(kind: str, shape: Shape) -> int:
    """Returns how many bytes a part has.

    Example
    -------
    >>> size_of("rows", (5, 144))  # 5 rows of 2 chunks
    160
    """
    if kind in ("vector", "limits"):
        return 1 + math.prod(shape)
    if kind in ("bits", "rows"):
        return shape[0] * _padded(shape) // 8
    if kind in ("flags", "i4"):
        return math.prod(shape) // (8 if kind == "flags" else 2)
    return math.prod(shape) * _NUMBERS[kind].itemsize


def _padded(shape):
    return -(-shape[1] // _CHUNK) * _CHUNK


def pack(
    value: ArrayLike | StoredVector, name: str, kind: str, shape: Shape
) -> bytes:
    """Returns a part as bytes.

    Raises ValueError where it does not fit; whether its numbers are within the
    bounds says ``bounds.check_array``.

    Arguments
    ---------
    value : array | StoredVector
        Signs are bool; of other kinds than "scale", whole numbers.
    name, kind, shape
        Of ``fields``.

    Returns
    -------
    bytes
    """
    if kind in ("vector", "limits"):
        if not isinstance(value, StoredVector):
            found = type(value).__name__
            raise ValueError(f"{name}: expected a StoredVector, found {found}")
        codes = _whole(value.codes, name, np.dtype(np.int8), shape)
        exponent = _whole(value.exponent, name, np.dtype(np.uint8), ())
        return exponent.tobytes() + codes.tobytes()
    if kind in ("flags", "bits", "rows"):
        signs = _fitting(value, name, "b", shape)
        if kind != "flags":
            signs = np.pad(signs, ((0, 0), (0, _padded(shape) - shape[1])))
        if kind == "bits":
            signs = signs.reshape(shape[0] // 8, 8, -1, _CHUNK).swapaxes(1, 2)
        return np.packbits(signs.ravel(), bitorder="little").tobytes()
    if kind == "scale":
        with np.errstate(over="ignore"):  # infinity is out of bounds, too
            return _fitting(value, name, "iuf", shape).astype("<f4").tobytes()
    if kind == "i4":
        low, high = (
            _whole(value, name, np.dtype(np.int8), shape).reshape(-1, 2).T
        )
        _check_within(np.stack([low, high]), name, -8, 7)
        return (low & 15 | high << 4).astype(np.int8).tobytes()
    return _whole(value, name, _NUMBERS[kind], shape).tobytes()


def _fitting(value, name, kinds, shape):
    value = np.asarray(value)
    if value.size != math.prod(shape) or value.dtype.kind not in kinds:
        words = {"b": "signs", "iuf": "numbers"}[kinds]
        raise ValueError(
            f"{name}: expected {words} of shape {shape}, found {value.dtype} "
            f"of shape {value.shape}"
        )
    return value.reshape(shape)


def _whole(value, name, dtype, shape):
    """Whole numbers of any type, as those of one that holds them all."""
    values = _fitting(value, name, "iuf", shape)
    bounds = np.iinfo(dtype)
    _check_within(values, name, int(bounds.min), int(bounds.max))
    return values.astype(dtype)


def _check_within(values, name, low, high):
    wrong = values[~((values >= low) & (values <= high))]
    wrong = np.append(wrong, values[np.rint(values) != values])
    if len(wrong):
        raise ValueError(
            f"{name}: expected whole numbers from {low} to {high}, found "
            f"{wrong[0]}"
        )


def unpack(
    part: bytes, name: str, kind: str, shape: Shape
) -> NDArray | StoredVector:
    """Returns the array, or the StoredVector, that bytes are.

    Raises ValueError where padding is not zero.

    Arguments
    ---------
    part : bytes
        As many as ``size_of`` says.
    name, kind, shape
        Of ``fields``.

    Returns
    -------
    array | StoredVector
        A view of the bytes where it can be.
    """
    if kind in ("vector", "limits"):
        return StoredVector(
            part[0], np.frombuffer(part, np.int8, -1, 1).reshape(shape)
        )
    if kind in ("flags", "bits", "rows"):
        packed = np.frombuffer(part, np.uint8)
        signs: NDArray = np.unpackbits(packed, bitorder="little")
        if kind == "flags":
            return signs.astype(bool)
        if kind == "bits":
            signs = signs.reshape(shape[0] // 8, -1, 8, _CHUNK).swapaxes(1, 2)
        signs = signs.reshape(shape[0], -1)
        if signs[:, shape[1] :].any():
            raise ValueError(f"{name}: expected zeros as padding, found others")
        return signs[:, : shape[1]].astype(bool)
    if kind == "i4":
        both = np.frombuffer(part, np.int8)
        return np.stack([both << 4 >> 4, both >> 4], axis=1).reshape(shape)
    return np.frombuffer(part, _NUMBERS[kind]).reshape(shape)
