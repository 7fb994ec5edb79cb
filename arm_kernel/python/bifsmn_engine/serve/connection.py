"""A client of the server: its events, and the answers to them."""

from __future__ import annotations

import asyncio
import logging
from asyncio import StreamReader, StreamWriter
from contextlib import suppress

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, async_write_event
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.wake import Detect, Detection

from bifsmn_engine.printable import printable
from bifsmn_engine.serve.events import read_event
from bifsmn_engine.serve.listener import Listener

GRACE_S = 1  # in which a client can read why it is refused
_MAX_SHOWN = 5  # names in a line of the log

logger = logging.getLogger(__name__)


class Connection:
    """Answers the events of one client, until it leaves or sends nonsense.

    Arguments
    ---------
    reader, writer : asyncio.StreamReader, asyncio.StreamWriter
        Of the connection; closing it is left to the caller.
    info : wyoming.info.Info
        From ``make_info``.
    listener : Listener
        For this client alone.
    """

    def __init__(
        self,
        reader: StreamReader,
        writer: StreamWriter,
        info: Info,
        listener: Listener,
    ):
        self._reader, self._writer = reader, writer
        self._info, self._listener = info, listener
        self._name = name_of(writer)
        self._has_warned = False

    async def run(self) -> None:
        """Returns when the client has left, or has been refused."""
        try:
            while event := await read_event(self._reader):
                await self._answer(event)
                # What has come already must not keep other clients waiting.
                await asyncio.sleep(0)
        except ValueError as error:
            logger.warning("%s: %s", self._name, printable(error))
            await refuse(self._reader, self._writer, str(error))

    async def _answer(self, event: Event) -> None:
        kind = event.type
        if AudioChunk.is_type(kind):
            for found in self._listener.push(_parsed(AudioChunk, event)):
                await self._tell(found)
                await asyncio.sleep(0)
        elif AudioStart.is_type(kind):
            self._listener.start(_parsed(AudioStart, event).timestamp)
        elif AudioStop.is_type(kind):
            await self._tell(self._listener.stop())
        elif Detect.is_type(kind):
            self._select(_parsed(Detect, event).names)
        elif Describe.is_type(kind):
            await self._tell([self._info])
        elif Ping.is_type(kind):
            await self._tell([Pong(_parsed(Ping, event).text)])

    async def _tell(self, answers):
        for answer in answers:
            if isinstance(answer, Detection):
                logger.info("%s: %s", self._name, printable(answer.name))
            await async_write_event(answer.event(), self._writer)

    def _select(self, names):
        unknown = self._listener.select(names)
        if unknown and not self._has_warned:
            self._has_warned = True
            shown = printable(", ".join(unknown[:_MAX_SHOWN]))
            logger.warning(
                "%s: expected names of keywords, found others (%s), which are "
                "never detected; `bifsmn info` lists those of a model",
                self._name,
                shown,
            )


def _parsed(kind, event):
    try:
        return kind.from_event(event)
    except KeyError as error:
        raise ValueError(
            f"{event.type}: expected {error} in its data, found none; see the "
            "Wyoming protocol"
        ) from None


def name_of(writer: StreamWriter) -> str:
    """Returns what the log calls a client."""
    peer = writer.get_extra_info("peername")
    return f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else "client"


async def refuse(reader: StreamReader, writer: StreamWriter, why: str) -> None:
    """Tells a client why it is not served, and gives it time to read that.

    Arguments
    ---------
    reader, writer : asyncio.StreamReader, asyncio.StreamWriter
        Of the connection; closing it is left to the caller.
    why : str
        A sentence.
    """
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(_refuse(reader, writer, why), GRACE_S)


async def _refuse(reader, writer, why):
    await async_write_event(Error(why).event(), writer)
    writer.write_eof()
    # A connection closed with something unread in it loses what it has sent.
    while await reader.read(1 << 16):
        pass
