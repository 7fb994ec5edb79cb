"""Ogg files, also those joined to one another, as web radios send them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bifsmn_engine.audio.source import Part, Readable, find, read_at, size_of

MARK = re.compile(rb"OggS\x00[\x02\x06]")  # a page that begins a stream
_HEAD = 27  # bytes of a page before its table of lengths


def parts(file: Readable) -> Iterator[Part]:
    """Yields the parts of a file.

    Streams that sound together have their first pages side by side.
    """
    size = size_of(file)
    start = end = 0  # of the part, and of its last first page
    for page in find(file, MARK, 0, size):
        if page > end:
            yield Part(start, page)
            start = page
        end = _end(file, page)
    yield Part(start, size)


def _end(file, page):
    head = read_at(file, page, _HEAD + 255)
    count = head[_HEAD - 1] if len(head) >= _HEAD else 0
    return page + _HEAD + count + sum(head[_HEAD : _HEAD + count])
