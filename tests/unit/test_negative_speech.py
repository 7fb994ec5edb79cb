"""Speech to count false alarms on has no keywords in it."""

import re
import sys

import numpy as np
import pytest

from benchmarks import negative_speech
from speechbrain_bifsmn.dataio.espeak import SAMPLE_RATE
from speechbrain_bifsmn.dataio.speakers import speakers
from speechbrain_bifsmn.dataio.words import COMMANDS


def test_no_command_is_said():
    text = " ".join(negative_speech.SENTENCES).lower()
    words = set(re.findall(r"[a-z']+", text))
    sound_alike = {"know", "write", "knows", "upon", "gone", "nose"}
    assert len(words) > 200
    assert not words & ({*COMMANDS} | sound_alike)


class Hum:
    """Says everything in the same way."""

    def speak(self, text, voice, rate, pitch):
        return np.ones(len(text) * SAMPLE_RATE // 20, np.float32) / 2


def test_speech_is_as_long_as_wanted_and_the_same_again():
    first, second = (
        negative_speech.speech(Hum(), speakers("test", seed=1234)[0], 20)
        for _ in range(2)
    )
    assert len(first) == 20 * SAMPLE_RATE
    assert 0.1 < np.abs(first).max() < 1
    np.testing.assert_array_equal(first, second)


def test_more_voices_than_there_are(monkeypatch, tmp_path):
    out = tmp_path / "out"
    monkeypatch.setattr(sys, "argv", ["x", str(out), "--minutes=99"])
    with pytest.raises(SystemExit):
        negative_speech.main()
    assert not out.exists()
