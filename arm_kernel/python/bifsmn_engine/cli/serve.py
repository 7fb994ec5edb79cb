"""Find wake words for Home Assistant, as a server of the Wyoming protocol.

Each keyword of the models is a wake word, which voice satellites and Home
Assistant choose by its name. It runs until Ctrl-C or SIGTERM. Who can connect
can use it: there are no passwords, so it listens on this machine alone unless
--uri says otherwise. Audio is neither kept nor sent on. Needs the package
wyoming. Without MODEL, the model that comes with the package.

examples:
  bifsmn serve
  bifsmn serve own.bifsmn --threshold 0.8 --verbose
  bifsmn serve kitchen.bifsmn lights.bifsmn --uri tcp://0.0.0.0:10400
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from argparse import ArgumentParser, Namespace
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bifsmn_engine.cli.options import (
    add_backend,
    add_detection,
    add_thinning,
    detection,
    load,
)
from bifsmn_engine.keyword_stream import KeywordStream
from bifsmn_engine.loading import find_model
from bifsmn_engine.pretrained import MODEL

if TYPE_CHECKING:
    from bifsmn_engine.serve.server import Server

URI = "tcp://127.0.0.1:10400"  # the port of other wake word servers
MAX_CLIENTS = 16


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of ``bifsmn serve``."""
    add = parser.add_argument
    add(
        "models",
        nargs="*",
        type=Path,
        metavar="MODEL",
        default=[MODEL],
        help="a .bifsmn file, or a folder with model.bifsmn",
    )
    add(
        "--uri",
        default=URI,
        help="tcp://HOST:PORT or unix:///PATH to listen on; HOST 0.0.0.0 lets "
        "in the whole network (default: %(default)s)",
    )
    add(
        "--max-clients",
        type=int,
        default=MAX_CLIENTS,
        metavar="N",
        help="refuse more at once (default: %(default)s)",
    )
    add(
        "--verbose",
        action="store_true",
        help="tell of clients and detections on stderr",
    )
    add_backend(parser)
    add_thinning(parser)
    add_detection(parser)


def run(arguments: Namespace) -> None:
    """Serves until it is told to stop."""
    if arguments.max_clients < 1:
        raise ValueError(
            f"--max-clients: expected 1 or more, got {arguments.max_clients}"
        )
    server = _make_server(arguments)
    if arguments.verbose:
        logging.basicConfig(format="%(message)s", level=logging.INFO)
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(server, arguments.uri))


def _make_server(arguments: Namespace) -> Server:
    try:
        import wyoming  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"expected the package wyoming, found none ({error}); install it "
            "with `pip install wyoming`"
        ) from None
    from bifsmn_engine.serve.info import make_info
    from bifsmn_engine.serve.listener import Listener
    from bifsmn_engine.serve.server import Server

    paths, options = map(find_model, arguments.models), detection(arguments)
    each = [Namespace(**{**vars(arguments), "model": path}) for path in paths]
    info = make_info(one.model for one in each)
    models = [load(one) for one in each]
    for model in models:
        KeywordStream(model, **options)  # says now what is wrong with them
    return Server(
        info, lambda: Listener(models, **options), arguments.max_clients
    )


async def _serve(server: Server, uri: str) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    address = await server.start(uri)
    for number in (signal.SIGINT, signal.SIGTERM):
        # Not where it is ignored, as Ctrl-C of jobs in the background.
        if signal.getsignal(number) is not signal.SIG_IGN:
            with suppress(NotImplementedError):  # as on Windows
                loop.add_signal_handler(number, stop.set)
    print(f"serving {address}; Ctrl-C ends", file=sys.stderr, flush=True)
    try:
        await stop.wait()
    finally:
        await server.stop()
