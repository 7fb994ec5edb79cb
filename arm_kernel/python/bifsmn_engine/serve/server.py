"""The server: where it listens, and how many clients it has."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

from wyoming.info import Info

from bifsmn_engine.serve.connection import Connection, name_of, refuse
from bifsmn_engine.serve.listener import Listener

# A minute of silence, and then six questions, ten seconds apart.
_KEEP_ALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 6}

logger = logging.getLogger(__name__)


class Server:
    """Serves clients at once, each with a listener of its own.

    Arguments
    ---------
    info : wyoming.info.Info
        From ``make_info``.
    make_listener : callable
        Returns a ``Listener``.
    max_clients : int
        Further ones are refused.
    """

    def __init__(
        self,
        info: Info,
        make_listener: Callable[[], Listener],
        max_clients: int,
    ):
        self._info, self._make_listener = info, make_listener
        self._max_clients, self._clients = max_clients, 0
        self._tasks: set[asyncio.Task] = set()  # also of those it refuses
        self._server: asyncio.AbstractServer | None = None
        self._path = ""  # of a Unix socket

    async def start(self, uri: str) -> str:
        """Begins to listen.

        Arguments
        ---------
        uri : str
            ``tcp://HOST:PORT``, of which port 0 is any that is free, or
            ``unix:///PATH``.

        Returns
        -------
        str
            The same, with the port that was taken.
        """
        kind, place, port = parse_uri(uri)
        try:
            if kind == "unix":
                return await self._start_unix(place)
            return await self._start_tcp(place, port)
        except OSError as error:
            raise OSError(
                f"--uri: expected an address to listen on, found {uri} "
                f"({error.strerror or error}); choose another, or end what "
                "has it"
            ) from None

    async def stop(self) -> None:
        """Stops listening, and lets go of all clients."""
        if self._server:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._path:
            with suppress(OSError):
                os.unlink(self._path)

    async def _start_tcp(self, host, port):
        self._server = await asyncio.start_server(self._accept, host, port)
        port = self._server.sockets[0].getsockname()[1]
        host = f"[{host}]" if ":" in host else host  # of IPv6
        return f"tcp://{host}:{port}"

    async def _start_unix(self, path):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            # asyncio would take the place of a server that still runs.
            if not probe.connect_ex(path):
                raise OSError("another server listens there")
        self._server = await asyncio.start_unix_server(self._accept, path)
        self._path = path
        return f"unix://{path}"

    async def _accept(self, reader: StreamReader, writer: StreamWriter):
        if len(self._tasks) >= 2 * self._max_clients:
            writer.transport.abort()  # too many even to say so
            return
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            if self._clients < self._max_clients:
                await self._serve(reader, writer)
            else:
                await self._refuse(reader, writer)
        except OSError:
            pass  # it has vanished
        except asyncio.CancelledError:  # by stop(), which Python 3.11 logs
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader, writer):
        self._clients += 1
        name = name_of(writer)
        logger.info("%s: connected", name)
        try:
            _keep_alive(writer)
            listener = self._make_listener()
            await Connection(reader, writer, self._info, listener).run()
        finally:
            self._clients -= 1
            logger.info("%s: disconnected", name)

    async def _refuse(self, reader, writer):
        why = (
            f"expected at most {self._max_clients} clients, found another; "
            "--max-clients allows more"
        )
        logger.warning("%s: %s", name_of(writer), why)
        await refuse(reader, writer, why)


def parse_uri(uri: str) -> tuple[str, str, int]:
    """Returns what a URI says: kind, host or path, port.

    Arguments
    ---------
    uri : str
        ``tcp://HOST:PORT`` or ``unix:///PATH``.

    Returns
    -------
    tuple of str, str, int

    Example
    -------
    >>> parse_uri("tcp://127.0.0.1:10400"), parse_uri("unix:///run/wake.sock")
    (('tcp', '127.0.0.1', 10400), ('unix', '/run/wake.sock', 0))
    >>> parse_uri("tcp://127.0.0.1")
    Traceback (most recent call last):
        ...
    ValueError: --uri: expected tcp://HOST:PORT or unix:///PATH, found ...
    """
    with suppress(ValueError):  # of ports that are none
        found = urlsplit(uri)
        has_path = found.path not in ("", "/")
        if found.scheme == "tcp" and found.hostname and not has_path:
            if found.port is not None:
                return "tcp", found.hostname, found.port
        if found.scheme == "unix" and has_path and not found.netloc:
            if hasattr(socket, "AF_UNIX"):
                return "unix", found.path, 0
    raise ValueError(
        "--uri: expected tcp://HOST:PORT or unix:///PATH, found "
        f"{uri!r}; tcp://127.0.0.1:10400 is heard on this machine alone"
    )


def _keep_alive(writer):
    """Has the system find out that a client lost its power, and its place."""
    with suppress(OSError):
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if connection.family in (socket.AF_INET, socket.AF_INET6):
            for name, value in _KEEP_ALIVE.items():
                if number := getattr(socket, name, None):  # not on macOS
                    connection.setsockopt(socket.IPPROTO_TCP, number, value)
