"""``bifsmn serve``: the process, its options, and how it ends."""

import asyncio
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from wake_server import CHUNK, OPTIONS, chunks, connect, detect, run, sounds
from wyoming.client import AsyncClient
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.wake import Detection

from bifsmn_engine.cli import main
from bifsmn_engine.pretrained import MODEL
from bifsmn_engine.serve.server import parse_uri

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="no signals there"),
    pytest.mark.usefixtures("usual_signals"),
]
ANY_PORT = "--uri=tcp://127.0.0.1:0"


@contextmanager
def server(*words):
    """A process that serves, and its URI."""
    command = [sys.executable, "-m", "bifsmn_engine", "serve", *map(str, words)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            line = process.stderr.readline()
            found = re.fullmatch("serving (.*); Ctrl-C ends\n", line)
            assert found, line + process.stderr.read()
            yield process, found[1]
        finally:
            process.kill()


async def describe(uri):
    async with AsyncClient.from_uri(uri) as client:
        await client.write_event(Describe().event())
        return Info.from_event(await client.read_event())


async def described(uri, seconds=60):
    """Waits until a server has let so many clients go that it takes another."""
    end = time.monotonic() + seconds
    while True:
        try:
            return await describe(uri)
        except (ConnectionError, AttributeError):  # reset, or no event
            assert time.monotonic() < end
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it(number):
    with server(ANY_PORT) as (process, uri):
        port = parse_uri(uri)[2]
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b'{"type": "audio-chunk"')  # and no more
            assert run(describe(uri)).wake
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")


def test_it_tells_of_clients_and_detections():
    audio = sounds(0, 5)
    options = (f"--{name}={value}" for name, value in OPTIONS.items())
    with server(ANY_PORT, "--verbose", *options) as (process, uri):

        async def work():
            async with connect(parse_uri(uri)[2]) as client:
                return await detect(client, chunks(audio))

        found = run(work())
        process.send_signal(signal.SIGTERM)
        lines = process.communicate(timeout=60)[1].splitlines()
    assert found
    said = [line.partition(": ")[2] for line in lines]
    keywords = [keyword for keyword, _ in found]
    assert said == ["connected", *keywords, "disconnected"]


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for sockets")
def test_this_machine_alone_unless_told_otherwise(capsys):
    """The default is loopback; nothing else of this machine is listened on."""
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "(default: tcp://127.0.0.1:10400)" in text
    with server(ANY_PORT) as (process, _):
        inodes = {
            os.stat(link).st_ino
            for link in Path(f"/proc/{process.pid}/fd").iterdir()
            if stat.S_ISSOCK(os.stat(link).st_mode)
        }
        rows = [
            row.split()
            for name in ("tcp", "tcp6")
            for row in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
        ]
    listening = [row[1] for row in rows if int(row[9]) in inodes]
    assert len(listening) == 1 and listening[0].startswith("0100007F:")


@pytest.fixture
def path():
    with tempfile.TemporaryDirectory() as folder:  # a socket's path is short
        yield Path(folder, "wake.sock")


def test_a_unix_socket(path, capfd):
    with server(f"--uri=unix://{path}") as (process, uri):
        assert uri == f"unix://{path}"
        assert run(describe(uri)).wake[0].name == "bifsmn"
        assert main(["serve", f"--uri={uri}"]) == 1
        assert "another server listens there" in capfd.readouterr().err
        assert run(describe(uri)).wake  # it is still there
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert not path.exists()


def test_a_socket_that_was_left_is_taken(path):
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with server(f"--uri=unix://{path}") as (_, uri):
        assert run(describe(uri)).wake


def test_other_files_are_not(path, capfd):
    path.write_text("kept")
    assert main(["serve", f"--uri=unix://{path}"]) == 1
    err = capfd.readouterr().err
    assert "--uri: expected an address" in err and err.count("\n") == 1
    assert path.read_text() == "kept"


def test_a_port_that_is_taken(capfd):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["serve", f"--uri=tcp://127.0.0.1:{port}"]) == 1
    err = capfd.readouterr().err
    assert err.startswith("bifsmn serve: --uri: expected an address to listen")
    assert f"tcp://127.0.0.1:{port}" in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--uri=10400"], "--uri: expected tcp://HOST:PORT or unix:///PATH"),
        (["--uri=tcp://:10400"], "--uri: expected tcp://HOST:PORT"),
        (["--uri=tcp://localhost"], "--uri: expected tcp://HOST:PORT"),
        (["--uri=tcp://localhost:x"], "--uri: expected tcp://HOST:PORT"),
        (["--uri=tcp://localhost:99999"], "--uri: expected tcp://HOST:PORT"),
        (["--uri=http://localhost:80"], "--uri: expected tcp://HOST:PORT"),
        (["--uri=unix://sock"], "--uri: expected tcp://HOST:PORT"),
        (["--uri=tcp://192.0.2.1:0"], "--uri: expected an address to listen"),
        (["--max-clients=0"], "--max-clients: expected 1 or more, got 0"),
        (["--threshold=2"], "threshold: expected 0 to 1"),
        (["--thinning=3"], "thinning: expected one of"),
        (["none.bifsmn"], "none.bifsmn: expected a .bifsmn file"),
        ([MODEL, MODEL], "expected keywords that no other model has"),
    ],
    ids=str,
)
def test_wrong_options(words, said, capfd):
    assert main(["serve", *map(str, words)]) == 1
    err = capfd.readouterr().err
    assert said in err and err.count("\n") == 1


def test_without_the_package_wyoming(monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "wyoming", None)
    assert main(["serve"]) == 1
    err = capfd.readouterr().err
    assert "pip install wyoming" in err and err.count("\n") == 1


def test_torch_is_not_imported():
    code = (
        "import sys\n"
        "from bifsmn_engine.cli import main\n"
        "main(['serve', '--uri=none'])\n"
        "assert 'wyoming' in sys.modules\n"
        "print({'torch', 'scipy', 'speechbrain'} & {*sys.modules})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert done.stdout == b"set()\n", done.stderr


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for memory")
def test_memory_does_not_grow():
    """Neither with hours of audio (SERVE_HOURS, or 1) nor with clients."""
    minutes = round(60 * float(os.environ.get("SERVE_HOURS", 1)))
    minute = [*chunks(np.tile(sounds(0, 20), 3), size=2 * CHUNK, timed=False)]
    detections = 0

    async def count(client):
        nonlocal detections
        while not Pong.is_type((event := await client.read_event()).type):
            detections += Detection.is_type(event.type)

    async def listen(client, minutes):
        counting = asyncio.create_task(count(client))
        for part in minute * minutes:
            await client.write_event(part.event())
        await client.write_event(Ping().event())
        await counting

    async def come_and_go(port, times):
        for _ in range(times):
            async with connect(port) as client:
                await client.write_event(minute[0].event())
                # Answered, so that no more are there at once than may be.
                await client.write_event(Ping().event())
                await client.read_event()
        await described(f"tcp://127.0.0.1:{port}")

    async def work(pid, port):
        sizes = []
        async with connect(port) as client:
            for length in (2, minutes):
                await listen(client, length)
                sizes.append(resident_kib(pid))
        await come_and_go(port, 300)
        return [*sizes, resident_kib(pid)]

    options = (f"--{name}={value}" for name, value in OPTIONS.items())
    with server(ANY_PORT, *options) as (process, uri):
        found = asyncio.run(work(process.pid, parse_uri(uri)[2]))
    before, after, last = found
    print(f"{minutes} min, {detections} detections, {found} KiB")
    assert detections > minutes / 2
    assert after - before < 1024
    # Python frees the streams of clients that have left some time later.
    assert last - after < 15_000  # of 300 x 145


def resident_kib(pid):
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1])
