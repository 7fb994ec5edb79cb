"""A corpus of one's own words: recordings, voices, splits and refusals."""

import shutil
import sys
from collections import Counter

import numpy as np
import pytest
import soundfile

from speechbrain_bifsmn.dataio import own_words
from speechbrain_bifsmn.dataio.corpus import speaker_of
from speechbrain_bifsmn.dataio.own_words import (
    describe,
    make_own_corpus,
    parse_words,
)
from speechbrain_bifsmn.dataio.synthetic import WORDS_V2, plan_clips

SMALL = {"clips": 4, "background_seconds": 10}
# Speakers whose hash puts them in each split.
TRAIN, VALIDATION, TEST = "bob", "lea", "kim"


@pytest.fixture
def hum(monkeypatch):
    """Tones instead of speech, and few of them."""

    class Hum:
        def speak(self, text, voice, *_):
            return np.sin(np.arange(8000) * len(voice) / 50)

        def say(self, text, voice, longest, *_):
            return self.speak(text, voice)[:longest]

    monkeypatch.setattr(own_words, "Espeak", Hum)
    monkeypatch.setattr(own_words, "LEAST_CLIPS", 1)


@pytest.fixture
def mine(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    return folder


def record(path, seconds=0.5, rate=16000, channels=1, **form):
    """Records noise that depends on the path's name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.RandomState(sum(map(ord, path.name)))
    wav = random.uniform(-0.5, 0.5, (int(seconds * rate), channels))
    soundfile.write(path, wav, rate, **form)
    return path


def clips_of(corpus, word):
    return sorted(path.name for path in (corpus / word).iterdir())


def contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def listed(corpus, name):
    return (corpus / f"{name}_list.txt").read_text("utf-8").splitlines()


@pytest.mark.parametrize(
    "words",
    [" hey robot ,lights on", ["hey robot", " lights on "]],
)
def test_words_are_a_text_or_a_sequence(words):
    assert parse_words(words) == ["hey robot", "lights on"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "has nothing to say"),
        ("yes,,no", "has nothing to say"),
        ([], "put it in quotes"),
        (True, "put it in quotes"),
        ([True, "no"], "put it in quotes"),
        ("yes, Yes", "different words"),
        ("hey robot, Hey-Robot", "different words"),
        ("_yes", "must not start"),
        ("a/b", "must not hold"),
        ("yes, Unknown", "a class of its own"),
        ("silence", "a class of its own"),
    ],
)
def test_bad_words_are_refused(words, message):
    with pytest.raises(ValueError, match=message) as caught:
        parse_words(words)
    assert "\n" not in str(caught.value)


def test_names_differ_and_keep_the_speaker(tmp_path, mine, hum):
    plan = plan_clips({"hey robot": 4}, seed=1234)
    spoken = {who.name for split, _, who, _ in plan if split == "train"}
    for name in (
        *("Hey_Robot/a.wav", "Hey_Robot/a.flac", "hey-robot/a.ogg"),
        *("Hey_Robot/A.mp3", "Hey_Robot/2024.05.01 um 9.wav"),
        *("hey robot/bob_nohash_7.wav", "hey robot/bob_nohash_7.flac"),
        *(f"hey robot/{who}_nohash_0.wav" for who in spoken),
    ):
        record(mine / name)
    corpus = make_own_corpus(
        tmp_path / "corpus", "hey robot", mine, "always", **SMALL
    )
    names = clips_of(corpus, "hey robot")
    assert len({name.casefold() for name in names}) == len(names)
    counts = Counter(speaker_of(name) for name in names)
    assert counts["a"] + counts["A"] == 4
    assert counts["2024-05-01 um 9"] == 1
    assert {n for n in names if "bob" in n} == {
        *("bob_nohash_7.wav", "bob_nohash_8.wav"),
    }
    assert len(spoken) == 4 and all(counts[who] == 2 for who in spoken)
    for who in spoken:
        sizes = [
            soundfile.info(
                corpus / "hey robot" / f"{who}_nohash_{n}.wav"
            ).frames
            for n in (0, 1)
        ]
        assert sizes == [8000, 16000]  # the recording, then the voice


@pytest.mark.parametrize(
    ("speak", "yes", "no"),
    [
        ("missing", [[2, 0], [1, 0], [0, 1]], [[0, 4], [0, 1], [0, 1]]),
        ("always", [[2, 4], [1, 0], [0, 1]], [[0, 4], [0, 1], [0, 1]]),
    ],
)
def test_voices_say_what_they_are_asked_to(tmp_path, mine, hum, speak, yes, no):
    record(mine / "Yes" / f"{TRAIN}_nohash_0.wav")
    record(mine / "Yes" / f"{TRAIN}_nohash_1.wav")
    record(mine / "Yes" / f"{VALIDATION}.flac")
    corpus = make_own_corpus(tmp_path / "c", "yes,no", mine, speak, **SMALL)
    assert own_words._read_marker(corpus)["clips"] == {
        word: dict(zip(("train", "validation", "test"), counts, strict=True))
        for word, counts in (("yes", yes), ("no", no))
    }
    for word, counts in (("yes", yes), ("no", no)):
        assert len(clips_of(corpus, word)) == sum(map(sum, counts))
    tests = [name for name in listed(corpus, "testing") if name[:2] in "yes no"]
    assert len(tests) == 2


def test_never_needs_no_voices(tmp_path, mine, monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    record(mine / "yes" / f"{TRAIN}.wav")
    record(mine / "cow" / f"{TEST}.wav")
    corpus = make_own_corpus(tmp_path / "corpus", "yes", mine, "never", **SMALL)
    assert sorted(path.name for path in corpus.iterdir() if path.is_dir()) == [
        *("_background_noise_", "cow", "yes"),
    ]
    assert listed(corpus, "testing") == [f"cow/{TEST}_nohash_0.wav"]
    assert {
        path.stem for path in (corpus / "_background_noise_").iterdir()
    } == {
        *("white_noise", "pink_noise", "brown_noise", "mains_hum", "clicks"),
    }
    with pytest.raises(ImportError, match="pip install"):
        make_own_corpus(tmp_path / "other", "yes", mine, **SMALL)


def test_voices_say_other_words_and_parts_of_phrases(tmp_path, mine, hum):
    record(mine / "Cat" / "tom.wav")
    record(mine / "cow" / "tom.wav")
    for left_alone in (
        "_drafts/a.wav",
        ".git/a.wav",
        "cow/.b.wav",
        "cow/c.aiff",
    ):
        record(mine / left_alone)
    (mine / "cow" / "notes.txt").write_text("moo")
    words = "hey robot, silence please!, robot, yes"
    corpus = make_own_corpus(
        tmp_path / "corpus", words, mine, clips=100, background_seconds=10
    )
    found = {path.name for path in corpus.iterdir() if path.is_dir()}
    others = (set(WORDS_V2) - {"yes"}) | {"hey", "please"}
    assert found == others | {*parse_words(words), "cow", "_background_noise_"}
    share = round(4 * 100 / len(others))
    each = share + round(0.17 * share) + round(0.23 * share)
    assert {len(clips_of(corpus, word)) for word in others - {"cat"}} == {each}
    assert len(clips_of(corpus, "cat")) == each + 1
    assert clips_of(corpus, "cow") == ["tom_nohash_0.wav"]


def test_background_recordings_replace_the_synthetic_ones(tmp_path, mine, hum):
    record(mine / "_background_noise_" / f"{TEST}.wav", 11)
    record(mine / "_background_noise_" / "short.ogg", 4, 44100, 2)
    corpus = make_own_corpus(tmp_path / "corpus", "yes", mine, **SMALL)
    noises = corpus / "_background_noise_"
    frames = {p.name: soundfile.info(p).frames for p in noises.iterdir()}
    assert frames == {
        f"{TEST}_nohash_0.wav": 176000,
        "short_nohash_0.wav": 160000,
    }
    assert not any(name[0] == "_" for name in listed(corpus, "testing"))
    shutil.rmtree(mine / "_background_noise_")
    make_own_corpus(corpus, "yes", mine, **SMALL)
    assert len(clips_of(corpus, noises.name)) == 6


def test_lists_of_the_recordings_decide(tmp_path, mine):
    for name in ("Yes/one.wav", "Yes/two.wav", "Yes/three.flac"):
        record(mine / name)
    (mine / "validation_list.txt").write_text("Yes/one.wav\n")
    (mine / "testing_list.txt").write_text("Yes/three.flac\n")
    corpus = make_own_corpus(tmp_path / "corpus", "yes", mine, "never", **SMALL)
    assert listed(corpus, "validation") == ["yes/one_nohash_0.wav"]
    assert listed(corpus, "testing") == ["yes/three_nohash_0.wav"]
    assert len(clips_of(corpus, "yes")) == 3


def test_recordings_stay_as_they_are(tmp_path, mine):
    path = record(mine / "yes" / f"{TRAIN}.wav", 1)
    record(mine / "yes" / "long.wav", 2)
    before = contents(mine)
    corpus = make_own_corpus(tmp_path / "corpus", "yes", mine, "never", **SMALL)
    assert path.samefile(corpus / "yes" / f"{TRAIN}_nohash_0.wav")
    make_own_corpus(corpus, "yes", mine, "never", **SMALL, seed=2)
    shutil.rmtree(corpus)
    assert contents(mine) == before


def test_the_same_corpus_is_reused(tmp_path, mine, hum, monkeypatch):
    record(mine / "yes" / "ann.wav")
    corpus = make_own_corpus(tmp_path / "c", "yes, no", mine, **SMALL)
    monkeypatch.setattr(own_words, "_write_corpus", None)
    again = make_own_corpus(str(corpus), ["no", "yes"], str(mine), **SMALL)
    assert again == corpus


@pytest.mark.parametrize(
    "change", ["add", "remove", "edit", "list", "words", "seed"]
)
def test_another_corpus_replaces_an_old_one(tmp_path, mine, change):
    words, settings = "yes", dict(SMALL)
    path = record(mine / "yes" / "ann.wav")
    record(mine / "yes" / "bob.wav")
    corpus = make_own_corpus(tmp_path / "c", words, mine, "never", **SMALL)
    before = contents(corpus)
    if change == "add":
        record(mine / "yes" / "eve.wav")
    elif change == "remove":
        path.unlink()
    elif change == "edit":
        path.unlink()  # the same size again, but silence
        soundfile.write(path, np.zeros(8000), 16000)
    elif change == "list":
        (mine / "validation_list.txt").write_text("yes/ann.wav\n")
        (mine / "testing_list.txt").write_text("yes/bob.wav\n")
    elif change == "words":
        words = "Yes"
    else:
        settings["seed"] = 2
    make_own_corpus(corpus, words, mine, "never", **settings)
    fresh = make_own_corpus(tmp_path / "d", words, mine, "never", **settings)
    assert contents(corpus) == contents(fresh) != before


def test_an_old_corpus_stays_if_the_new_one_fails(tmp_path, mine):
    record(mine / "yes" / "ann.wav")
    corpus = make_own_corpus(tmp_path / "c", "yes", mine, "never", **SMALL)
    before = contents(corpus)
    (mine / "yes" / "bad.wav").write_text("no sound")
    with pytest.raises(ValueError, match="damaged"):
        make_own_corpus(corpus, "yes", mine, "never", **SMALL)
    assert contents(corpus) == before
    assert sorted(tmp_path.iterdir()) == [corpus, mine]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_build_leaves_nothing(tmp_path, hum, monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(own_words.synthetic, "write_backgrounds", fail)
    with pytest.raises(error):
        make_own_corpus(tmp_path / "corpus", "yes", **SMALL)
    assert not list(tmp_path.iterdir())


def test_other_files_are_never_overwritten(tmp_path, mine, hum):
    record(mine / "yes" / "ann.wav")
    (mine / "diary.txt").write_text("mine")
    for path in (mine / "yes", mine / "diary.txt"):
        with pytest.raises(FileExistsError, match="choose another folder"):
            make_own_corpus(path, "yes", **SMALL)
    for path in (mine, tmp_path):
        with pytest.raises(ValueError, match="choose another folder"):
            make_own_corpus(path, "yes", mine, **SMALL)
    assert sorted(contents(tmp_path)) == ["mine/diary.txt", "mine/yes/ann.wav"]


def test_files_put_there_meanwhile_are_kept(tmp_path, hum, monkeypatch):
    folder = tmp_path / "corpus"
    folder.mkdir()

    def write(*_):
        (folder / "diary.txt").write_text("mine")

    monkeypatch.setattr(own_words, "_write_corpus", write)
    with pytest.raises(FileExistsError, match="something else"):
        make_own_corpus(folder, "yes", **SMALL)
    assert contents(tmp_path) == {"corpus/diary.txt": b"mine"}


def test_same_arguments_give_the_same_bytes(tmp_path, mine, hum):
    record(mine / "yes" / "ann.flac", 2, 44100, 2)
    record(mine / "yes" / "bob.wav")
    first = make_own_corpus(tmp_path / "a", "yes, hey you", mine, **SMALL)
    again = make_own_corpus(tmp_path / "b", "hey you, yes", mine, **SMALL)
    assert contents(first) == contents(again)
    other = make_own_corpus(
        tmp_path / "d", "yes, hey you", mine, seed=2, **SMALL
    )
    assert set(contents(first)) != set(contents(other))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"speak": "no"}, "speak: expected one of missing, always, never"),
        ({"clips": 0}, "clips: expected at least 1, got 0"),
        ({"background_seconds": 9}, "expected at least 10, got 9"),
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
    with pytest.raises(
        (ValueError, FileNotFoundError), match=message
    ) as caught:
        make_own_corpus("corpus", "yes", **SMALL | arguments)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == [mine]


def test_too_long_a_phrase_is_refused_and_leaves_nothing(tmp_path, monkeypatch):
    pytest.importorskip(
        "espeakng_loader", reason="speaking needs espeakng-loader"
    )
    monkeypatch.setattr(own_words, "_negatives", lambda _: [])
    phrase = "please open the window of my bedroom"
    with pytest.raises(ValueError, match="choose a shorter one"):
        make_own_corpus(tmp_path / "corpus", phrase, **SMALL)
    assert not list(tmp_path.iterdir())


def test_the_table_counts_recorded_and_synthetic_clips(tmp_path, mine, hum):
    record(mine / "hey robot" / f"{TRAIN}.wav")
    corpus = make_own_corpus(tmp_path / "c", "yes, hey robot", mine, **SMALL)
    table = describe(corpus, "hey robot, yes").splitlines()
    assert [line.split() for line in table[:3]] == [
        ["keyword", "train", "validation", "test"],
        "hey robot 1 + 0 0 + 1 0 + 1".split(),
        "yes 0 + 4 0 + 1 0 + 1".split(),
    ]
    for folder, words in ((corpus, "no"), (mine, "yes")):
        with pytest.raises(ValueError, match="make it with these words first"):
            describe(folder, words)
