"""Speech Commands from a server, and what is known of its archives."""

import io
import re
import sys
import tarfile
from urllib.parse import urlsplit

import pytest
from file_server import serving
from runs import RECIPE

from speechbrain_bifsmn.files import download

sys.path.insert(0, str(RECIPE.parent))
from speech_commands_prepare import (  # noqa: E402
    ARCHIVES,
    download_speech_commands,
    prepare_speech_commands,
)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "PAUSE", 0)
    with serving() as server:
        yield server


def tar_of(files):
    """A tar.gz of {name: content}."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_all_is_known_of_each_archive_beforehand():
    archives = [archive for pair in ARCHIVES.values() for archive in pair]
    assert len({archive.sha256 for archive in archives}) == 4
    for archive in archives:
        assert urlsplit(archive.url).scheme == "https"
        assert re.fullmatch("[0-9a-f]{64}", archive.sha256)
        assert 10**7 < archive.bytes < archive.unpacked_bytes < 4 * 10**9


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
    room = 10_000_000
    archives = [server.archive(name, unpacked_bytes=room) for name in names]
    return {"0.01": tuple(archives)}


def test_speech_commands_from_nothing(server, published, tmp_path, twelve):
    data = tmp_path / "data"
    server.faults = ["breaks", "503"]
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
