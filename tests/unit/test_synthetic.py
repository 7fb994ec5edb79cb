"""The synthetic corpus: layout, repeatability, caching and refusals."""

import importlib.util
import json

import numpy as np
import pytest
from hum import Hum
from scipy.io import wavfile

from speechbrain_bifsmn.dataio import synthetic
from speechbrain_bifsmn.dataio.speakers import SPEAKERS, VARIANTS, speakers
from speechbrain_bifsmn.dataio.synthetic import make_corpus
from speechbrain_bifsmn.files.owned import owned_folder

SMALL = {"clips": 6, "background_seconds": 2}


@pytest.fixture
def hum(monkeypatch):
    """Tones instead of speech, so that no library is needed."""
    monkeypatch.setattr(synthetic, "Espeak", Hum)


@pytest.fixture(params=["hum", "espeak"])
def voice(request):
    """Makes a test run with tones, and with speech where it can be had."""
    if request.param == "hum":
        request.getfixturevalue("hum")
    elif importlib.util.find_spec("espeakng_loader") is None:
        pytest.skip("speaking needs espeakng-loader")


def contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def test_layout_is_that_of_speech_commands(tmp_path, voice):
    folder = make_corpus(tmp_path / "new" / "corpus", ["yes", "cat"], **SMALL)
    validation = (folder / "validation_list.txt").read_text().splitlines()
    testing = (folder / "testing_list.txt").read_text().splitlines()
    files = sorted(contents(folder))
    clips = {name for name in files if name.split("/")[0] in ("yes", "cat")}
    assert len(clips) == 2 * (6 + 1 + 1)
    assert validation == sorted(validation) and testing == sorted(testing)
    assert len(validation) == len(testing) == 2
    assert set(validation) | set(testing) < clips
    assert not set(validation) & set(testing)
    for name in clips:
        assert name.endswith("_nohash_0.wav")
        rate, wav = wavfile.read(folder / name)
        assert (rate, wav.shape, wav.dtype) == (16000, (16000,), np.int16)
        assert np.abs(wav).max() > 1000
    backgrounds = list((folder / "_background_noise_").iterdir())
    assert len(backgrounds) == 6
    for path in backgrounds:
        rate, wav = wavfile.read(path)
        assert (rate, len(wav)) == (16000, 32000)
        assert 500 < wav.astype(float).std() < 10000


def test_same_arguments_give_the_same_bytes(tmp_path, voice):
    first = make_corpus(tmp_path / "a", ["yes", "cat"], **SMALL)
    again = make_corpus(tmp_path / "b", ["cat", "yes"], **SMALL)
    assert contents(first) == contents(again)


def test_another_seed_gives_other_clips(tmp_path, hum):
    first = make_corpus(tmp_path / "a", ["yes"], **SMALL)
    other = make_corpus(tmp_path / "b", ["yes"], seed=2, **SMALL)
    assert not any(
        "yes/" in name
        for name in contents(first).keys() & (contents(other).keys())
    )


def test_a_clip_does_not_depend_on_the_other_clips(tmp_path, voice):
    small = contents(make_corpus(tmp_path / "a", ["yes"], **SMALL))
    large = contents(
        make_corpus(
            tmp_path / "b",
            ["cat", "yes"],
            clips={"yes": 9, "cat": 2},
            background_seconds=2,
        )
    )
    assert all(
        large[name] == data
        for name, data in small.items()
        if name.startswith(("yes/", "_background_noise_/"))
    )


def test_no_voice_is_in_two_splits():
    splits = [speakers(split, seed=1234) for split in SPEAKERS]
    for part in ("name", "voice"):
        values = [getattr(one, part) for split in splits for one in split]
        unique = [{getattr(one, part) for one in split} for split in splits]
        assert sum(map(len, unique)) == len(set(values)), part
    names = [name for split in VARIANTS.values() for name in split]
    assert len(names) == len(set(names))


def test_all_variants_exist_and_speak():
    pytest.importorskip(
        "espeakng_loader", reason="speaking needs espeakng-loader"
    )
    espeak = synthetic.Espeak()
    for split in VARIANTS.values():
        for variant in split:
            wav = espeak.say("seven", f"en-gb+{variant}", 16000)
            assert len(wav) > 4000 and np.abs(wav).max() > 0.05, variant


def test_more_clips_than_speakers_are_further_takes():
    plan = synthetic.plan_clips({"yes": 600}, seed=1)
    assert len(set(plan)) == len(plan) == 600 + 102 + 138
    assert {take for *_, take in plan} == {0, 1, 2}


def test_a_phrase_is_a_word(tmp_path, voice):
    folder = make_corpus(tmp_path / "corpus", ["hey robot"], **SMALL)
    assert len(list((folder / "hey robot").iterdir())) == 8
    lines = (folder / "testing_list.txt").read_text().splitlines()
    assert (folder / lines[0]).exists() and lines[0].startswith("hey robot/")


def test_too_long_a_phrase_is_refused_and_leaves_nothing(tmp_path):
    pytest.importorskip(
        "espeakng_loader", reason="speaking needs espeakng-loader"
    )
    phrase = "please open the window of my bedroom"
    with pytest.raises(ValueError, match="choose a shorter one"):
        make_corpus(tmp_path / "corpus", [phrase], **SMALL)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "word",
    [
        "",
        " ",
        "?",
        "_yes",
        ".yes",
        " yes",
        "yes ",
        "a/b",
        "a\\b",
        "a\nb",
        "a:b",
    ],
)
def test_bad_words_are_refused(tmp_path, word):
    with pytest.raises(ValueError, match="words: .* is to name a folder"):
        make_corpus(tmp_path / "corpus", ["yes", word], **SMALL)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "clips", "message"),
    [
        ([], 5, "different words"),
        (["yes", "Yes"], 5, "different words"),
        (["yes"], 0, "at least 1 for each of yes"),
        (["yes", "no"], {"yes": 5}, "at least 1 for each of yes, no"),
    ],
)
def test_bad_counts_are_refused(tmp_path, words, clips, message):
    with pytest.raises(ValueError, match=message):
        make_corpus(tmp_path / "corpus", words, clips)


def test_by_default_commands_have_more_clips():
    clips = synthetic._count_clips(synthetic.WORDS, None)
    assert len(clips) == 35
    assert (clips["yes"], clips["zero"], sum(clips.values())) == (
        300,
        100,
        5500,
    )


def test_the_same_corpus_is_reused(tmp_path, hum, monkeypatch):
    folder = make_corpus(tmp_path / "corpus", ["yes", "no"], **SMALL)
    monkeypatch.setattr(synthetic, "_write_corpus", None)
    assert make_corpus(str(folder), ("no", "yes"), **SMALL) == folder


def test_other_files_are_never_overwritten(tmp_path, hum):
    corpus = make_corpus(tmp_path / "corpus", ["yes"], **SMALL)
    before = contents(corpus)
    with pytest.raises(FileExistsError, match="made with other settings"):
        make_corpus(corpus, ["yes"], seed=2, **SMALL)
    assert contents(corpus) == before
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "diary.txt").write_text("mine")
    for path in (mine, mine / "diary.txt"):
        with pytest.raises(FileExistsError, match="name another folder"):
            make_corpus(path, ["yes"], **SMALL)
    assert contents(mine) == {"diary.txt": b"mine"}


def test_an_empty_folder_is_filled(tmp_path, hum):
    (tmp_path / "corpus").mkdir()
    folder = make_corpus(tmp_path / "corpus", ["yes"], **SMALL)
    marker = json.loads((folder / synthetic.MARKER).read_text())
    assert marker["clips"] == {"yes": 6}


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_build_leaves_nothing(tmp_path, hum, monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setitem(synthetic.BACKGROUNDS, "clicks", fail)
    with pytest.raises(error):
        make_corpus(tmp_path / "corpus", ["yes"], **SMALL)
    assert not list(tmp_path.iterdir())


def test_files_put_there_meanwhile_are_kept(tmp_path):
    folder = tmp_path / "corpus"
    with pytest.raises(FileExistsError, match="found others, as diary.txt"):
        with owned_folder(folder, "synthetic corpus"):
            folder.mkdir()
            (folder / "diary.txt").write_text("mine")
    assert contents(tmp_path) == {"corpus/diary.txt": b"mine"}
