"""Downloads from servers that misbehave, in every way they can."""

import shutil
import threading
import time
from collections import namedtuple

import pytest
from file_server import BODY, serving

from speechbrain_bifsmn.files import download as module
from speechbrain_bifsmn.files.download import Archive, download


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(module, "PAUSE", 0)
    with serving() as server:
        yield server


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "x.tar.gz"


def left(path):
    """What is beside it, but for the lock of what has failed."""
    names = sorted(p.name for p in path.parent.iterdir())
    return [name for name in names if name != f".{path.name}.lock"]


def test_a_whole_download(server, path):
    assert download(server.archive(), path) == path
    assert path.read_bytes() == BODY
    assert [p.name for p in path.parent.iterdir()] == ["x.tar.gz"]
    assert download(server.archive(), path) == path
    assert server.requests == [None]  # what is there is used again


def test_a_connection_that_breaks_off_goes_on(server, path):
    server.faults = ["breaks", "breaks"]
    download(server.archive(), path)
    assert path.read_bytes() == BODY
    assert server.requests == [None, "bytes=30000-", "bytes=60000-"]


def test_a_killed_run_goes_on(server, path):
    path.parent.mkdir()
    path.with_name("x.tar.gz.part").write_bytes(BODY[:5000])
    download(server.archive(), path)
    assert path.read_bytes() == BODY and server.requests == ["bytes=5000-"]


def test_a_server_that_ignores_ranges(server, path):
    server.faults = ["breaks", "no ranges"]
    download(server.archive(), path)
    assert path.read_bytes() == BODY
    assert server.requests == [None, "bytes=30000-"]


@pytest.mark.parametrize("fault", ["another range", "no range"])
@pytest.mark.parametrize("first", [[], ["breaks"]])
def test_a_server_with_a_wrong_range(server, path, fault, first):
    """Its bytes are of another place: they are not taken."""
    if fault == "no range" and not first:
        return  # of a whole answer it is not told
    server.faults = [*first, fault]
    download(server.archive(), path)
    assert path.read_bytes() == BODY
    assert len(server.requests) == len(first) + 2


@pytest.mark.parametrize("fault", ["stalls", "drip", "drips heads", "chunks"])
def test_a_server_that_hardly_moves_is_given_up(server, path, fault):
    server.faults = [fault]
    began = time.monotonic()
    download(server.archive(), path, timeout=0.3)
    assert path.read_bytes() == BODY and len(server.requests) == 2
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("fault", ["drip", "one", "nothing"])
def test_next_to_nothing_is_not_progress(server, path, fault):
    server.faults = [fault] * 9
    with pytest.raises(OSError, match="check the network and start again"):
        download(server.archive(), path, timeout=0.2, attempts=3)
    assert len(server.requests) == 3


@pytest.mark.parametrize("fault", ["no length", "says more"])
def test_a_server_that_does_not_end_is_cut_off(server, path, fault):
    server.faults = [fault]
    download(server.archive(), path)
    assert path.read_bytes() == BODY
    assert server.sent < 50_000_000


@pytest.mark.parametrize("fault", ["says less", "says odd"])
def test_what_a_server_says_of_the_length_is_not_believed(server, path, fault):
    server.faults = [fault]
    download(server.archive(), path)
    assert path.read_bytes() == BODY


def test_a_server_that_is_busy_at_first(server, path):
    server.faults = ["503", "500"]
    download(server.archive(), path)
    assert path.read_bytes() == BODY


def test_giving_up_keeps_what_has_come(server, path):
    server.faults = ["breaks"] + ["nothing"] * 9
    with pytest.raises(OSError, match="30000 of 102400 .* where it was"):
        download(server.archive(), path, timeout=20, attempts=3)
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


def test_redirects(server, path):
    archive = server.archive()
    server.faults = [f"to {archive.url}"]
    download(archive, path)
    assert path.read_bytes() == BODY and len(server.requests) == 2


def test_redirects_in_a_circle(server, path):
    archive = server.archive()
    server.faults = [f"to {archive.url}"] * 99
    with pytest.raises(OSError, match="infinite loop"):
        download(archive, path)
    assert len(server.requests) < 20 and left(path) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/x",
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "data:,x",
    ],
)
def test_nothing_is_followed_out_of_https(server, path, url):
    server.faults = [f"to {url}"] * 9
    with pytest.raises(
        (ValueError, OSError), match=f"got {url}|found .*{url[:4]}"
    ):
        download(server.archive(), path)
    assert left(path) == []
    https = module._Redirects("https://example.org/x")
    for target in (url, "http://127.0.0.1/x"):
        with pytest.raises(ValueError, match="expected an address of https"):
            https.redirect_request(None, None, 302, "", {}, target)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "http://example.org/x",
        "http://127.0.0.1.example.org/x",
        "http://127.0.0.1@example.org/x",
        "http://example.org/127.0.0.1",
        "http:x",
        "/etc/passwd",
        "",
    ],
)
def test_other_addresses_are_refused(tmp_path, url):
    with pytest.raises(ValueError, match="expected an address of https, got"):
        download(Archive(url, "0" * 64, 1, 1), tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_no_server(tmp_path, server):
    gone = Archive("http://127.0.0.1:9/x.tar.gz", "0" * 64, 1, 1)
    with pytest.raises(OSError, match="check the network and start again"):
        download(gone, tmp_path / "x")


def test_a_corrupted_download_is_removed(server, path):
    server.faults = ["corrupt"]
    with pytest.raises(ValueError, match="expected sha256 .* found .* again"):
        download(server.archive(), path)
    assert left(path) == []
    assert download(server.archive(), path).read_bytes() == BODY


def test_a_longer_file_is_another(server, path):
    """No more than is known of it is taken."""
    with pytest.raises(ValueError, match="expected sha256"):
        download(server.archive(bytes=100), path)
    assert left(path) == []


def test_a_shorter_file_is_another(server, path):
    with pytest.raises(OSError, match="102400 of 10000000 bytes|Range"):
        download(server.archive(bytes=10_000_000), path, attempts=1)


def test_a_part_that_is_too_long(server, path):
    path.parent.mkdir()
    path.with_name("x.tar.gz.part").write_bytes(BODY + b"more")
    download(server.archive(), path)
    assert path.read_bytes() == BODY and server.requests == [None]


def test_a_damaged_file_that_is_there(server, path):
    path.parent.mkdir()
    path.write_bytes(b"x" * len(BODY))
    with pytest.raises(ValueError, match="expected sha256 .* delete it"):
        download(server.archive(), path)
    assert path.exists() and server.requests == []


def test_two_at_once_do_not_mix(server, path):
    """One downloads, slowly; the other waits for what it brings."""
    server.faults = ["breaks", "breaks"]
    threads = [
        threading.Thread(target=download, args=(server.archive(), path))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert path.read_bytes() == BODY
    assert len(server.requests) == 3


def test_no_room(server, path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, 1_000_000))
    archive = server.archive(unpacked_bytes=2_000_000_000)
    with pytest.raises(OSError, match="expected 2.0 GB .* found 0.0 GB"):
        download(archive, path)
    assert left(path) == [] and server.requests == []
    download(server.archive(unpacked_bytes=800_000), path)
