"""Audio files of every kind come out as one channel at one rate."""

import math
import os
import re
import sys
import tracemalloc

import numpy as np
import pytest
import soundfile
from scipy.signal import resample_poly

from bifsmn_engine.audio.files import (
    audio_chunks,
    duration_of,
    read_audio,
)
from bifsmn_engine.audio.resampler import Resampler


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
    (tmp_path / "loop.wav").symlink_to("loop.wav")
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
        ("a\0b.wav", ValueError, "found a zero byte"),
        ("loop.wav", OSError, "found none"),
        ("a" * 300, OSError, "found none"),
        ("cut.wav", ValueError, "as its header says, found less"),
        ("cut.flac", ValueError, "as its header says, found less"),
        ("none.wav", ValueError, "found no samples"),
        ("nan.wav", ValueError, "found NaN or infinity after 1.25 s"),
    ):
        path = tmp_path / name
        with pytest.raises(error, match=words) as raised:
            read_audio(path)
        text = str(raised.value)
        assert re.match(r".*: expected .*; .*|.*\)$", text)
        assert str(path).split("\0")[0] in text and text.isprintable()


def test_chunks_have_the_length_that_is_asked_for(tmp_path):
    path = write(tmp_path / "a.flac", noise(48000 * 3 + 5), 48000)
    assert [len(c) for c in audio_chunks(path)] == [16000] * 3 + [2]
    assert [len(c) for c in audio_chunks(path, 8000, 2)] == [16000, 8001]


def test_what_is_too_long_is_not_read_whole(tmp_path):
    """Two hours in 200 kB: refused after as much as may be read."""
    path = tmp_path / "hours.flac"
    with soundfile.SoundFile(path, "w", 8000, 1, compression_level=1) as file:
        for _ in range(120):
            file.write(np.zeros(60 * 8000, np.int16))
    assert path.stat().st_size < 1_000_000
    assert duration_of(path) == 7200
    with pytest.raises(ValueError, match="expected up to 600 s to be read who"):
        read_audio(path)
    with pytest.raises(ValueError, match="expected up to 2.5 s to be read who"):
        read_audio(path, max_s=2.5)
    short = write(tmp_path / "short.wav", noise(16000))
    assert len(read_audio(short, max_s=1)) == 16000


@pytest.mark.parametrize(
    "rates",
    [(0, 16000), (16000, -1), (999, 16000), (16000, 768001), (2**31, 1)],
)
def test_rates_are_checked(rates):
    with pytest.raises(ValueError, match="from 1000 to 768000 Hz, got"):
        Resampler(*rates)


@pytest.mark.parametrize("rate", [44101, 49999, 50021, 96001, 767999, 768000])
def test_odd_rates_need_no_more_than_others(rate):
    """Their filter is bounded, and so is what the ratio is wrong by."""
    resampler = Resampler(rate, 16000)
    assert resampler.up / resampler.down == pytest.approx(16000 / rate, 2e-5)
    assert max(resampler.up, resampler.down) <= 50_000
    time = np.arange(2 * rate) / rate
    tone = np.sin(2 * np.pi * 440 * time)
    found = np.concatenate([resampler.push(tone), resampler.finish()])
    expected = np.sin(2 * np.pi * 440 * np.arange(len(found)) / 16000)
    assert len(found) == pytest.approx(32000, abs=2)
    np.testing.assert_allclose(found[800:16000], expected[800:16000], atol=0.06)


@pytest.mark.skipif(sys.platform == "win32", reason="no permissions there")
def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    """(The superuser may read all: the error is made up.)"""
    path = write(tmp_path / "a.wav", noise(100))

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PermissionError, match=r"none \(Permission denied\)"):
        read_audio(path)
