"""What natural voices have said outlives a start that was stopped."""

import shutil

import pytest
from hum import Hum

from speechbrain_bifsmn.dataio import custom_keywords, custom_plan
from speechbrain_bifsmn.dataio.custom_keywords import make_custom_corpus


class Voices(Hum):
    """Counts what is said, and is stopped at a number."""

    def __init__(self):
        super().__init__()
        self.said, self.stop_at = [], None

    def say(self, *arguments):
        """Returns a tone."""
        if len(self.said) == self.stop_at:
            raise KeyboardInterrupt
        self.said.append(arguments)
        return super().say(*arguments)

    def words(self):
        """Returns what was said, without the sentences, which recur."""
        return [clip for clip in self.said if "." not in clip[0]]


@pytest.fixture
def voices(monkeypatch):
    natural = Voices()
    monkeypatch.setattr(custom_keywords, "Espeak", Hum)
    monkeypatch.setattr(custom_keywords, "Kokoro", lambda espeak: natural)
    monkeypatch.setattr(custom_keywords, "MAX_THREADS", 1)
    monkeypatch.setattr(custom_keywords.synthetic, "WORDS", ("yes", "cat"))
    monkeypatch.setattr(custom_plan, "MIN_CLIPS", 1)
    monkeypatch.setattr(custom_plan, "MINUTES", {"train": 1})
    return natural


@pytest.fixture
def make(tmp_path, voices):
    def make(words):
        options = {"clips": 4, "background_seconds": 10, "voices": "natural"}
        return make_custom_corpus(tmp_path / "corpus", words, **options)

    return make


def contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def stop(make, words, voices):
    voices.stop_at = len(voices.said) + 5
    with pytest.raises(KeyboardInterrupt):
        make(words)
    voices.stop_at = None


def test_nothing_is_said_twice(make, voices, tmp_path):
    stop(make, "yes", voices)
    (kept,) = tmp_path.iterdir()
    assert len(list(kept.rglob("*.wav"))) == 5
    corpus = make("yes")
    assert len(voices.words()) == len({*voices.words()}) > 5
    assert list(tmp_path.iterdir()) == [corpus]
    before = contents(corpus)
    shutil.rmtree(corpus)
    assert contents(make("yes")) == before


def test_another_corpus_has_all_of_it_said(make, voices, tmp_path):
    make("no")
    number = len(voices.said)
    shutil.rmtree(tmp_path / "corpus")
    stop(make, "yes", voices)
    voices.said.clear()
    corpus = make("no")
    assert list(tmp_path.iterdir()) == [corpus]
    assert len(voices.said) == number


def test_a_folder_of_the_user_is_left_alone(make, tmp_path):
    mine = tmp_path / ".corpus.spoken" / "yes" / "ann.wav"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    with pytest.raises(FileExistsError, match=r"\.corpus\.spoken"):
        make("yes")
    assert mine.read_bytes() == b"mine"
    assert [*tmp_path.iterdir()] == [tmp_path / ".corpus.spoken"]
