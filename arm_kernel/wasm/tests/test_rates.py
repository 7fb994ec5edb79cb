"""Files and microphones of any rate."""

import numpy as np
import pytest
from native import RATE, SHIPPED, write_wav


def tone(frequency, rate, seconds=1.5):
    """A sine of amplitude 0.5."""
    time = np.arange(round(seconds * rate)) / rate
    return 0.5 * np.sin(2 * np.pi * frequency * time)


@pytest.mark.parametrize("rate", (8000, 22050, 44100, 48000, 96000))
def test_stereo_files(page, tmp_path, rate):
    page.choose_model(SHIPPED)
    left, right = tone(500, rate), tone(1250, rate)
    path = write_wav(tmp_path / "tones.wav", np.stack([left, right], 1), rate)
    page.choose_audio(path)
    found = np.float32(page.run("return Array.from(page.recording._samples)"))
    wanted = (tone(500, RATE) + tone(1250, RATE)) / 2
    assert abs(len(found) - len(wanted)) <= 1
    inner = slice(1000, len(wanted) - 1000)
    assert np.abs(found[inner] - wanted[inner]).max() < 0.01


def test_files_of_16_bits(page, tmp_path):
    """What browsers and the engine make of them differs by a step at most."""
    codes = np.int16(np.random.RandomState(2).randint(-(2**15), 2**15, 20000))
    path = tmp_path / "noise.wav"
    write_wav(path, codes / 2**15)
    page.choose_audio(path)
    found = np.float32(page.run("return Array.from(page.recording._samples)"))
    assert np.abs(found - codes / 2**15).max() <= 2**-15


def resampled(page, audio, rate, block):
    """What the page makes of a stream that comes in blocks."""
    samples = page.run(
        "const [audio, rate, block] = arguments, out = [];"
        f"const resampler = new Resampler(rate, {RATE});"
        "for (let at = 0; at < audio.length; at += block)"
        "  out.push(...resampler.push(audio.slice(at, at + block)));"
        "return out",
        audio.tolist(), rate, block,
    )  # fmt: skip
    return np.array(samples)


@pytest.mark.parametrize("rate", (8000, 16000, 44100, 48000))
def test_streams(page, rate):
    audio = tone(700, rate)
    found = resampled(page, audio, rate, 1024)
    assert np.array_equal(found, resampled(page, audio, rate, 333))
    wanted = tone(700, RATE)
    assert 0 <= len(wanted) - len(found) < 100  # the last taps are to come
    inner = slice(100, len(found))
    assert np.abs(found[inner] - wanted[inner]).max() < 1e-3


@pytest.mark.parametrize("frequency", (9000, 12000, 20000))
def test_streams_do_not_alias(page, frequency):
    found = resampled(page, tone(frequency, 48000), 48000, 1024)
    assert np.abs(found[100:]).max() < 0.5e-2
