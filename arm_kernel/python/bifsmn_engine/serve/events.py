"""Reads the events of the Wyoming protocol from clients that may be anybody.

An event is a line of JSON with its type, and then, as that line says, so many
bytes of further JSON and so many of audio. The reader of the package wyoming
waits for as many bytes as are announced, and expects the types that it writes.
"""

from __future__ import annotations

import json
from asyncio import IncompleteReadError, StreamReader
from typing import Any

from wyoming.event import Event

from bifsmn_engine.numeric import is_within

MAX_DATA_BYTES = 1 << 16  # as of a line, which StreamReader bounds
MAX_PAYLOAD_BYTES = 1 << 20  # 32 s of 16 bits at 16 kHz


async def read_event(reader: StreamReader) -> Event | None:
    r"""Reads the next event.

    Arguments
    ---------
    reader : asyncio.StreamReader
        Of a connection, with its usual bound of a line, 64 KiB.

    Returns
    -------
    wyoming.event.Event | None
        None at the end, also where that is within an event. Raises ValueError
        for what is no event, or a longer one than is taken.

    Example
    -------
    >>> import asyncio
    >>> async def read(data):
    ...     reader = asyncio.StreamReader()
    ...     reader.feed_data(data)
    ...     reader.feed_eof()
    ...     return await read_event(reader)
    >>> asyncio.run(read(b'{"type": "describe"}\n')).type
    'describe'
    >>> asyncio.run(read(b"GET / HTTP/1.1\n"))
    Traceback (most recent call last):
        ...
    ValueError: event: expected a JSON object, found something else; ...
    """
    try:
        line = await reader.readline()
    except ValueError:
        raise ValueError(
            "event: expected a line of at most 64 KiB, found a longer one; "
            "send long data after the line"
        ) from None
    if not line.endswith(b"\n"):
        return None
    header = _read_object(line)
    try:
        data = await _read_bytes(reader, header, "data", MAX_DATA_BYTES)
        audio = await _read_bytes(reader, header, "payload", MAX_PAYLOAD_BYTES)
    except IncompleteReadError:
        return None
    return _event(header, data, audio)


async def _read_bytes(reader, header, part, most):
    length = header.get(f"{part}_length") or 0
    if not isinstance(length, int) or not is_within(length, 0, most):
        raise ValueError(
            f"event: expected {part}_length from 0 to {most} bytes, found "
            f"{str(length)[:20]}; send shorter events"
        )
    return await reader.readexactly(length)


def _event(header, data, audio):
    kind, inner = header.get("type"), header.get("data") or {}
    if not isinstance(kind, str) or not isinstance(inner, dict):
        raise ValueError(
            "event: expected a type, which is text, and data, which are an "
            "object, found others; see the Wyoming protocol"
        )
    if data:
        inner = {**inner, **_read_object(data)}
    return Event(kind, inner, audio)


def _read_object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ValueError(
            "event: expected a JSON object, found something else; see the "
            "Wyoming protocol"
        )
    return found
