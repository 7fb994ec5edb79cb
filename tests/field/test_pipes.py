"""Audio from standard input, named pipes and open files."""

import io
import json
import os
import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest
import soundfile

from bifsmn_engine.audio.decode import blocks
from bifsmn_engine.audio.files import audio_chunks, read_audio
from bifsmn_engine.keyword_stream import detect_file
from bifsmn_engine.loading import load_model

KINDS = ["wav", "flac", "ogg", "mp3"]
OPTIONS = ["--format", "json", "--threshold", "0", "--smoothing", "1"]


@pytest.fixture(scope="module")
def audio():
    """(40000,) floats."""
    return np.random.default_rng(0).uniform(-0.3, 0.3, 40000).astype("f")


@pytest.fixture(scope="module")
def files(tmp_path_factory, audio):
    """A file of each kind: {kind: path}."""
    folder = tmp_path_factory.mktemp("pipes")
    paths = {kind: folder / f"audio.{kind}" for kind in KINDS}
    for path in paths.values():
        soundfile.write(path, audio, 16000)
    return paths


class Trickle(io.RawIOBase):
    """A pipe that gives little at once, and cannot be sought."""

    def __init__(self, data, most):
        self._data, self._at, self._most = data, 0, most

    def readable(self):
        return True

    def readinto(self, buffer):
        part = self._data[self._at :][: min(self._most, len(buffer))]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


def spot(*words, data=None, stdin=subprocess.PIPE):
    """Runs `bifsmn spot`; returns exit code, rows and stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "bifsmn_engine", "spot", *words],
        input=data,
        stdin=None if data is not None else stdin,
        capture_output=True,
        timeout=120,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, rows, done.stderr.decode()


@pytest.mark.parametrize("most", [1, 1000, 10**6])
@pytest.mark.parametrize("kind", KINDS)
def test_as_from_a_file(files, kind, most):
    data = files[kind].read_bytes()
    if most == 1:
        data = data[:3000]
    expected = read_or_say(files[kind].with_suffix(f".{most}"), data)
    found = read_or_say(Trickle(data, most), None)
    assert type(found) is type(expected)
    if isinstance(found, str):
        assert found.partition(":")[2] == expected.partition(":")[2]
    else:
        np.testing.assert_array_equal(found, expected)


def read_or_say(source, data):
    """Returns audio, or what is wrong with it."""
    if data is not None:
        source.write_bytes(data)
    try:
        return read_audio(source)
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("length", [0, 0x7FFFF000, 0x80000000, 0xFFFFFFFF])
def test_lengths_that_writers_to_pipes_leave(files, audio, length):
    data = bytearray(files["wav"].read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = length.to_bytes(4, "little")
    np.testing.assert_allclose(
        read_audio(Trickle(bytes(data), 777)), audio, atol=1e-4
    )
    cut = read_audio(Trickle(bytes(data[:-1]), 777))  # within a sample
    assert len(cut) == len(audio) - 1


def test_what_is_wrong_with_a_pipe(files):
    wav = files["wav"].read_bytes()
    flac = files["flac"].read_bytes()
    for data, words in (
        (b"", "found an empty file"),
        (b"these are words", "found something else"),
        (bytes(range(1, 255)) * 999, "give raw samples a header"),
        (wav[:-5000], "as its header says, found less"),
        (flac[: len(flac) // 2], "as its header says, found less"),
        (wav + wav, "found another joined to its end"),
        (wav[:44], "as its header says, found less"),
        (wav[:20], "expected a format chunk"),
    ):
        with pytest.raises(ValueError, match=f"^audio: .*{words}"):
            read_audio(Trickle(data, 4096))


@pytest.mark.parametrize("subtype", ["MP3", "FLAC", "ALAW", "tagged MP3"])
def test_long_compressed_audio(tmp_path, subtype):
    """Of which the beginning alone would be a damaged file."""
    subtype, kind = subtype.split()[-1], subtype
    formats = {"ALAW": ("wav", "ALAW"), "FLAC": ("flac", None)}
    form, coding = formats.get(subtype, ("mp3", None))
    path = tmp_path / "audio"
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, 40 * 16000)
    soundfile.write(path, noise, 16000, coding, format=form)
    data = path.read_bytes()
    assert len(data) > 1 << 17
    if kind != subtype:  # a picture of 200 kB before the sound
        data = b"ID3\x03\0\0" + bytes([0, 12, 26, 64]) + bytes(200000) + data
        path.write_bytes(data)
    expected = read_audio(path)
    assert len(expected) == len(noise)
    found = read_audio(Trickle(data, 4096))
    np.testing.assert_array_equal(found, expected)


def test_joined_compressed_audio(files):
    twice = files["flac"].read_bytes() * 2
    assert len(read_audio(Trickle(twice, 4096))) == 80000
    assert len(read_audio(io.BytesIO(twice))) == 80000


def test_it_comes_as_it_is_spoken(files):
    """Nothing waits for the end of a wav pipe, which never comes."""
    header = files["wav"].read_bytes()[:40] + bytes([255] * 4)
    read, write = os.pipe()
    with open(read, "rb") as source, open(write, "wb", 0) as writer:
        writer.write(header + bytes(2 * 3200))
        chunks = audio_chunks(source, 16000, 0.1)
        assert len(next(chunks)) == 1600
        writer.write(bytes(2 * 1600))
        assert len(next(chunks)) == 1600


def test_memory_does_not_grow(files):
    class Endless(io.RawIOBase):
        """A header, and silence."""

        def __init__(self):
            self.header = files["wav"].read_bytes()[:40] + bytes([255] * 4)

        def read(self, count):
            data, self.header = self.header or bytes(count), b""
            return data

    chunks = audio_chunks(Endless(), 16000, 1.0)
    for _ in range(100):
        next(chunks)
    tracemalloc.start()
    for _ in range(300):
        next(chunks)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def test_an_open_file_is_left_open(files):
    with open(files["wav"], "rb") as file:
        assert sum(len(samples) for _, samples in blocks(file)) == 40000
        assert not file.closed
    with open(files["wav"], "rb") as file:
        found = list(detect_file(load_model(), file, threshold=0, smoothing=1))
    assert found == list(
        detect_file(load_model(), files["wav"], threshold=0, smoothing=1)
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_standard_input(files, kind):
    expected = spot(str(files[kind]), *OPTIONS)[1]
    code, rows, err = spot("-", *OPTIONS, data=files[kind].read_bytes())
    assert (code, err) == (0, "")
    assert [row.pop("file") for row in rows] == ["-"] * len(rows)
    assert rows == [
        {k: v for k, v in row.items() if k != "file"} for row in expected
    ]
    assert rows


@pytest.mark.slow
def test_other_standard_inputs(files):
    for words, data, reason in (
        (["-"], b"", "standard input: expected audio, found an empty file"),
        (["-"], b"words", "standard input: expected audio (wav, flac"),
        (["-", "-"], b"", "files: expected - once"),
    ):
        code, rows, err = spot(*words, data=data)
        assert code == 1 and not rows and reason in err
        assert err.count("\n") == 1
    with open(files["wav"], "rb") as file:  # bifsmn spot - < audio.wav
        code, rows, err = spot("-", *OPTIONS, stdin=file)
        assert (code, err) == (0, "") and rows
    code, rows, err = spot(
        "/dev/stdin", *OPTIONS, data=files["wav"].read_bytes()
    )
    assert (code, err) == (0, "") and rows[0]["file"] == "/dev/stdin"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals there")
def test_a_terminal_is_not_waited_for():
    primary, secondary = os.openpty()
    code, rows, err = spot("-", stdin=secondary)
    os.close(primary)
    os.close(secondary)
    assert code == 1 and "found a terminal" in err and err.count("\n") == 1


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes there")
def test_a_named_pipe(files, tmp_path):
    """That of a user is waited for; in a folder of recordings, none is."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    data = files["flac"].read_bytes()
    writer = threading.Thread(target=lambda: pipe.write_bytes(data))
    writer.start()
    code, rows, err = spot(str(pipe), *OPTIONS)
    writer.join(timeout=60)
    assert (code, err) == (0, "") and rows[0]["file"] == str(pipe)
    with pytest.raises(ValueError, match="found a device or a pipe"):
        read_audio(pipe)


@pytest.mark.slow
def test_detections_are_printed_while_it_goes_on(files):
    """The pipe stays open; what has been said is told."""
    header = files["wav"].read_bytes()[:40] + bytes([255] * 4)
    samples = files["wav"].read_bytes()[44:]
    process = subprocess.Popen(
        [sys.executable, "-m", "bifsmn_engine", "spot", "-", *OPTIONS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    threading.Timer(100, process.kill).start()
    process.stdin.write(header + 3 * samples)
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["file"] == "-"
    process.kill()
    process.communicate()
