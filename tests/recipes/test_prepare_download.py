"""Downloads from a server that misbehaves, and archives that do."""

import gzip
import hashlib
import http.server
import io
import shutil
import sys
import tarfile
import threading
from collections import namedtuple

import pytest
from runs import RECIPE

from speechbrain_bifsmn.utils import download as module
from speechbrain_bifsmn.utils.download import Archive, download, unpack

sys.path.insert(0, str(RECIPE.parent))
from speech_commands_prepare import (  # noqa: E402
    download_speech_commands,
    prepare_speech_commands,
)

BODY = bytes(range(256)) * 400  # 100 kB


class Server(http.server.ThreadingHTTPServer):
    """Serves one body; ``faults`` holds one for each request to come."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.faults, self.requests = {"/x.tar.gz": BODY}, [], []
        self.ended = threading.Event()

    def archive(self, name="x.tar.gz", **known):
        body = self.files[f"/{name}"]
        url = f"http://127.0.0.1:{self.server_port}/{name}"
        known.setdefault("sha256", hashlib.sha256(body).hexdigest())
        return Archive(url, **{"bytes": len(body), **known})


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):  # noqa: N802
        server, asked = self.server, self.headers.get("Range")
        server.requests.append(asked)
        fault = server.faults.pop(0) if server.faults else ""
        body = server.files.get(self.path)
        if body is None or fault.isdigit():
            self.send_error(int(fault or 404))
            return
        start = int(asked[6:-1]) if asked and fault != "no ranges" else 0
        if start >= len(body):
            self.send_error(416)
            return
        part = body[start:]
        self.send_response(206 if start else 200)
        if fault != "no length":
            self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if fault == "corrupt":
            part = b"?" + part[1:]
        if fault in ("break", "stall"):
            self.wfile.write(part[:30_000])
            self.wfile.flush()
            if fault == "stall":
                server.ended.wait(5)
        elif fault != "nothing":
            self.wfile.write(part)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(module, "PAUSE", 0)
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.ended.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "x.tar.gz"


def left(path):
    return sorted(p.name for p in path.parent.iterdir())


def test_a_whole_download(server, path):
    assert download(server.archive(), path) == path
    assert path.read_bytes() == BODY and left(path) == ["x.tar.gz"]
    assert download(server.archive(), path) == path
    assert server.requests == [None]  # what is there is used again


def test_without_a_length_or_a_check_sum(server, path):
    server.faults = ["no length"]
    download(server.archive(sha256="", bytes=0), path)
    assert path.read_bytes() == BODY


def test_a_connection_that_breaks_off_goes_on(server, path):
    server.faults = ["break", "break"]
    download(server.archive(), path)
    assert path.read_bytes() == BODY
    assert server.requests == [None, "bytes=30000-", "bytes=60000-"]


def test_a_killed_run_goes_on(server, path):
    path.parent.mkdir()
    path.with_name("x.tar.gz.part").write_bytes(BODY[:5000])
    download(server.archive(), path)
    assert path.read_bytes() == BODY and server.requests == ["bytes=5000-"]


def test_a_server_that_ignores_ranges(server, path):
    server.faults = ["break", "no ranges"]
    download(server.archive(), path)
    assert path.read_bytes() == BODY
    assert server.requests == [None, "bytes=30000-"]


def test_a_server_that_stalls(server, path):
    server.faults = ["stall"]
    download(server.archive(), path, timeout=0.2)
    assert path.read_bytes() == BODY and len(server.requests) == 2


def test_a_server_that_is_busy_at_first(server, path):
    server.faults = ["503", "500"]
    download(server.archive(), path)
    assert path.read_bytes() == BODY


def test_giving_up_keeps_what_has_come(server, path):
    server.faults = ["break"] + ["nothing"] * 9
    with pytest.raises(OSError, match="30000 of 102400 .* where it was"):
        download(server.archive(), path, attempts=3)
    assert len(server.requests) == 4 and left(path) == ["x.tar.gz.part"]
    server.faults = []
    assert download(server.archive(), path).read_bytes() == BODY


@pytest.mark.parametrize("fault", ["404", "403"])
def test_what_will_not_change_is_not_tried_again(server, path, fault):
    server.faults = [fault] * 9
    with pytest.raises(
        OSError, match="expected http://127.* check the network"
    ):
        download(server.archive(), path)
    assert len(server.requests) == 1 and left(path) == []


def test_a_corrupted_download_is_removed(server, path):
    server.faults = ["corrupt"]
    with pytest.raises(ValueError, match="expected sha256 .* found .* again"):
        download(server.archive(), path)
    assert left(path) == []
    assert download(server.archive(), path).read_bytes() == BODY


@pytest.mark.parametrize("size", [100, 10_000_000])
def test_another_length(server, path, size):
    with pytest.raises(
        ValueError, match=f"expected {size} bytes, found 102400"
    ):
        download(server.archive(bytes=size), path)
    assert left(path) == []


def test_a_part_that_is_too_long(server, path):
    path.parent.mkdir()
    path.with_name("x.tar.gz.part").write_bytes(BODY + b"more")
    download(server.archive(), path)
    assert path.read_bytes() == BODY
    assert server.requests == [f"bytes={len(BODY) + 4}-", None]


def test_a_damaged_file_that_is_there(server, path):
    path.parent.mkdir()
    path.write_bytes(b"x" * len(BODY))
    with pytest.raises(ValueError, match="expected sha256 .* delete it"):
        download(server.archive(), path)
    assert path.exists() and server.requests == []


def test_no_server(tmp_path, server, monkeypatch):
    gone = Archive("http://127.0.0.1:9/x.tar.gz", "")
    with pytest.raises(OSError, match="check the network and start again"):
        download(gone, tmp_path / "x")
    with pytest.raises(ValueError, match="expected http or https, got file:"):
        download(Archive("file:///etc/passwd", ""), tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def fill_disk(monkeypatch, free):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, free))


def test_no_room(server, path, monkeypatch):
    fill_disk(monkeypatch, 1_000_000)
    archive = server.archive(unpacked_bytes=2_000_000_000)
    with pytest.raises(OSError, match="expected 2.0 GB .* found 0.0 GB"):
        download(archive, path)
    assert left(path) == [] and len(server.requests) == 1
    download(server.archive(unpacked_bytes=800_000), path)
    with pytest.raises(OSError, match="GB of free space"):
        unpack(path, path.parent / "data", 2_000_000_000)


def tar_of(members):
    """A tar.gz of {name: content, or the target of a link}."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
                continue
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_unpacking(tmp_path):
    (tmp_path / "a.tar.gz").write_bytes(tar_of({"./yes/a.wav": b"abc"}))
    (tmp_path / "data").mkdir()  # empty is as good as none
    folder = unpack(tmp_path / "a.tar.gz", tmp_path / "data")
    assert (folder / "yes" / "a.wav").read_bytes() == b"abc"
    with pytest.raises(FileExistsError, match="expected none or an empty one"):
        unpack(tmp_path / "a.tar.gz", folder)
    assert left(folder) == ["a.tar.gz", "data"]


GOOD = tar_of({"yes/a.wav": b"abc" * 1000})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (tar_of({"a": b"x", "../evil": b"x"}), "leads out of it.*evil"),
        (tar_of({"a": b"x", "link": "../.."}), "leads out of it.*link"),
        (tar_of({"link": "/etc"}), "leads out of it.*link"),
        (GOOD[:-30], "found a damaged one"),
        (GOOD[:-8] + b"\0" * 8, "found a damaged one"),
        (gzip.compress(b"no tar at all" * 100), "found a damaged one"),
        (b"not even gzip", "found a damaged one"),
        (b"", "found a damaged one"),
    ],
)
def test_bad_archives_leave_nothing(tmp_path, content, message):
    (tmp_path / "a.tar.gz").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        unpack(tmp_path / "a.tar.gz", tmp_path / "data")
    assert [p.name for p in tmp_path.iterdir()] == ["a.tar.gz"]


def test_absolute_names_stay_inside(tmp_path):
    (tmp_path / "a.tar.gz").write_bytes(tar_of({"/etc/evil": b"x"}))
    folder = unpack(tmp_path / "a.tar.gz", tmp_path / "data")
    assert (folder / "etc" / "evil").exists()


def test_a_python_that_cannot_unpack_safely(tmp_path, monkeypatch):
    (tmp_path / "a.tar.gz").write_bytes(GOOD)
    monkeypatch.delattr(tarfile, "data_filter")
    with pytest.raises(OSError, match="expected Python 3.10.12"):
        unpack(tmp_path / "a.tar.gz", tmp_path / "data")


@pytest.fixture
def published(server, tones):
    """The corpus of tones and a test set, as archives on the server."""
    clips = {
        f"./{path.relative_to(tones)}": path.read_bytes()
        for path in sorted(tones.rglob("*"))
        if path.is_file()
    }
    clip = (tones / "go" / "testing15_nohash_0.wav").read_bytes()
    labels = "yes no up down left right on off stop go _unknown_ _silence_"
    test_set = {f"./{label}/0.wav": clip for label in labels.split()}
    server.files = {
        "/speech_commands_v0.01.tar.gz": tar_of(clips),
        "/speech_commands_test_set_v0.01.tar.gz": tar_of(test_set),
    }
    names = [name.strip("/") for name in server.files]
    return {"0.01": tuple(server.archive(name) for name in names)}


def test_speech_commands_from_nothing(server, published, tmp_path, twelve):
    data = tmp_path / "data"
    server.faults = ["break", "503"]
    download_speech_commands(data, 0.01, published)
    assert len(server.requests) == 4
    text = prepare_speech_commands(data, tmp_path / "out", twelve, "0.01")
    assert "test clips from the official test set" in text
    download_speech_commands(data, "0.01", published)
    assert len(server.requests) == 4  # nothing is asked for twice
    with pytest.raises(ValueError, match="expected one of 0.01, 0.02, got any"):
        download_speech_commands(data, "any", published)


def test_nothing_is_downloaded_unasked(server, tmp_path, twelve):
    with pytest.raises(FileNotFoundError, match="--download=True"):
        prepare_speech_commands(tmp_path / "data", tmp_path, twelve)
    assert server.requests == []
