"""Microphones by number and name, sample rates, and small chunks."""

import json
import sys
import time
import types

import numpy as np
import pytest
import sounddevices
from scipy.signal import resample_poly

from bifsmn_engine.audio.resampler import Resampler, whole_hz
from bifsmn_engine.cli import main
from bifsmn_engine.keyword_stream import KeywordStream
from bifsmn_engine.loading import load_model
from speechbrain_bifsmn.inference import KeywordSpotter

DEVICES = (
    ("Built-in Audio", 2),
    ("Speakers", 0),
    ("USB Microphone", 1),
    ("Scarlett 2i2 USB", 2),
)


@pytest.fixture
def microphone(monkeypatch):
    """A kind of microphone, of which there are several."""

    class Microphone(sounddevices.Microphone):
        pass

    fake = sounddevices.stand_in(Microphone, DEVICES)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return Microphone


@pytest.mark.parametrize(
    ("given", "opened"),
    [
        ((), None),
        (("--device", "2"), 2),
        (("--device", "0"), 0),
        (("--device", " 2 "), 2),
        (("--device=Built"), "Built"),
        (("--device", "2i2"), "2i2"),
        (("--device", "USB Microphone "), "USB Microphone"),
    ],
)
def test_which_device(microphone, given, opened):
    words = [given] if isinstance(given, str) else given
    assert main(["listen", "--seconds", "0.5", *words]) == 0
    assert microphone.opened == (opened, 1)


@pytest.mark.parametrize(
    ("device", "reason"),
    [
        ("9", "Error querying device 9"),
        ("-1", "Error querying device -1"),
        ("1", "Not an input device"),
        ("USB", "Multiple input devices"),
        ("Headset", "No input device matching"),
        ("", "the name is empty"),
        ("  ", "the name is empty"),
    ],
)
def test_no_such_device(microphone, capsys, device, reason):
    assert main(["listen", f"--device={device}"]) == 1
    out, err = capsys.readouterr()
    assert reason in err and err.count("\n") == 1
    assert "`python -m sounddevice` lists them" in err


def test_a_device_with_two_channels_alone(microphone, capsys):
    """Both are heard; a device of one kind of chunks keeps to it."""
    microphone.channels_there = (2,)
    noise = 0.1 * np.random.default_rng(0).standard_normal((96000, 1))
    microphone.audio = noise.astype(np.float32)
    options = "listen", "--json", "--seconds", "2", "--threshold", "0"
    assert main([*options, "--device", "3"]) == 0
    stereo = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    assert microphone.opened == (3, 2)
    microphone.channels_there = 1, 2
    assert main(options) == 0
    mono = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    assert microphone.opened == (None, 1)
    assert stereo == mono and stereo


def test_a_device_of_no_use(microphone, capsys):
    microphone.channels_there = ()
    assert main(["listen"]) == 1
    assert "Invalid number of channels" in capsys.readouterr().err
    microphone.channels_there = (1,)
    microphone.audio = np.full((48000, 1), np.nan, np.float32)
    assert main(["listen", "--seconds", "1"]) == 1
    assert "found NaN or infinity" in capsys.readouterr().err


def test_lost_sound_is_told(microphone, capsys):
    microphone.status = types.SimpleNamespace(input_overflow=True)
    assert main(["listen", "--seconds", "1"]) == 0
    assert "sound was lost" in capsys.readouterr().err


@pytest.mark.parametrize(
    "rate",
    [44100.0, np.float32(44100), np.float64(44100), np.int64(44100), 44100],
)
def test_rates_that_are_whole(rate):
    assert whole_hz(rate) == 44100 and type(whole_hz(rate)) is int
    assert KeywordStream(load_model(), rate=rate).push(np.zeros(9)) == []
    spotter = KeywordSpotter.from_hparams()
    clip = np.random.default_rng(0).uniform(-0.5, 0.5, 44100)
    expected = spotter.classify_batch(clip, rate=44100)[0]
    assert (spotter.classify_batch(clip, rate=rate)[0] == expected).all()


@pytest.mark.parametrize(
    "rate",
    [
        0,
        0.0,
        -1,
        44100.5,
        np.nan,
        np.inf,
        True,
        "44100",
        999,
        10**6,
        1j,
        [8000],
    ],
)
def test_rates_that_are_none(rate):
    spotter = KeywordSpotter.from_hparams()
    for use in (
        lambda: Resampler(rate, 16000),
        lambda: Resampler(16000, rate),
        lambda: KeywordStream(load_model(), rate=rate),
        lambda: spotter.classify_batch(np.zeros(100), rate=rate),
        lambda: spotter.make_streaming_context(rate=rate),
    ):
        with pytest.raises(ValueError, match="rate: expected sample rates"):
            use()


RATES = [8000, 11025, 15999, 16001, 22050, 44099, 44100, 47999, 48000, 96001]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("chunk_s", [0.001, 0.0107, 0.1])
def test_no_rate_is_late(rate, chunk_s):
    """Sound comes out at once, and is that of the whole."""
    audio = np.random.default_rng(rate).uniform(-1, 1, rate // 2 + 7)
    resampler, parts, latest = Resampler(rate, 16000), [], 0
    size = round(rate * chunk_s)
    for at in range(0, len(audio), size):
        chunk = audio[at : at + size]
        parts.append(resampler.push(chunk))
        given = (at + len(chunk)) / rate
        latest = max(latest, given - sum(map(len, parts)) / 16000)
    assert latest < 0.010
    found = np.concatenate([*parts, resampler.finish()])
    whole = resample_poly(audio, resampler.up, resampler.down)
    np.testing.assert_allclose(found, whole, atol=3e-6)


@pytest.mark.parametrize("rate", [16000, 44100])
@pytest.mark.parametrize("shape", [(100,), (100, 1), (1,)])
def test_a_buffer_that_is_used_again(rate, shape):
    """What it holds later is not heard."""
    audio = np.random.default_rng(2).uniform(-0.5, 0.5, 2 * rate).astype("f")
    whole = KeywordStream(load_model(), rate=rate)
    whole.push(audio)
    stream, buffer = (
        KeywordStream(load_model(), rate=rate),
        np.zeros(shape, "f"),
    )
    for at in range(0, len(audio), len(buffer)):
        buffer[:] = audio[at : at + len(buffer)].reshape(shape)
        stream.push(buffer)
        buffer[:] = 0
    np.testing.assert_allclose(stream.posteriors, whole.posteriors, atol=1e-5)


def test_a_rate_that_was_measured(microphone):
    """Drivers say what their clocks do."""
    microphone.samplerate = 47999.98
    assert main(["listen", "--seconds", "0.5"]) == 0


@pytest.mark.parametrize("rate", [16000, 44100])
def test_chunks_of_one_sample(rate):
    """They say what the whole says, and are read in time."""
    audio = np.random.default_rng(3).uniform(-0.5, 0.5, rate + 3000)
    model = load_model()
    options = {"rate": rate, "threshold": 0, "smoothing": 1, "gate_db": -60}
    whole = KeywordStream(model, **options)
    expected = whole.push(audio) + whole.finish()
    stream, found = KeywordStream(model, **options), []
    audio = audio.astype(np.float32)
    start = time.process_time()
    for at in range(len(audio)):
        found += stream.push(audio[at : at + 1])
    seconds = time.process_time() - start
    found += stream.finish()
    assert [row[0::2] for row in found] == [row[0::2] for row in expected]
    assert [row.score for row in found] == pytest.approx(
        [row.score for row in expected], abs=1e-5
    )
    assert seconds < len(audio) / rate  # on a slow machine, too
