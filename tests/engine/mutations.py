"""Changes to the bytes of model files, most of which get past the checksum.

Each ``change`` takes a ``Known`` file and a source of numbers, and returns
other bytes; ``seal`` makes length and checksum fit them.
"""

import struct
import zlib
from typing import NamedTuple

import numpy as np

from bifsmn_engine.format import model_file
from bifsmn_engine.format.bounds import HEADER_AT
from bifsmn_engine.format.codec import size_of
from bifsmn_engine.format.layout import Config, ModelFile, fields

NETWORK_HEAD = HEADER_AT + 4 * len(Config._fields)
WHOLE = [0, 1, 2, 3, 7, 8, 9, 2**7, 2**16, 2**20, 2**28, 2**31, 2**32 - 1]
SINGLES = [0.0, 1.0, 1e-45, 1e-38, 2.0**-20, 2.0**20, 2.0**20 + 0.125, 3e38]
SINGLES = np.array(
    [*SINGLES, *(-s for s in SINGLES), np.inf, -np.inf, np.nan, 0.5, 30.0],
    np.float32,
)
# Kinds of parts that have numbers, and their types.
NUMBERS = {
    **dict.fromkeys(("i8", "i4", "vector", "limits"), np.dtype("i1")),
    **{"i16": np.dtype("<i2"), "u16": np.dtype("<u2"), "u8": np.dtype("u1")},
    **{"i32": np.dtype("<i4"), "scale": np.dtype("<f4")},
}
# Characters at both ends of every length, and what is none.
UTF8 = "7f c280 dfbf e0a080 ed9fbf ee8080 efbfbf f0908080 f48fbfbf c3a4 00 80"
UTF8 += " c0af c1bf c2 e09fbf e282 eda080 edbfbf f08fbfbf f09f98 f4908080"
UTF8 += " f888808080 fe ff 61c3"
UTF8 = [bytes.fromhex(word) for word in UTF8.split()]


class Known(NamedTuple):
    """A good file, and where its parts are: (name, kind, shape, offset)."""

    model: ModelFile
    content: bytes
    texts: list  # offsets
    parts: list

    @classmethod
    def of(cls, model):
        """Takes a ``ModelFile``."""
        content, at, texts = model_file.to_bytes(model), NETWORK_HEAD, []
        for _ in range(model.config.classes + 3):
            texts.append(at)
            at += 2 + int.from_bytes(content[at : at + 2], "little")
        classes = model.config.classes
        parts = [("thresholds", "scale", (classes,), at)]
        at += 4 * classes
        for name, kind, shape in fields(model.config):
            parts.append((name, kind, shape, at))
            at += size_of(kind, shape)
        assert at == len(content)
        return cls(model, content, texts, parts)


def seal(content):
    """Makes length and checksum fit, where there is room for them."""
    if len(content) < HEADER_AT:
        return bytes(content)
    check = zlib.crc32(memoryview(content)[HEADER_AT:])
    head = struct.pack("<2I", len(content), check)
    return b"".join([content[:12], head, content[HEADER_AT:]])


def put(content, at, part):
    """Returns the bytes with others from ``at`` on."""
    return b"".join([content[:at], part, content[at + len(part) :]])


def replace_text(known, index, text):
    """Returns the file with another string: its bytes, with their length."""
    content, at = known.content, known.texts[index]
    end = at + 2 + int.from_bytes(content[at : at + 2], "little")
    length = struct.pack("<H", len(text))
    return b"".join([content[:at], length, text, content[end:]])


def change_header(known, random):
    """A field of the header: at an end of its range, next to it, or far off."""
    index = int(random.integers(len(Config._fields)))
    at = HEADER_AT + 4 * index
    (now,) = struct.unpack_from("<I", known.content, at)
    if isinstance(known.model.config[index], float):
        return put(known.content, at, random.choice(SINGLES).tobytes())
    near = [now + 1, now - 1, 2 * now, now // 2, now + 4, now + 16]
    value = int(random.choice([*WHOLE, *near])) % 2**32
    return put(known.content, at, struct.pack("<I", value))


def change_text(known, random):
    """A string becomes other bytes."""
    index = int(random.integers(len(known.texts)))
    pick = [
        UTF8[k] for k in random.integers(len(UTF8), size=random.integers(3))
    ]
    size = int(
        random.choice([0, 0, 1, 300, 65535], p=[0.4, 0.2, 0.2, 0.19, 0.01])
    )
    text = b"".join([b"a" * size, *pick])[-65535:]
    return replace_text(known, index, text)


def change_length(known, random):
    """The length of a string, which is then of other bytes."""
    at = random.choice(known.texts)
    value = int(random.choice([0, 1, 2, 5, 255, 256, 65535]))
    return put(known.content, at, struct.pack("<H", value))


def change_number(known, random):
    """A number of the network: an end of its type, next to one, or another."""
    _, kind, shape, at = _part(known, random, NUMBERS)
    dtype = NUMBERS[kind]
    count = size_of(kind, shape) // dtype.itemsize
    at += dtype.itemsize * int(random.integers(count))
    if dtype.kind == "f":
        return put(known.content, at, random.choice(SINGLES).tobytes())
    ends = np.iinfo(dtype)
    low, high = int(ends.min), int(ends.max)
    near = [low, low + 1, 0, 1, high // 2, high // 2 + 2, high - 1, high]
    number = random.choice([*near, random.integers(low, high)])
    return put(known.content, at, number.astype(dtype).tobytes())


def change_exponent(known, random):
    """The exponent of a vector, or of limits."""
    *_, at = _part(known, random, ("vector", "limits"))
    return put(known.content, at, bytes([random.choice([*range(11), 255])]))


def change_signs(known, random):
    """A byte of signs, or of what pads them."""
    _, kind, shape, at = _part(known, random, ("bits", "rows", "flags"))
    size = size_of(kind, shape)
    return flip(known.content, at + int(random.integers(size)), random)


def _part(known, random, kinds):
    parts = [part for part in known.parts if part[1] in kinds]
    return parts[int(random.integers(len(parts)))]


def flip(content, at, random):
    """One bit of a byte."""
    return put(content, at, bytes([content[at] ^ 1 << int(random.integers(8))]))


def change_bytes(known, random):
    """A few bytes, anywhere."""
    content = bytearray(known.content)
    for _ in range(random.integers(1, 9)):
        content[random.integers(len(content))] = random.integers(256)
    return bytes(content)


def change_end(known, random):
    """Bytes are missing, or too many, at the end or elsewhere."""
    content = known.content
    at = int(random.choice([len(content), random.integers(len(content))]))
    size = int(
        random.choice([1, 2, 4, 8, 16, 124, random.integers(len(content))])
    )
    if random.random() < 0.5:
        return content[: max(at - size, 0)] + content[at:]
    return content[:at] + random.bytes(size) + content[at:]


def cut(known, random):
    """Only a beginning is left."""
    return known.content[: random.integers(len(known.content))]


CHANGES = [
    *(change_header, change_text, change_length, change_number),
    *(change_exponent, change_signs, change_bytes, change_end, cut),
]


def mutate(known, random):
    """Returns a file that is changed in one to three ways.

    Arguments
    ---------
    known : Known
        A good one.
    random : numpy.random.Generator
        Where the changes come from.

    Returns
    -------
    bytes
    """
    content = known.content
    for _ in range(int(random.choice([1, 2, 3], p=[0.8, 0.1, 0.1]))):
        change = CHANGES[int(random.integers(len(CHANGES)))]
        if len(content) == len(known.content):  # parts are where they were
            content = change(known._replace(content=content), random)
    return seal(content) if random.random() < 0.95 else content
