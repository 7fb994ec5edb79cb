"""eSpeak NG through its C interface."""

import os
import subprocess
import sys

import numpy as np
import pytest
from scipy.signal import resample_poly

from speechbrain_bifsmn.dataio.espeak import (
    DOWN,
    MAX_CLEAR_RATE,
    MAX_SQUEEZE,
    SAMPLE_RATE,
    UP,
    Espeak,
    trimmed,
)
from speechbrain_bifsmn.dataio.espeak_data import ACCENTS


@pytest.fixture(scope="module")
def espeak():
    pytest.importorskip(
        "espeakng_loader", reason="speaking needs espeakng-loader"
    )
    return Espeak()


def test_speech_is_16_khz_and_audible(espeak):
    wav = espeak.speak("yes", "en-us+f3")
    assert wav.dtype == np.float32 and wav.ndim == 1
    assert 0.2 < len(wav) / SAMPLE_RATE < 1.5
    assert 0.05 < np.abs(wav).max() <= 1


@pytest.mark.parametrize("accent", ACCENTS)
def test_every_accent_speaks(espeak, accent):
    assert np.abs(espeak.speak("stop", accent)).max() > 0.05


def test_resampling_keeps_frequencies_and_level(espeak):
    tone = np.sin(2 * np.pi * 1000 * np.arange(22050) / 22050)
    wav = resample_poly(tone, UP, DOWN, window=espeak._filter)
    expected = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
    np.testing.assert_allclose(wav[200:-200], expected[200:-200], atol=2e-3)


@pytest.mark.parametrize("variant", ["f3", "m3", "klatt4", "whisper", "croak"])
def test_no_state_leaks_between_calls(espeak, variant):
    """Flutter, breath and echo would otherwise go on where they stood."""
    voice = f"en-us+{variant}"
    first = espeak.speak("seven", voice)
    espeak.speak("hello there, world", "en-gb-x-rp+f5", 320, 90, 10)
    np.testing.assert_array_equal(espeak.speak("seven", voice), first)
    np.testing.assert_array_equal(Espeak().speak("seven", voice), first)


def test_every_parameter_matters(espeak):
    plain = espeak.speak("seven", "en-us+m3")
    for change in ({"rate": 120}, {"pitch": 80}, {"pitch_range": 90}):
        other = espeak.speak("seven", "en-us+m3", **change)
        assert not np.array_equal(other, plain), change
    assert len(espeak.speak("seven", "en-us+m3", rate=300)) < len(plain)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("yes", "xx"), "accent among"),
        (("yes", "xx+f3"), "accent among"),
        (("yes", "en-us+nobody"), "no variant 'nobody'"),
        (("yes", "en-us+"), "no variant ''"),
        (("yes", "en-us+../f3"), "no variant"),
        (("yes", "en-us+Reed"), "no variant 'Reed'"),
        ((" ", "en-us"), "words to say"),
        (("yes", "en-us", 70), "rate: expected 80 to 450, got 70"),
        (("yes", "en-us", 175, 100), "pitch: expected 0 to 99, got 100"),
        (("yes", "en-us", 175, 50, -1), "pitch_range: expected 0 to 99"),
    ],
)
def test_bad_arguments_are_refused(espeak, arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        espeak.speak(*arguments)
    assert "\n" not in str(caught.value)


def test_say_fits_the_time_and_trims_silence(espeak):
    slow = espeak.say("seven", "en-us+m3", SAMPLE_RATE, rate=100)
    fast = espeak.say("seven", "en-us+m3", 6000, rate=100)
    assert len(fast) <= 6000 < len(slow) <= SAMPLE_RATE
    assert np.abs(slow[:600]).max() > 0.01 * np.abs(slow).max()
    fastest = trimmed(espeak.speak("seven", "en-us+m3", MAX_CLEAR_RATE))
    shortest = int(len(fastest) / MAX_SQUEEZE) + 1
    assert len(espeak.say("seven", "en-us+m3", shortest)) == shortest
    with pytest.raises(ValueError, match="choose a shorter one"):
        espeak.say("seven", "en-us+m3", shortest - 10)


def test_say_refuses_what_lasts_too_long(espeak):
    with pytest.raises(ValueError, match="choose a shorter one"):
        espeak.say("a very long story about nothing", "en-us", 8000)


def test_missing_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(ImportError, match=r"pip install .*\[recipe\]"):
        Espeak()


FORK = """
import os, sys, threading
from speechbrain_bifsmn.dataio.espeak import Espeak

espeak = Espeak()
talk = threading.Thread(
    target=lambda: [espeak.speak("yes", "en-us") for _ in range(300)],
    daemon=True,
)
talk.start()
for _ in range(10):
    child = os.fork()
    if not child:
        assert len(espeak.speak("no", "en-us"))
        sys.exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
talk.join()
assert len(espeak.speak("yes", "en-us"))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_of_fork_speaks_and_leaves_the_voices_alone():
    pytest.importorskip("espeakng_loader")
    command = [sys.executable, "-c", FORK]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
