"""A corpus of custom keywords: recordings, voices, splits and refusals."""

import os
import shutil
import sys
from collections import Counter

import numpy as np
import pytest
import soundfile
from hum import Hum

from speechbrain_bifsmn.dataio import custom_keywords, custom_plan
from speechbrain_bifsmn.dataio.corpus import speaker_of
from speechbrain_bifsmn.dataio.custom_counts import describe
from speechbrain_bifsmn.dataio.custom_keywords import make_custom_corpus
from speechbrain_bifsmn.dataio.synthetic import plan_clips
from speechbrain_bifsmn.dataio.words import parse_words

SMALL = {"clips": 4, "background_seconds": 10}
# Speakers whose hash puts them in each split.
TRAIN, VALIDATION, TEST = "bob", "lea", "kim"


@pytest.fixture
def hum(monkeypatch):
    """Tones instead of speech, and few of them."""
    monkeypatch.setattr(custom_keywords, "Espeak", Hum)
    monkeypatch.setattr(custom_plan, "MIN_CLIPS", 1)
    others = ("yes", "cat", "robot", "stop")
    monkeypatch.setattr(custom_keywords.synthetic, "WORDS", others)


@pytest.fixture
def mine(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    return folder


@pytest.fixture
def make(tmp_path, mine):
    """Makes a small corpus of the recordings in ``mine``."""

    def make(words, speak="missing", folder="corpus", **settings):
        folder, settings = tmp_path / folder, SMALL | settings
        return make_custom_corpus(folder, words, mine, speak, **settings)

    return make


def record(path, seconds=0.5, rate=16000, channels=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    wav = np.random.uniform(-0.5, 0.5, (int(seconds * rate), channels))
    soundfile.write(path, wav, rate)
    return path


def clips_of(corpus, word):
    return sorted(path.name for path in (corpus / word).iterdir())


def contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def folders(corpus):
    return {path.name for path in corpus.iterdir() if path.is_dir()}


def listed(corpus, name):
    return (corpus / f"{name}_list.txt").read_text("utf-8").splitlines()


def test_names_differ_and_keep_the_speaker(mine, make, hum):
    plan = plan_clips({"hey robot": 4}, seed=1234)
    spoken = {who.name for split, _, who, _ in plan if split == "train"}
    for name in (
        *("Hey_Robot/a.wav", "Hey_Robot/a.flac", "hey-robot/a.ogg"),
        *("Hey_Robot/A.mp3", "Hey_Robot/2024.05.01 um 9.wav"),
        *("hey robot/bob_nohash_7.wav", "hey robot/bob_nohash_7.flac"),
        *(f"hey robot/{who}_nohash_0.wav" for who in spoken),
    ):
        record(mine / name)
    folder = make("hey robot", "always") / "hey robot"
    names = [path.name for path in folder.iterdir()]
    assert len({name.casefold() for name in names}) == len(names)
    assert {"bob_nohash_7.wav", "bob_nohash_8.wav"} < set(names)
    counts = Counter(map(speaker_of, names))
    assert counts["a"] + counts["A"] == 4
    assert counts["bob"] == 2 and counts["2024-05-01 um 9"] == 1
    assert len(spoken) == 4
    for who in spoken:  # the recording, then the voice
        clips = (folder / f"{who}_nohash_{take}.wav" for take in (0, 1))
        assert [soundfile.info(p).frames for p in clips] == [8000, 16000]


@pytest.mark.parametrize(("speak", "train"), [("missing", 0), ("always", 4)])
def test_voices_say_what_they_are_asked_to(mine, make, hum, speak, train):
    record(mine / "Yes" / f"{TRAIN}_nohash_0.wav")
    record(mine / "Yes" / f"{TRAIN}_nohash_1.wav")
    record(mine / "Yes" / f"{VALIDATION}.flac")
    corpus = make("yes, no", speak)
    assert len(clips_of(corpus, "yes")) == 2 + train + 1 + 1
    assert len(clips_of(corpus, "no")) == 4 + 1 + 1
    tests = [name.partition("/")[0] for name in listed(corpus, "testing")]
    assert tests == ["cat", "no", "robot", "stop", "yes"]
    assert f"yes/{VALIDATION}_nohash_0.wav" in listed(corpus, "validation")
    table = describe(corpus, ["no", "yes"]).splitlines()
    assert [line.split() for line in table[:3]] == [
        ["keyword", "train", "validation", "test"],
        "no 0 + 4 0 + 1 0 + 1".split(),
        f"yes 2 + {train} 1 + 0 0 + 1".split(),
    ]
    for folder, words in ((corpus, "cat"), (mine, "yes")):
        with pytest.raises(ValueError, match="make it with these words first"):
            describe(folder, words)


def test_never_needs_no_voices(mine, make, monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    record(mine / "yes" / f"{TRAIN}.wav")
    record(mine / "cow" / f"{TEST}.wav")
    corpus = make("yes", "never")
    assert folders(corpus) == {"_background_noise_", "cow", "yes"}
    assert listed(corpus, "testing") == [f"cow/{TEST}_nohash_0.wav"]
    noises = clips_of(corpus, "_background_noise_")
    assert len(noises) == 5 and "babble.wav" not in noises
    with pytest.raises(ImportError, match="pip install"):
        make("yes")


def test_voices_say_other_words_and_parts_of_phrases(mine, make, hum):
    record(mine / "Cat" / "tom.wav")
    record(mine / "cow" / "tom.wav")
    words = "hey robot, silence please!, robot, yes"
    corpus = make(words, clips=20)
    others = {"cat", "stop", "hey", "please"}
    assert folders(corpus) == {
        *(*others, *parse_words(words), "cow", "_background_noise_"),
    }
    # Four keywords, four other words: 20, and 17 % and 23 % as many.
    counts = {word: len(clips_of(corpus, word)) for word in others}
    assert counts == {"cat": 29, "stop": 28, "hey": 28, "please": 28}
    assert clips_of(corpus, "cow") == ["tom_nohash_0.wav"]


def test_natural_voices_say_sentences_too(make, hum, monkeypatch):
    monkeypatch.setattr(custom_keywords, "Kokoro", lambda espeak: espeak)
    minutes = {"train": 2, "validation": 1, "test": 1}
    monkeypatch.setattr(custom_plan, "MINUTES", minutes)
    corpus = make("yes", voices="natural")
    names = clips_of(corpus, "_negatives_")
    assert len(names) == 4
    for name in names:
        assert soundfile.info(corpus / "_negatives_" / name).duration == 60
    for split in ("validation", "testing"):
        lines = listed(corpus, split)
        assert sum(line.startswith("_negatives_/") for line in lines) == 1
    assert "_negatives_" not in folders(make("yes"))


def test_other_words_have_a_few_clips_at_least(make, hum, monkeypatch):
    monkeypatch.setattr(custom_plan, "MIN_CLIPS", 10)
    assert len(clips_of(make("no", clips=1), "cat")) == 10 + 2 + 2


def test_background_recordings_replace_the_synthetic_ones(mine, make, hum):
    record(mine / "_background_noise_" / f"{TEST}.wav", 11)
    record(mine / "_background_noise_" / "short.ogg", 4, 44100, 2)
    corpus = make("yes")
    noises = corpus / "_background_noise_"
    assert {p.name: soundfile.info(p).frames for p in noises.iterdir()} == {
        f"{TEST}_nohash_0.wav": 176000,
        "short_nohash_0.wav": 160000,
    }
    assert not any(name[0] == "_" for name in listed(corpus, "testing"))
    shutil.rmtree(mine / "_background_noise_")
    assert len(clips_of(make("yes"), "_background_noise_")) == 6


def test_lists_of_the_recordings_decide(mine, make):
    for name in ("Yes/one.wav", "Yes/two.wav", "Yes/three.flac"):
        record(mine / name)
    (mine / "validation_list.txt").write_text("Yes/one.wav\n")
    (mine / "testing_list.txt").write_text("Yes/three.flac\n")
    corpus = make("yes", "never")
    assert listed(corpus, "validation") == ["yes/one_nohash_0.wav"]
    assert listed(corpus, "testing") == ["yes/three_nohash_0.wav"]
    assert len(clips_of(corpus, "yes")) == 3


def test_recordings_stay_as_they_are(mine, make):
    path = record(mine / "yes" / f"{TRAIN}.wav", 1)
    record(mine / "yes" / "long.wav", 2)
    before = contents(mine)
    corpus = make("yes", "never")
    copy = corpus / "yes" / f"{TRAIN}_nohash_0.wav"
    assert copy.read_bytes() == path.read_bytes()
    assert not copy.samefile(path)
    shutil.rmtree(make("yes", "never", seed=2))
    assert contents(mine) == before


def test_the_same_corpus_is_reused(mine, make, hum, monkeypatch):
    record(mine / "yes" / "ann.wav")
    corpus = make("yes, no")
    monkeypatch.setattr(custom_keywords, "_write_corpus", None)
    assert make(["no", "yes"]) == corpus


@pytest.mark.parametrize(
    "change", ["add", "remove", "edit", "list", "words", "seed"]
)
def test_another_corpus_replaces_an_old_one(mine, make, change):
    words = "Yes" if change == "words" else "yes"
    seed = 2 if change == "seed" else 1234
    path = record(mine / "yes" / "ann.wav")
    record(mine / "yes" / "bob.wav")
    before = contents(make("yes", "never"))
    if change == "add":
        record(mine / "yes" / "eve.wav")
    elif change == "remove":
        path.unlink()
    elif change == "edit":
        times = path.stat().st_atime_ns, path.stat().st_mtime_ns
        # The same size and time, but silence.
        soundfile.write(path, np.zeros(8000), 16000)
        os.utime(path, ns=times)
    elif change == "list":
        (mine / "validation_list.txt").write_text("yes/ann.wav\n")
        (mine / "testing_list.txt").write_text("yes/bob.wav\n")
    after = contents(make(words, "never", seed=seed))
    fresh = contents(make(words, "never", "fresh", seed=seed))
    assert after == fresh != before


def test_an_old_corpus_stays_if_the_new_one_fails(tmp_path, mine, make):
    record(mine / "yes" / "ann.wav")
    corpus = make("yes", "never")
    before = contents(corpus)
    (mine / "yes" / "bad.wav").write_text("no sound")
    with pytest.raises(ValueError, match="found 1 damaged"):
        make("yes", "never")
    assert contents(corpus) == before
    assert sorted(tmp_path.iterdir()) == [corpus, mine]


def test_same_arguments_give_the_same_bytes(mine, make, hum):
    record(mine / "yes" / "ann.flac", 2, 44100, 2)
    record(mine / "yes" / "bob.wav")
    first = contents(make("yes, hey you", folder="first"))
    assert contents(make("hey you, yes", folder="again")) == first
    assert set(contents(make("yes, hey you", seed=2))) != set(first)


def test_other_files_are_never_overwritten(tmp_path, mine, hum):
    record(mine / "yes" / "ann.wav")
    (mine / "diary.txt").write_text("mine")
    for path in (mine / "yes", mine / "diary.txt"):
        with pytest.raises(FileExistsError, match="name another folder"):
            make_custom_corpus(path, "yes", **SMALL)
    for path in (mine, tmp_path):
        with pytest.raises(ValueError, match="choose another folder"):
            make_custom_corpus(path, "yes", mine, **SMALL)
    assert sorted(contents(tmp_path)) == ["mine/diary.txt", "mine/yes/ann.wav"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"speak": "no"}, "speak: expected one of missing, always, never"),
        ({"clips": 0}, "clips: expected 1 to 100000, got 0"),
        ({"background_seconds": 9}, "expected 10 to 3600, got 9"),
        ({"speak": "never"}, "none of yes in no folder"),
        ({"speak": "never", "recordings": "mine"}, "none of yes in mine"),
        ({"recordings": "gone"}, "none at gone"),
    ],
)
def test_bad_arguments_are_refused(
    tmp_path, mine, monkeypatch, arguments, message
):
    monkeypatch.chdir(tmp_path)
    record(mine / "no" / "ann.wav")
    with pytest.raises((OSError, ValueError), match=message) as caught:
        make_custom_corpus("corpus", "yes", **SMALL | arguments)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == [mine]


def test_too_long_a_phrase_is_refused_and_leaves_nothing(tmp_path, monkeypatch):
    pytest.importorskip("espeakng_loader", reason="nobody can speak")
    monkeypatch.setattr(custom_plan, "_other_words", lambda *_: [])
    phrase = "please open the window of my bedroom"
    with pytest.raises(ValueError, match="choose a shorter one"):
        make_custom_corpus(tmp_path / "corpus", phrase, **SMALL)
    assert not list(tmp_path.iterdir())
