"""Audio without keywords, as a part of a corpus of custom keywords."""

import numpy as np
import pytest
import soundfile

from speechbrain_bifsmn.dataio.corpus import NEGATIVES_FOLDER, read_corpus
from speechbrain_bifsmn.dataio.custom_keywords import (
    describe_corpus,
    make_custom_corpus,
)
from speechbrain_bifsmn.dataio.negatives import (
    find_audio,
    find_negatives,
    make_negatives,
)
from speechbrain_bifsmn.dataio.tasks import Task, task_rows
from speechbrain_bifsmn.operating_points.tuning_data import negative_audio
from speechbrain_bifsmn.people import FOLDER as PEOPLE

LABELS = ["go", "unknown", "silence"]
MINUTES = 7.5


def noise(path, seconds, rate=16000, level=0.1):
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    soundfile.write(
        path, level * random.standard_normal(int(seconds * rate)), rate
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Recordings of a word, seven minutes of radio, a short talk."""
    home = tmp_path_factory.mktemp("home")
    for speaker in range(40):
        noise(home / "mine" / "go" / f"p{speaker}_nohash_0.wav", 1)
    noise(home / "radio.flac", MINUTES * 60, 8000)
    noise(home / "talks" / "a" / "one.wav", 12.5)
    noise(home / "talks" / "go" / "not.wav", 12.5)
    return home


@pytest.fixture(scope="module")
def corpus(home):
    return make_custom_corpus(
        home / "corpus",
        "go",
        home / "mine",
        "never",
        negatives=[home / "radio.flac", home / "talks"],
    )


def test_every_minute_is_in_one_split(corpus):
    clips = read_corpus(corpus).clips
    found = {split: words[NEGATIVES_FOLDER] for split, words in clips.items()}
    assert {split: len(wavs) for split, wavs in found.items()} == {
        "train": 5 + 2,  # what follows the seventh minute is the first again
        "valid": 1,
        "test": 1,
    }
    assert found["valid"] == [f"{NEGATIVES_FOLDER}/0-5_nohash_0.wav"]


def test_every_second_is_an_unknown_word(corpus):
    rows = task_rows(read_corpus(corpus), Task(LABELS))
    unknown = [row for row in rows["train"] if row.label == "unknown"]
    assert len(unknown) == 5 * 60 + 30 + 12  # parts of a second are left out
    assert {row.stop - row.start for row in unknown} == {16000}
    assert len({(row.wav, row.start) for row in unknown}) == len(unknown)
    heard = {row.wav for row in rows["valid"] if row.label == "unknown"}
    assert heard == {f"{NEGATIVES_FOLDER}/0-5_nohash_0.wav"}


def test_any_corpus_takes_negatives_for_training(home, corpus, tmp_path):
    paths = find_negatives([home / "talks"], ["go"])
    place = make_negatives(tmp_path / "save" / "negatives", paths, "tests")
    own = read_corpus(corpus).clips
    found = read_corpus(corpus, negatives=place)
    *before, added = found.clips["train"].pop(NEGATIVES_FOLDER)
    assert before == own["train"].pop(NEGATIVES_FOLDER)
    assert found.samples[added] == 12.5 * 16000
    assert found.clips == own
    again = make_negatives(tmp_path / "save" / "negatives", paths, "tests")
    assert [path.name for path in again.glob("*.wav")] == ["0-0_nohash_0.wav"]


def test_held_out_minutes_choose_and_confirm_a_threshold(corpus):
    parts = negative_audio(corpus, ["go"])
    names = {
        part: [s.path.name for s in segments if s.last is None]
        for part, segments in parts.items()
    }
    assert names["choose"] == ["0-5_nohash_0.wav"]
    assert names["confirm"] == ["0-6_nohash_0.wav"]


def test_other_audio_is_another_corpus(home, corpus):
    options = "go", home / "mine", "never", 300, 1234, "en"
    radio = home / "radio.flac"
    assert describe_corpus(*options, str(radio)) == describe_corpus(
        *options, [radio]
    )
    alone = describe_corpus(*options, radio)["negatives"]
    both = describe_corpus(*options, [radio, home / "talks"])["negatives"]
    assert len(alone) == 1 and [name for name, _ in both] == [
        "radio.flac",
        "one.wav",
    ]


def test_a_corpus_may_hold_the_recordings_of_another(home, corpus):
    again = make_custom_corpus(home / "again", "go", corpus, "never")
    assert not (again / NEGATIVES_FOLDER).exists()


def test_other_audio_is_kept_out_of_the_folder_that_is_made(home):
    inner = home / "new" / "radio.wav"
    noise(inner, 2)
    with pytest.raises(ValueError, match="expected one without the record"):
        make_custom_corpus(
            home / "new", "go", home / "mine", "never", negatives=inner
        )
    assert inner.is_file()


def test_what_is_not_there_is_named(home):
    with pytest.raises(FileNotFoundError, match="found none at .*/nowhere"):
        find_negatives([home / "radio.flac", home / "nowhere"], [])
    (home / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="expected audio without"):
        find_negatives(home / "empty", [])
    assert find_negatives([], []) == []


def test_folders_of_keywords_are_left_out(home):
    assert [path.name for path in find_audio(home / "talks")] == [
        "one.wav",
        "not.wav",
    ]
    (only,) = find_audio(home / "talks", ["Go"])
    assert only.name == "one.wav"


def test_words_of_people_come_with_the_package():
    found = find_negatives(["shipped"], ["Yes", "hey robot"])
    assert "yes" not in {path.parent.name for path in found}
    infos = [soundfile.info(path) for path in found]
    assert len(infos) == 29 and sum(info.duration for info in infos) == 540
    assert {(i.samplerate, i.channels) for i in infos} == {(16000, 1)}
    assert find_negatives("shipped", []) == find_audio(PEOPLE)
