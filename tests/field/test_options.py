"""Options of detection on clips of up to a second."""

import json

import numpy as np
import pytest
import soundfile

from bifsmn_engine.cli import main
from bifsmn_engine.labels import SILENCE, UNKNOWN
from bifsmn_engine.loading import load_model
from speechbrain_bifsmn.people import FOLDER as PEOPLE


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A clip that sounds like a keyword, with which posterior, and which."""
    model = load_model()
    keywords = [n not in (SILENCE, UNKNOWN) for n in model.labels]
    random = np.random.default_rng(0)
    speech, _ = soundfile.read(PEOPLE / "yes" / "people.ogg")
    for _ in range(1000):
        start = random.integers(len(speech) - 16000)
        audio = speech[start : start + 16000]
        audio = audio + 0.05 * random.random() * random.standard_normal(16000)
        audio = np.rint(audio.clip(-1, 1) * 32767) / 32768
        posteriors = model.classify(audio)
        best = posteriors.argmax()
        if keywords[best] and 0.55 < posteriors[best] < 0.85:
            break
    else:
        pytest.fail("no clip is like a keyword, and not too much")
    path = tmp_path_factory.mktemp("clip") / "clip.wav"
    soundfile.write(path, audio, 16000)
    return path, model.labels[best], float(posteriors[best])


@pytest.fixture
def spot(clip, capsys):
    """Returns what `bifsmn spot` finds in the clip."""

    def run(*options, formats=("json",)):
        for name in formats:
            words = ["spot", str(clip[0]), "--format", name, *map(str, options)]
            assert main(words) == 0
        out, err = capsys.readouterr()
        rows = [json.loads(line) for line in out.splitlines()]
        assert ("no keyword" in err) is (not rows)
        return [(row["label"], pytest.approx(row["score"])) for row in rows]

    return run


def test_a_clip_is_classified(spot, clip):
    assert spot() == [clip[1:]]


def test_threshold(spot, clip):
    assert spot("--threshold", clip[2] - 0.01) == [clip[1:]]
    assert spot("--threshold", clip[2] + 0.01) == []
    assert spot("--threshold", 0) == [clip[1:]]
    assert spot("--threshold", 1) == []


def test_gate(spot, clip):
    assert spot("--gate", -60, "--threshold", 0.1) == [clip[1:]]
    assert spot("--gate", -3, "--threshold", 0.1) == []


def test_smoothing(spot, clip):
    """A clip is one window, which is its own mean."""
    for windows in (1, 8):
        found = spot("--smoothing", windows, "--threshold", clip[2] - 0.01)
        assert found == [clip[1:]]


def test_other_formats(clip, capsys):
    for name in ("table", "ctm"):
        words = ["spot", str(clip[0]), "--format", name]
        assert main([*words, "--threshold", "1"]) == 0
        out, err = capsys.readouterr()
        assert out == "" and "no keyword" in err
        assert main([*words, "--threshold", "0"]) == 0
        assert clip[1] in capsys.readouterr().out
