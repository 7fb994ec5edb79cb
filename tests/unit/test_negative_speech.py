"""Speech to count false alarms on has no keywords in it."""

import re
import sys

import numpy as np
import pytest
import soundfile
from hum import Hum

from benchmarks import negative_speech
from speechbrain_bifsmn.dataio.sentences import sentences_without
from speechbrain_bifsmn.dataio.words import COMMANDS


def test_no_command_is_said():
    text = " ".join(sentences_without(COMMANDS)).lower()
    words = set(re.findall(r"[a-z']+", text))
    sound_alike = {"know", "write", "knows", "upon", "gone", "nose"}
    assert len(words) > 500
    assert not words & ({*COMMANDS} | sound_alike)


def test_a_minute_of_each_voice(monkeypatch, tmp_path):
    monkeypatch.setattr(negative_speech, "Espeak", Hum)
    out = tmp_path / "out"
    monkeypatch.setattr(sys, "argv", ["x", str(out), "--minutes=2"])
    negative_speech.main()
    audio = [soundfile.read(path)[0] for path in sorted(out.iterdir())]
    assert [len(each) for each in audio] == [60 * 16000] * 2
    assert all(0.1 < np.abs(each).max() <= 1 for each in audio)


def test_more_voices_than_there_are(monkeypatch, tmp_path):
    out = tmp_path / "out"
    monkeypatch.setattr(sys, "argv", ["x", str(out), "--minutes=99"])
    with pytest.raises(SystemExit):
        negative_speech.main()
    assert not out.exists()
