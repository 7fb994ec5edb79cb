"""A server of wake words and clients that misbehave: the others notice not."""

import asyncio
import json
import socket

import pytest
from wake_server import (
    RATE,
    chunks,
    connect,
    detect,
    run,
    serving,
    sounds,
    warnings_of,
)
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong

from bifsmn_engine.serve import connection, events, listener

CHUNK_HEAD = (
    b'{"type": "audio-chunk", "data": {"rate": 16000, "width": 2, '
    b'"channels": 1}, "payload_length": 1024}\n'
)


@pytest.fixture(autouse=True)
def _patience(monkeypatch):
    """On a busy machine, a client may take its time to read an error."""
    monkeypatch.setattr(connection, "GRACE_S", 20)


@pytest.fixture(scope="module")
def audio():
    return sounds(0, 8)


@pytest.fixture(scope="module")
def expected(audio):
    """Its detections, with no other client."""

    async def work():
        async with serving() as port, connect(port) as client:
            return await detect(client, chunks(audio))

    found = run(work())
    assert len(found) > 2
    return found


async def raw(port, data):
    """Sends bytes; returns the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    await writer.drain()
    return reader, writer


async def detect_slowly(port, audio):
    """Detects while others are at work."""

    async with connect(port) as client:
        return await detect(client, chunks(audio), pause_s=0.001)


def beside(audio, disturb):
    """Detections of a client, while others do something."""

    async def work():
        async with serving() as port:
            good = asyncio.create_task(detect_slowly(port, audio))
            disturbed = await disturb(port)
            return await good, disturbed

    return run(work())


GARBAGE = {
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "no object": b"[1, 2]\n",
    "number": b"1\n",
    "no UTF-8": b'{"type": "\xff\xfe"}\n',
    "zeros": bytes(1000) + b"\n",
    "nested": b'{"type": ' + b"[" * 30000 + b"\n",
    "no type": b'{"data": {}}\n',
    "odd type": b'{"type": 5}\n',
    "odd data": b'{"type": "describe", "data": 7}\n',
    "odd length": b'{"type": "describe", "data_length": "9"}\n',
    "negative": b'{"type": "describe", "payload_length": -1}\n',
    "fraction": b'{"type": "describe", "payload_length": 1.5}\n',
    "endless": b'{"type": "audio-chunk", "payload_length": 1e400}\n',
    "huge": b'{"type": "audio-chunk", "payload_length": 99999999999}\n',
    "much data": b'{"type": "describe", "data_length": 99999999}\n',
    "data that is none": b'{"type": "describe", "data_length": 4}\nnull',
    "long line": b'{"type": "' + b"x" * 70000 + b'"}\n',
    "no rate": b'{"type": "audio-start"}\n',
    "odd start": CHUNK_HEAD.replace(b"chunk", b"start").replace(
        b"1}", b'1, "timestamp": "x"}'
    ),
    "odd names": b'{"type": "detect", "data": {"names": "yes"}}\n',
    "odd name": b'{"type": "detect", "data": {"names": [{}]}}\n',
    "half a character": b'{"type": "ping", "data": {"text": "\\ud800"}}\n',
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_refused_in_a_sentence(garbage, caplog):
    async def work():
        async with serving() as port:
            reader, writer = await raw(port, garbage + bytes(100_000))
            answer = await reader.read()
            writer.close()
            async with connect(port) as client:  # others are served
                await client.write_event(Ping().event())
                assert Pong.is_type((await client.read_event()).type)
            return answer

    head, _, data = run(work()).partition(b"\n")
    assert json.loads(head)["type"] == "error"
    text = json.loads(data)["text"]
    assert text and "\n" not in text
    (message,) = warnings_of(caplog)
    assert text[:40] in message


def test_unknown_events_are_ignored():
    async def work():
        async with serving() as port, connect(port) as client:
            for kind in ("select-program", "transcribe", "x" * 1000):
                head = json.dumps({"type": kind, "data_length": 2}) + "\n{}"
                client._writer.write(head.encode())
            await client.write_event(Ping("still there?").event())
            return Pong.from_event(await client.read_event()).text

    assert run(work()) == "still there?"


def test_clients_that_vanish_within_an_event(audio, expected):
    whole = CHUNK_HEAD + bytes(1024)

    async def disturb(port):
        for length in range(0, len(whole), 61):
            _, writer = await raw(port, whole * 40 + whole[:length])
            if length % 2:
                writer.transport.abort()
            else:
                writer.close()

    found, _ = beside(audio, disturb)
    assert found == expected


def test_clients_that_stop_within_an_event(audio, expected):
    async def disturb(port):
        return [
            await raw(port, CHUNK_HEAD[:length] + bytes(length // 70 * 300))
            for length in (5, 40, len(CHUNK_HEAD))
        ]

    found, stopped = beside(audio, disturb)
    assert found == expected and len(stopped) == 3


def test_a_client_that_does_not_read(audio, expected):
    """It is not answered any more; nor does what it asked pile up."""

    async def disturb(port):
        quiet, sent = socket.socket(), 0
        for buffer in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            quiet.setsockopt(socket.SOL_SOCKET, buffer, 4096)
        quiet.connect(("127.0.0.1", port))
        quiet.setblocking(False)
        for _ in range(500):
            try:
                sent += quiet.send(b'{"type": "describe"}\n' * 500)
            except BlockingIOError:
                await asyncio.sleep(0.001)
        return quiet, sent

    found, (quiet, sent) = beside(audio, disturb)
    quiet.close()
    assert found == expected
    assert sent < 1_000_000  # it is 5 MB that it tries to send


def test_a_flood_leaves_others_their_turn(monkeypatch):
    """Half a minute of audio comes at once; another is answered meanwhile."""
    parts = []

    class Counting(listener.KeywordStream):
        def push(self, audio):
            parts.append(len(audio))
            return super().push(audio)

    monkeypatch.setattr(listener, "KeywordStream", Counting)
    size = str(events.MAX_PAYLOAD_BYTES).encode()
    head = CHUNK_HEAD.replace(b"1024", size)

    async def work():
        async with serving() as port, connect(port) as client:
            await raw(port, head + bytes(events.MAX_PAYLOAD_BYTES))
            while not parts:
                await asyncio.sleep(0)
            await client.write_event(Ping().event())
            await client.read_event()
            return len(parts)

    total = events.MAX_PAYLOAD_BYTES / 2 / RATE / listener.PART_S
    assert 0 < run(work()) < total / 4


async def serve_one(port):
    """A client that the server has taken."""
    client = connect(port)
    await client.connect()
    await client.write_event(Ping().event())
    assert Pong.is_type((await client.read_event()).type)
    return client


async def ask(port):
    """What a client is told; nothing where it is cut off."""
    try:
        async with connect(port) as client:
            await client.write_event(Describe().event())
            return await client.read_event()
    except OSError:
        return None


async def ask_until(port, kind):
    while True:
        event = await ask(port)
        if event and event.type == kind:
            return event


def test_too_many_clients_are_refused(caplog):
    async def work():
        async with serving(max_clients=2) as port:
            first, second = [await serve_one(port) for _ in range(2)]
            refused = await ask(port)
            await second.disconnect()
            answered = await ask_until(port, "info")
            await first.disconnect()
            return refused, answered

    refused, answered = run(work())
    assert "at most 2 clients, found another" in refused.data["text"]
    assert Info.from_event(answered).wake
    assert "at most 2 clients" in caplog.text


@pytest.mark.parametrize("grace_s", [60, 0.05])
def test_refusals_are_bounded_too(monkeypatch, grace_s):
    """Who is refused and stays is let go; until then, none is told why."""
    monkeypatch.setattr(connection, "GRACE_S", grace_s)

    async def work():
        async with serving(max_clients=1) as port:
            held = await serve_one(port)
            reader, writer = await raw(port, b"")
            assert b"error" in await reader.read()  # and it stays
            if grace_s > 1:
                answer = await ask(port)
            else:
                answer = await ask_until(port, "error")
            writer.close()
            await held.disconnect()
            return answer

    assert (run(work()) is None) is (grace_s > 1)


def test_stopping_lets_go_of_all():
    async def work():
        async with serving() as port:
            half = await raw(port, CHUNK_HEAD)
            client = connect(port)
            await client.connect()
            await client.write_event(Ping().event())
            await client.read_event()
        assert await client.read_event() is None
        with pytest.raises(OSError, match="(?i)connect"):
            await raw(port, b"")
        half[1].close()
        return True

    assert run(work())
