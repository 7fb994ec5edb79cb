"""Wav files: what is read where their heads lie, or do not know."""

import io
import itertools
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
import wav_lengths
from audio_files import NOISE, RATE, bytes_of, decode, refused, told, written

from bifsmn_engine.audio import wav
from bifsmn_engine.audio.decode import blocks, form_of
from bifsmn_engine.audio.source import open_regular

FUZZED = Path(__file__).parents[2] / "arm_kernel/fuzz/corpus/wav"


@pytest.mark.parametrize("who", wav_lengths.TABLE)
def test_lengths_of_wav_files(who):
    row = wav_lengths.TABLE[who]
    content = wav_lengths.wav_file(row)
    if row.read is None:
        refused(content, "found (less|no samples)")
        return
    found = decode(content)[:, 0]
    np.testing.assert_array_equal(found, np.arange(row.read) / 32768)
    assert told(content) == (RATE, 1, row.read)


@pytest.mark.parametrize("channels", [1, 2, 7])
@pytest.mark.parametrize(
    "subtype", "PCM_U8 PCM_16 PCM_24 PCM_32 FLOAT DOUBLE ULAW ALAW".split()
)
@pytest.mark.parametrize("length", [None, 0x7FFFF000, 0])
def test_codings_of_wav_files(subtype, channels, length):
    audio = np.stack([NOISE[:1000] * k for k in range(1, 1 + channels)], 1)
    content = bytearray(bytes_of("wav", audio, subtype=subtype))
    expected = soundfile.read(io.BytesIO(content), dtype="float32")[0]
    if length is not None:
        at = content.index(b"data") + 4
        content[at : at + 4] = length.to_bytes(4, "little")
        content[4:8] = bytes(4)
        peak = content.find(b"PEAK")
        assert peak < at  # nothing stands behind the samples
    found = decode(bytes(content))
    np.testing.assert_allclose(found[:, 0], expected.reshape(1000, -1)[:, 0])
    assert found.shape == (1000, channels)


@pytest.mark.parametrize("rate", [0, 999, 768001, 4_000_000, 2**31, 2**32 - 1])
def test_rates_that_nobody_records_with(rate):
    """Of 244 bytes, they once took gigabytes to resample."""
    row = wav_lengths.Told(200, None, 100)
    content = wav_lengths.wav_file(row, bytes(200), rate=rate)
    refused(content, f"from 1000 to 768000 Hz, found {rate} Hz")
    for rate in (1000, 768000):
        content = wav_lengths.wav_file(row, bytes(200), rate=rate)
        assert len(decode(content)) == 100


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"channels": 0}, "1 to 1024 channels, found 0"),
        ({"channels": 1025}, "1 to 1024 channels, found 1025"),
        ({"channels": 65535}, "1 to 1024 channels, found 65535"),
        ({"bits": 0}, "format chunk that makes sense"),
        ({"bits": 64}, "found something else"),
        ({"bits": 40}, "found something else"),
        ({"coding": 3, "bits": 16}, "found something else"),
        ({"coding": 0}, "found something else"),
        ({"coding": 0x55}, "found"),
    ],
)
def test_forms_that_make_no_sense(form, words):
    row = wav_lengths.Told(2000, None, 0)
    refused(wav_lengths.wav_file(row, bytes(2000), **form), words)


def test_1024_channels_are_read_a_few_samples_at_a_time():
    row = wav_lengths.Told(1024 * 2 * 500, None, 500)
    content = wav_lengths.wav_file(row, bytes(row.data), channels=1024)
    with written(content) as path:
        shapes = [part.shape for _, part in blocks(path)]
    assert sum(n for n, _ in shapes) == 500
    assert max(n * channels for n, channels in shapes) <= 1 << 14


@pytest.mark.parametrize("length", [None, 0, 2**63, 2**64 - 1])
def test_long_wav_files(length):
    """RF64 tells its length elsewhere, and ffmpeg tells none to a pipe."""
    audio = (np.arange(800) / 32768).astype(np.float32)
    content = bytearray(bytes_of("rf64", audio, subtype="PCM_16"))
    at = content.index(b"ds64") + 16
    assert int.from_bytes(content[at : at + 8], "little") == 1600
    if length is not None:
        content[at : at + 8] = length.to_bytes(8, "little")
    np.testing.assert_array_equal(decode(bytes(content))[:, 0], audio)
    content[at : at + 8] = (1602).to_bytes(8, "little")
    refused(bytes(content), "found less")


def test_more_than_4_gigabytes_from_a_pipe(tmp_path):
    """All of them, though the head has no room for such a length."""
    path, size = tmp_path / "a.wav", 5 * 10**9
    row = wav_lengths.Told(0xFFFFFFFF, 0xFFFFFFFF, 0)
    path.write_bytes(wav_lengths.wav_file(row, b""))
    try:
        os.truncate(path, size)  # zeros that take no room
    except OSError:
        pytest.skip("no such files here")
    assert form_of(path).samples == (size - 44) // 2
    rate, samples = next(blocks(path, first=(size - 44) // 2 - 5))
    assert (rate, samples.shape) == (RATE, (5, 1))


def test_chunks_without_end():
    """A million empty chunks: not followed for ever."""
    content = b"RIFF\0\0\0\0WAVE" + b"abcd\0\0\0\0" * 10**6
    refused(content, "a format chunk that makes sense, found none")


def test_two_wav_files_joined():
    one = wav_lengths.wav_file(wav_lengths.TABLE["whole"])
    refused(one + one, "found another joined to its end")


@pytest.mark.parametrize("name", sorted(path.name for path in FUZZED.iterdir()))
def test_the_fuzzer_s_files(name):
    """What the engine's reader refuses is refused here, and the same read."""
    if name.startswith("valid"):
        assert sum(len(part) for _, part in blocks(FUZZED / name))
        return
    with pytest.raises(ValueError, match=f"{name}: expected"):
        list(blocks(FUZZED / name))


def test_broken_wav_heads_do_no_harm():
    """Each byte of a head altered in turn: read, or refused in a sentence."""
    content = wav_lengths.wav_file(wav_lengths.TABLE["list behind"])
    for at, value in itertools.product(range(44), (0, 1, 0x7F, 0x80, 0xFF)):
        altered = bytearray(content)
        altered[at] = value
        try:
            decode(bytes(altered))
        except ValueError as error:
            assert "file: expected" in str(error)


def test_the_layout_of_a_wav_file(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(wav_lengths.wav_file(wav_lengths.TABLE["list behind"]))
    with open_regular(path) as file:
        layout = wav.read_layout(file)
    assert layout == (wav.PCM, 1, RATE, 2, 44, 44 + wav_lengths.ALL, True)
