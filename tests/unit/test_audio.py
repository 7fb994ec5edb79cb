"""Audio files of every kind come out as one channel at one rate."""

import math
import re
import sys
import tracemalloc

import numpy as np
import pytest
import soundfile
from scipy.signal import resample_poly

from speechbrain_bifsmn.inference import audio
from speechbrain_bifsmn.inference.audio import (
    Resampler,
    as_mono,
    audio_chunks,
    duration_of,
    read_audio,
)


def noise(samples, channels=1):
    shape = samples if channels == 1 else (samples, channels)
    return 0.1 * np.random.default_rng(0).standard_normal(shape)


def write(path, samples, rate=16000, **options):
    soundfile.write(path, samples, rate, **options)
    return path


def resampled(samples, rate, target=16000):
    common = math.gcd(rate, target)
    return resample_poly(samples, target // common, rate // common)


@pytest.mark.parametrize("chunk", [1, 160, 5000, 10**6])
@pytest.mark.parametrize("rate", [8000, 11025, 16000, 44100, 48000, 96000])
def test_chunks_join_to_the_resampled_whole(rate, chunk):
    samples = noise(rate // 4 + 17)
    if chunk == 1:
        samples = samples[:600]
    resampler = Resampler(rate, 16000)
    parts = [
        resampler.push(samples[at : at + chunk])
        for at in range(0, len(samples), chunk)
    ]
    joined = np.concatenate([*parts, resampler.finish()])
    whole = resampled(samples, rate)
    assert joined.shape == whole.shape and joined.dtype == np.float32
    np.testing.assert_allclose(joined, whole, atol=1e-6)
    again = np.append(resampler.push(samples), resampler.finish())
    np.testing.assert_array_equal(again, joined)


@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize("rate", [16000, 96000])
@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_files_of_any_rate_and_channels(tmp_path, kind, rate, channels):
    samples = noise(rate + 3, channels)
    path = write(tmp_path / f"a.{kind}", samples, rate, subtype="PCM_24")
    mean = samples if channels == 1 else samples.mean(axis=1)
    found = read_audio(path)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, resampled(mean, rate), atol=1e-6)
    assert duration_of(path) == pytest.approx(len(samples) / rate)


@pytest.mark.parametrize("kind", ["ogg", "mp3"])
def test_lossy_files(tmp_path, kind):
    tone = 0.5 * np.sin(np.arange(48000) * 2 * np.pi * 440 / 48000)
    found = read_audio(write(tmp_path / f"a.{kind}", tone, 48000))
    expected = resampled(tone, 48000)
    assert len(found) == len(expected)
    inner = slice(2000, -2000)
    assert np.corrcoef(found[inner], expected[inner])[0, 1] > 0.99


def test_a_file_is_not_read_whole(tmp_path):
    """What is asked for has been read, and little more."""
    path = write(tmp_path / "long.wav", noise(16000 * 60))
    list(audio_chunks(path))  # imports, caches
    tracemalloc.start()
    seconds = sum(len(chunk) for chunk in audio_chunks(path)) / 16000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds == 60
    assert peak < 16000 * 4 * 10  # bytes of ten seconds


def test_each_error_is_one_sentence(tmp_path):
    whole = write(tmp_path / "whole.wav", noise(16000)).read_bytes()
    flac = write(tmp_path / "whole.flac", noise(16000)).read_bytes()
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("these are words, not samples")
    (tmp_path / "text.raw").write_text("these are words, not samples")
    (tmp_path / "cut.wav").write_bytes(whole[:-2000])
    (tmp_path / "cut.flac").write_bytes(flac[: len(flac) // 2])
    write(tmp_path / "none.wav", noise(0))
    samples = noise(32000)
    samples[20000] = np.nan
    write(tmp_path / "nan.wav", samples, subtype="FLOAT")
    for name, error, words in (
        ("missing.wav", FileNotFoundError, "found none"),
        ("whole.wav/a.wav", NotADirectoryError, "found none"),
        (".", IsADirectoryError, "found a folder"),
        ("empty.wav", ValueError, "found an empty file"),
        ("text.wav", ValueError, r"wav, flac, ogg or mp3\), found something"),
        ("text.raw", ValueError, "found something else"),
        ("cut.wav", ValueError, "as its header says, found less"),
        ("cut.flac", ValueError, "as its header says, found less"),
        ("none.wav", ValueError, "found no samples"),
        ("nan.wav", ValueError, "found NaN or infinity after 1.00 s"),
    ):
        path = tmp_path / name
        with pytest.raises(error, match=words) as raised:
            read_audio(path)
        text = str(raised.value)
        assert text.startswith(f"{path}: expected") and "\n" not in text


def test_a_wav_file_that_was_streamed_has_no_length(tmp_path):
    path = write(tmp_path / "a.wav", noise(16000))
    content = bytearray(path.read_bytes())
    content[4:8] = content[40:44] = b"\xff" * 4
    path.write_bytes(content)
    assert len(read_audio(path)) == 16000


def test_as_mono():
    np.testing.assert_array_equal(
        as_mono(np.array([[16384, -16384], [0, 16384]], np.int16)), [0, 0.25]
    )
    with pytest.raises(ValueError, match="got int64"):
        as_mono(np.array([1, 2]))
    with pytest.raises(ValueError, match=r"got \(1, 2, 3\)"):
        as_mono(np.zeros((1, 2, 3)))
    with pytest.raises(ValueError, match="found NaN"):
        as_mono(np.array([0.0, np.inf]))


@pytest.mark.parametrize("rates", [(0, 16000), (16000, -1)])
def test_rates_are_checked(rates):
    with pytest.raises(ValueError, match=re.escape("above 0")):
        Resampler(*rates)


@pytest.mark.skipif(sys.platform == "win32", reason="no permissions there")
def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    """(The superuser may read all: the error is made up.)"""
    path = write(tmp_path / "a.wav", noise(100))

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(audio.Path, "open", refuse)
    with pytest.raises(PermissionError, match=r"none \(Permission denied\)"):
        read_audio(path)
