"""A corpus of one's own words: recordings, voices, splits and refusals."""

import os
import shutil
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechbrain_bifsmn.dataio import own_words, recordings
from speechbrain_bifsmn.dataio.corpus import speaker_of
from speechbrain_bifsmn.dataio.own_words import (
    describe,
    make_own_corpus,
    parse_words,
)
from speechbrain_bifsmn.dataio.recordings import find_recordings
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


def splits(folder, words=()):
    found = find_recordings(folder, words)
    return {
        clip.path.relative_to(folder).as_posix(): clip.split for clip in found
    }


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


def test_a_hash_of_the_name_decides_the_split(mine):
    names = [f"{n}/speaker{n}_nohash_0.wav" for n in range(30)]
    names += [f"yes/{who}.mp3" for who in (TRAIN, VALIDATION, TEST)]
    for name in names:
        (mine / name).parent.mkdir(exist_ok=True)
        (mine / name).touch()
    whole = splits(mine)
    assert [whole[name] for name in names[-3:]] == [
        "train",
        "validation",
        "test",
    ]
    assert set(whole.values()) == {"train", "validation", "test"}
    for name in names[::2]:
        (mine / name).unlink()
    assert splits(mine) == {name: whole[name] for name in names[1::2]}


def test_the_order_of_files_does_not_matter(mine, monkeypatch):
    for name in ("b/x_nohash_1.wav", "b/x_nohash_0.wav", "a/y.wav"):
        record(mine / name)
    before, iterdir = find_recordings(mine, ()), Path.iterdir
    for turn in (sorted, lambda paths: sorted(paths)[::-1]):
        monkeypatch.setattr(Path, "iterdir", lambda p, t=turn: t(iterdir(p)))
        assert find_recordings(mine, ()) == before


def test_the_shares_of_the_splits_are_as_said():
    shares = Counter(recordings._split(f"speaker {n}") for n in range(4000))
    assert abs(shares["validation"] / 4000 - 0.15) < 0.02
    assert abs(shares["test"] / 4000 - 0.15) < 0.02


def test_official_lists_decide_if_both_are_there(tmp_path, mine):
    for name in ("Yes/one.wav", "Yes/two.wav", "Yes/three.flac", "no/one.wav"):
        record(mine / name)
    by_hash = splits(mine)
    (mine / "validation_list.txt").write_text("./Yes/one.wav\n")
    assert splits(mine) == by_hash
    (mine / "testing_list.txt").write_text("Yes/three.flac\r\nYes/gone.wav\n")
    record(mine / "_background_noise_" / f"{TEST}.wav", 10)
    corpus = make_own_corpus(tmp_path / "corpus", "yes", mine, "never", **SMALL)
    assert listed(corpus, "validation") == ["yes/one_nohash_0.wav"]
    assert listed(corpus, "testing") == ["yes/three_nohash_0.wav"]
    assert len(clips_of(corpus, "yes")) == 3


def test_a_long_recording_is_cut_to_its_loudest_second(tmp_path, mine):
    rate, start, length = 44100, 3.2, 0.3
    time = np.arange(5 * rate) / rate
    wav = np.zeros((len(time), 2))
    burst = (time >= start) & (time < start + length)
    wav[burst, 1] += np.sin(2 * np.pi * 440 * time[burst])
    (mine / "yes").mkdir()
    soundfile.write(mine / "yes" / "ann.flac", wav, rate)
    corpus = make_own_corpus(tmp_path / "corpus", "yes", mine, "never", **SMALL)
    path = corpus / "yes" / "ann_nohash_0.wav"
    info = soundfile.info(path)
    assert (info.samplerate, info.channels, info.subtype, info.frames) == (
        *(16000, 1, "PCM_16", 16000),
    )
    clip = soundfile.read(path)[0]
    loud = np.flatnonzero(np.abs(clip) > 0.2)
    assert abs((loud[-1] - loud[0]) / 16000 - length) < 0.01
    assert 0.3 < (loud[-1] + loud[0]) / 2 / 16000 < 0.7  # not at an edge
    assert np.abs(np.fft.rfft(clip)).argmax() == pytest.approx(440, abs=3)
    assert np.abs(clip).max() == pytest.approx(0.5, abs=0.05)  # mixed


@pytest.mark.parametrize("links", [True, False])
def test_a_clip_that_fits_is_linked_or_copied(
    tmp_path, mine, monkeypatch, links
):
    def fail(*_):
        raise OSError("no links here")

    if not links:
        monkeypatch.setattr(os, "link", fail)
    fits = record(mine / "yes" / f"{TRAIN}.wav", 1)
    slow = record(mine / "yes" / "slow.wav", 0.5, 8000)
    fine = record(mine / "yes" / "fine.wav", 0.5, subtype="PCM_24")
    before = contents(mine)
    corpus = make_own_corpus(tmp_path / "corpus", "yes", mine, "never", **SMALL)
    target = corpus / "yes" / f"{TRAIN}_nohash_0.wav"
    assert target.read_bytes() == fits.read_bytes()
    assert fits.samefile(target) == links
    for path in (slow, fine):
        assert not path.samefile(corpus / "yes" / f"{path.stem}_nohash_0.wav")
    shutil.rmtree(
        make_own_corpus(corpus, "yes", mine, "never", seed=2, **SMALL)
    )
    assert contents(mine) == before


def test_a_wav_whose_header_promises_more_is_written_anew(tmp_path, mine):
    path = record(mine / "yes" / "ann.wav", 1)
    path.write_bytes(path.read_bytes()[:20044])
    corpus = make_own_corpus(tmp_path / "corpus", "yes", mine, "never", **SMALL)
    target = corpus / "yes" / "ann_nohash_0.wav"
    data = target.read_bytes()
    assert int.from_bytes(data[4:8], "little") + 8 == len(data) == 20044


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
    long = record(mine / "_background_noise_" / f"{TEST}.wav", 11)
    short = record(mine / "_background_noise_" / "short.ogg", 4, 44100, 2)
    corpus = make_own_corpus(tmp_path / "corpus", "yes", mine, **SMALL)
    noises = corpus / "_background_noise_"
    assert clips_of(corpus, noises.name) == [
        *(f"{TEST}_nohash_0.wav", "short_nohash_0.wav"),
    ]
    assert long.samefile(noises / f"{TEST}_nohash_0.wav")
    assert not any(name[0] == "_" for name in listed(corpus, "testing"))
    wav, rate = soundfile.read(noises / "short_nohash_0.wav")
    assert (rate, wav.shape) == (16000, (160000,))
    np.testing.assert_array_equal(wav[64000:128000], wav[:64000])
    assert short.exists()
    mine = shutil.copytree(mine, tmp_path / "quiet")
    shutil.rmtree(mine / "_background_noise_")
    corpus = make_own_corpus(corpus, "yes", mine, **SMALL)
    assert len(clips_of(corpus, noises.name)) == 6


def test_all_damage_is_named_at_once(tmp_path, mine):
    record(mine / "yes" / "good.wav")
    (mine / "yes" / "text.wav").write_text("no sound")
    record(mine / "yes" / "empty.wav", 0)
    nan = np.full(100, np.nan, np.float32)
    soundfile.write(mine / "yes" / "nan.wav", nan, 16000, subtype="FLOAT")
    (mine / "cow").mkdir()
    (mine / "cow" / "cut.mp3").write_bytes(b"ID3")
    with pytest.raises(ValueError, match="found 4 damaged") as caught:
        make_own_corpus(tmp_path / "corpus", "yes", mine, "never", **SMALL)
    text = str(caught.value)
    for name in ("yes/text.wav", "yes/empty.wav", "yes/nan.wav", "cow/cut.mp3"):
        assert text.count(str(mine / name)) == 1
    assert "good" not in text
    assert list(tmp_path.iterdir()) == [mine]


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
