"""A server of wake words, clients for it, and audio with keywords in it."""

import asyncio
from contextlib import asynccontextmanager

import numpy as np
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.ping import Ping, Pong
from wyoming.wake import Detect, Detection, NotDetected

from bifsmn_engine.loading import load_model
from bifsmn_engine.pretrained import MODEL
from bifsmn_engine.serve.info import make_info
from bifsmn_engine.serve.listener import Listener
from bifsmn_engine.serve.server import Server

RATE = 16000
CHUNK = 512  # samples, 32 ms
# With which the shipped model takes some of `sounds` for keywords.
OPTIONS = {"threshold": 0.03, "smoothing": 1}


def sounds(seed, seconds):
    """16-bit tones that come and go in noise."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    audio = 0.01 * random.standard_normal(len(time))
    for _ in range(round(2 * seconds)):
        start, frequency = random.uniform(0, seconds), random.uniform(100, 6000)
        near = np.exp(-(((time - start) / random.uniform(0.05, 0.4)) ** 2))
        audio += 0.2 * near * np.sin(2 * np.pi * frequency * time)
    return (audio.clip(-1, 1) * 32767).astype("<i2")


def run(work):
    """Runs a coroutine; one that hangs is an error."""
    return asyncio.run(asyncio.wait_for(work, 120))


def warnings_of(caplog):
    """What the server has logged; asyncio may tell that it is slow."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("bifsmn_engine")
    ]


@asynccontextmanager
async def serving(paths=(MODEL,), max_clients=16, **options):
    """Runs a server within this process; gives its port."""
    models = [load_model(path) for path in paths]
    server = Server(
        make_info(paths),
        lambda: Listener(models, **{**OPTIONS, **options}),
        max_clients,
    )
    address = await server.start("tcp://127.0.0.1:0")
    try:
        yield int(address.rpartition(":")[2])
    finally:
        await server.stop()


def connect(port):
    """The client of the package wyoming."""
    return AsyncTcpClient("127.0.0.1", port, read_timeout=30)


def chunks(audio, size=CHUNK, rate=RATE, timed=True):
    """Cuts samples, or [samples][channels], into chunks."""
    channels = audio.shape[1] if audio.ndim > 1 else 1
    form = {"rate": rate, "width": audio.itemsize, "channels": channels}
    for at in range(0, len(audio), size):
        timestamp = round(1000 * at / rate) if timed else None
        part = audio[at : at + size].tobytes()
        yield AudioChunk(**form, audio=part, timestamp=timestamp)


async def detect(client, parts, names=None, start_ms=None, pause_s=0):
    """Sends audio; returns (keyword, ms) of each detection in it."""
    events = asyncio.create_task(_read(client))
    form = {"rate": RATE, "width": 2, "channels": 1}
    await client.write_event(Detect(names=names).event())
    await client.write_event(AudioStart(**form, timestamp=start_ms).event())
    for part in parts:
        await client.write_event(part.event())
        await asyncio.sleep(pause_s)
    await client.write_event(AudioStop().event())
    await client.write_event(Ping().event())
    return await events


async def _read(client):
    """Reads until the answer to ``Ping``, which comes after all others."""
    found, ended_without = [], False
    while not Pong.is_type((event := await client.read_event()).type):
        if Detection.is_type(event.type):
            detection = Detection.from_event(event)
            found.append((detection.name, detection.timestamp))
        else:
            assert NotDetected.is_type(event.type), event
            ended_without = True
    assert ended_without is (not found)
    return found
