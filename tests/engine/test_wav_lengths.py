"""bifsmn-run and Python take the same wav files, to the same sample."""

import json

import pytest
import wav_lengths
from test_run import pytestmark, run  # noqa: F401

from bifsmn_engine.audio.files import audio_chunks, read_audio


def read(path):
    """The frames that Python reads; None where it refuses the file."""
    try:
        return len(read_audio(path))
    except ValueError:
        return None


def test_lengths(run, tmp_path):  # noqa: F811
    names = {}
    for place, told in enumerate(wav_lengths.TABLE.values()):
        path = tmp_path / f"{place}.wav"
        path.write_bytes(wav_lengths.wav_file(told))
        names[path.name] = told.read
        assert read(path) == told.read
    status, lines, errors = run(*names, "--json")
    found = dict.fromkeys(names)
    for line in map(json.loads, lines):
        found[line["file"]] = round(line["end"] * wav_lengths.RATE)
    assert found == names and status == 1
    assert errors.count("\n") == list(names.values()).count(None)
    assert errors.count(": expected") == errors.count("\n")


@pytest.mark.parametrize("rate", [0, 999, 768001, 2**31 - 1, 2**32 - 1])
def test_rates(run, tmp_path, rate):  # noqa: F811
    told = wav_lengths.TABLE["whole"]
    (tmp_path / "a.wav").write_bytes(wav_lengths.wav_file(told, rate=rate))
    status, lines, errors = run("a.wav")
    assert (status, lines) == (1, [])
    words = "expected a sample rate from 1000 to 768000 Hz, found"
    assert words in errors and errors.count("\n") == 1
    with pytest.raises(ValueError, match=words):
        next(audio_chunks(tmp_path / "a.wav"))


def test_joined_files(run, tmp_path):  # noqa: F811
    one = wav_lengths.wav_file(wav_lengths.TABLE["whole"])
    for name, between in (("a.wav", b""), ("b.wav", b"LIST\x04\0\0\0abcd")):
        (tmp_path / name).write_bytes(one + between + one)
        status, lines, errors = run(name)
        assert (status, lines) == (1, [])
        words = "found another joined to its end"
        assert words in errors
        with pytest.raises(ValueError, match=words):
            next(audio_chunks(tmp_path / name))
