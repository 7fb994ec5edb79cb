"""Audio files of all kinds: of other programs, damaged, or no files at all.

Those of other programs are in tests/data/audio.
"""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from audio_files import NOISE, RATE, bytes_of, decode

from bifsmn_engine.audio.decode import blocks
from bifsmn_engine.audio.source import Window

DATA = Path(__file__).parents[1] / "data" / "audio"


@pytest.mark.parametrize(
    "name", sorted(p.name for p in DATA.iterdir() if p.suffix != ".md")
)
def test_files_of_other_programs(name):
    """Each has two seconds, and is wrong somewhere; see the README there."""
    seconds = sum(len(part) / rate for rate, part in blocks(DATA / name))
    assert seconds == pytest.approx(2, abs=0.17)


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "opus", "mp3"])
def test_the_first_samples_may_be_left_out(kind, tmp_path):
    whole = decode(bytes_of(kind))
    (tmp_path / "file").write_bytes(bytes_of(kind))
    for first in (1, 5000, 20000, len(whole) - 1, len(whole), 10**9):
        parts = [part for _, part in blocks(tmp_path / "file", first)]
        found = np.concatenate([np.zeros((0, 1)), *parts])
        np.testing.assert_array_equal(found, whole[first:])


@pytest.mark.parametrize("form", ["AIFF", "AU", "W64", "VOC", "MAT5"])
def test_other_formats_are_refused(form, tmp_path):
    """Nobody checks whether they are whole."""
    soundfile.write(tmp_path / "file", NOISE, RATE, format=form)
    with pytest.raises(ValueError, match="found something else; convert it"):
        list(blocks(tmp_path / "file"))


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "opus", "mp3"])
def test_damage_anywhere_does_no_harm(kind):
    """Read to some point, or refused: within a sentence and a second."""
    content = bytes_of(kind, NOISE[:8000])
    random = np.random.default_rng(1)
    for _ in range(60):
        altered = bytearray(content)
        for at in random.integers(0, len(content), random.integers(1, 9)):
            altered[at] = random.integers(256)
        cut = (
            random.integers(1, len(content)) if random.random() < 0.5 else None
        )
        try:
            samples = decode(bytes(altered[:cut]))
        except ValueError as error:
            assert "file: expected" in str(error)
        except AssertionError:
            pass  # a part has become one of another rate
        else:
            assert len(samples) < 2**16


def test_what_a_decoder_reads_fails_as_it_does(tmp_path, monkeypatch):
    """A broken disk is not called a damaged file."""
    path = tmp_path / "a.flac"
    path.write_bytes(bytes_of("flac"))
    reading = Window._read

    def fail(self, count):
        if self.tell() > 20_000:
            raise OSError(5, "Input/output error")
        return reading(self, count)

    monkeypatch.setattr(Window, "_read", fail)
    with pytest.raises(OSError, match="Input/output error"):
        list(blocks(path))


@pytest.mark.skipif(sys.platform == "win32", reason="no such files there")
def test_special_files_are_not_waited_for(tmp_path, monkeypatch):
    """In a process of its own, which is ended if it does wait."""
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path)  # its name would be too long
        server.bind("socket")
    names = ["pipe", "socket", "/dev/zero", "/dev/null", "/dev/stdin", "."]
    names += ["/dev/fd/0", "/proc/self/mem", "/dev/tty"]
    code = (
        "import sys\n"
        "from bifsmn_engine.audio.decode import blocks, form_of\n"
        "for name in sys.argv[1:]:\n"
        "    for read in (form_of, lambda name: list(blocks(name))):\n"
        "        try: read(name)\n"
        "        except (OSError, ValueError) as error:\n"
        "            print(str(error).count(': expected'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *names],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.split() == ["1"] * 2 * len(names), done.stderr
