"""The model file of the engine: bytes to arrays and back.

The format is that of ``arm_kernel/FORMAT.md``; what it means is computed by
``DeployedBiDFSMN`` and by the engine. What one of the two readers refuses, this
one and the engine's, so does the other. Needs numpy only.
"""

from __future__ import annotations

import stat
import struct
import zlib
from os import PathLike
from pathlib import Path

from bifsmn_engine.format.bounds import (
    HEADER_AT,
    MAX_TEXT_BYTES,
    bytes_of,
    check_array,
    check_config,
    check_thresholds,
    text_of,
)
from bifsmn_engine.format.codec import pack, size_of, unpack
from bifsmn_engine.format.layout import (
    HEADER,
    Config,
    ModelFile,
    fields,
)

MAGIC = b"\x89BIFSMN\n"
VERSION = 4
TEXTS = ("name", "licence", "provenance")  # of a model, after its labels
_HEAD = struct.Struct("<8s3I")  # magic, version, bytes, checksum
_LENGTH = struct.Struct("<H")  # of a text
_START = HEADER_AT + HEADER.size  # bytes before the strings


def to_bytes(model: ModelFile) -> bytes:
    """Returns a ``ModelFile`` as the bytes of a file.

    Raises ValueError where a reader would refuse them.
    """
    config, labels = model.config, model.labels
    check_config(config)
    check_thresholds(model.thresholds, config.classes)
    if len(labels) != config.classes:
        raise ValueError(
            f"labels: expected {config.classes}, one for each output, found "
            f"{len(labels)}"
        )
    parts = [HEADER.pack(*config)]
    for index, label in enumerate(labels):
        parts += _packed_text(label, f"label {index}", may_be_empty=False)
    for what in TEXTS:
        parts += _packed_text(getattr(model, what), what)
    parts.append(_thresholds(config).pack(*model.thresholds))
    for name, kind, shape in fields(config):
        if name not in model.arrays:
            raise ValueError(f"{name}: expected an array {shape}, found none")
        parts.append(pack(model.arrays[name], name, kind, shape))
    body = b"".join(parts)
    size, check = HEADER_AT + len(body), zlib.crc32(body)
    content = _HEAD.pack(MAGIC, VERSION, size, check) + body
    try:
        _decode(content)
    except ValueError as error:
        raise ValueError(
            f"{error}; the network has not been trained well enough to be "
            "exported"
        ) from None
    return content


def _thresholds(config):
    return struct.Struct(f"<{config.classes}f")


def _packed_text(text, what, may_be_empty=True):
    content = bytes_of(text, what, may_be_empty)
    return _LENGTH.pack(len(content)), content


def is_model(path: str | PathLike) -> bool:
    """Returns whether a file begins as model files do, whole or damaged.

    Example
    -------
    >>> is_model(__file__)
    False
    """
    with open(path, "rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def read(path: str | PathLike) -> ModelFile:
    """Reads a model file, as strictly as the engine.

    Arguments
    ---------
    path : str | Path
        A ``.bifsmn`` file. What is no file is not opened, and of a file whose
        size is not that which its header asks for no more than that is read.

    Returns
    -------
    ModelFile

    Example
    -------
    >>> from bifsmn_engine.pretrained import MODEL
    >>> read(MODEL).labels[:2]
    ['yes', 'no']
    """
    try:
        return from_bytes(_content_of(Path(path)))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _content_of(path):
    """Returns what a file holds, if its size is right."""
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: expected a .bifsmn file, found none; check the path"
        )
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        found = "a folder" if path.is_dir() else "a device or a pipe"
        raise OSError(
            f"{path}: expected a .bifsmn file, found {found}; check the path"
        )
    with path.open("rb") as file:
        _check_start(file.read(min(_START, status.st_size)), status.st_size)
        file.seek(0)
        return file.read(status.st_size)


def from_bytes(content: bytes) -> ModelFile:
    """Returns the ``ModelFile`` that the bytes of a file are.

    Raises ValueError where the engine would refuse them.

    Example
    -------
    >>> from bifsmn_engine.pretrained import MODEL
    >>> content = MODEL.read_bytes()
    >>> to_bytes(from_bytes(content)) == content
    True
    """
    _check_start(content[:_START], len(content))
    stated, found = _HEAD.unpack_from(content)[3], _check_sum(content)
    if stated != found:
        raise ValueError(
            f"expected the checksum {stated:08x}, found {found:08x}; copy the "
            "file again"
        )
    try:
        return _decode(content)
    except ValueError as error:
        raise ValueError(f"{error}; export the model again") from None


def _check_sum(content):
    return zlib.crc32(memoryview(content)[HEADER_AT:])


def _check_start(start, size):
    """Checks a file's first bytes, and its size, before all else is read."""
    if not start.startswith(MAGIC):
        raise ValueError("expected a .bifsmn file, found another")
    if size < _START:
        raise ValueError(
            f"expected {_START} bytes or more, found {size}; copy the file "
            "again"
        )
    _, version, stated, _ = _HEAD.unpack_from(start)
    if version != VERSION:
        raise ValueError(
            f"expected format version {VERSION}, found {version}; update this "
            "package or export the model again"
        )
    if stated != size:
        raise ValueError(
            f"expected {stated} bytes, found {size}; copy the file again"
        )
    config = Config(*HEADER.unpack_from(start, HEADER_AT))
    try:
        check_config(config)
    except ValueError as error:
        raise ValueError(f"{error}; copy or export the model again") from None
    low, high = _sizes(config)
    if not low <= size <= high:
        raise ValueError(
            f"expected {low} to {high} bytes for its header, found {size}; "
            "export the model again"
        )


def _sizes(config):
    """Returns how many bytes a file with such a header has: from, to."""
    parts = (size_of(kind, shape) for _, kind, shape in fields(config))
    texts = config.classes + len(TEXTS)
    fixed = _START + sum(parts) + texts * _LENGTH.size
    fixed += _thresholds(config).size
    return fixed + config.classes, fixed + texts * MAX_TEXT_BYTES


def _decode(content):
    """Decodes bytes whose start and size have been checked."""
    source = _Source(content)
    try:
        config = Config(*HEADER.unpack(source.take(HEADER.size, "header")))
        labels = [
            source.text(f"label {index}", may_be_empty=False)
            for index in range(config.classes)
        ]
        name, licence, provenance = (source.text(what) for what in TEXTS)
        of_labels = _thresholds(config)
        part = source.take(of_labels.size, "thresholds")
        thresholds = list(of_labels.unpack(part))
        check_thresholds(thresholds, config.classes)
        arrays = {}
        for field, kind, shape in fields(config):
            part = source.take(size_of(kind, shape), field)
            arrays[field] = unpack(part, field, kind, shape)
            check_array(field, kind, arrays)
        source.finish()
    except ValueError as error:
        raise ValueError(f"{error} (byte {source.at})") from None
    texts = name, licence, provenance
    return ModelFile(config, labels, thresholds, *texts, arrays)


class _Source:
    """Takes parts of a file from front to back; the last one began ``at``."""

    def __init__(self, content):
        self.content, self.at, self.end = content, HEADER_AT, HEADER_AT

    def take(self, size, what):
        """Returns the next part."""
        self.at, self.end = self.end, self.end + size
        part = self.content[self.at : self.end]
        if len(part) < size:
            raise ValueError(
                f"{what}: expected {size} bytes, found {len(part)}"
            )
        return part

    def text(self, what, may_be_empty=True):
        """Returns a string."""
        (size,) = _LENGTH.unpack(self.take(_LENGTH.size, what))
        return text_of(self.take(size, what), what, may_be_empty)

    def finish(self):
        """Makes sure that nothing follows."""
        self.at, more = self.end, len(self.content) - self.end
        if more:
            raise ValueError(f"expected the end, found {more} more bytes")
