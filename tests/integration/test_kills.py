"""A kill at any moment of any command leaves the old or the new, whole.

Each operation that changes files is looked at. A process is really killed at
each tenth, or at each with ``KILL_STRIDE=1`` in the environment.
"""

import os
import shutil
import tarfile
from itertools import count

import pytest
import torch
from finished_run import write_run
from hum import Hum
from kills import check_kills, contents, kill_at
from small_corpus import write_corpus
from tuning_audio import MANY, arguments, write_all

from bifsmn_engine.cli import main
from speechbrain_bifsmn.dataio import custom_keywords, custom_plan, synthetic
from speechbrain_bifsmn.dataio.custom_keywords import make_custom_corpus
from speechbrain_bifsmn.dataio.rooms import make_rooms
from speechbrain_bifsmn.dataio.synthetic import make_corpus
from speechbrain_bifsmn.files.archive import unpack
from speechbrain_bifsmn.files.atomic import clear_leftovers, write_text
from speechbrain_bifsmn.files.owned import MARKER, check_listed, owned_file
from speechbrain_bifsmn.operating_points import tune as tuning
from speechbrain_bifsmn.publishing import folder as publishing

STRIDE = int(os.environ.get("KILL_STRIDE", "10"))


@pytest.fixture(autouse=True)
def one_thread():
    """A child of fork cannot use the parent's threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def home(tmp_path):
    """Where a command writes."""
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def hum(monkeypatch):
    """Tones instead of speech, and few of them."""
    for module in (synthetic, custom_keywords):
        monkeypatch.setattr(module, "Espeak", Hum)
    monkeypatch.setattr(custom_plan, "MIN_CLIPS", 1)
    monkeypatch.setattr(synthetic, "WORDS", ("yes", "cat"))


def test_a_file(home):
    path = home / "results.json"
    kills = check_kills(
        home,
        lambda: write_text(path, "old"),
        lambda: write_text(path, "new"),
    )
    assert kills > 5


def test_a_file_of_an_owned_folder(home):
    def write(text):
        with owned_file(home / "results.json", "train") as place:
            place.write_text(text)

    write("old")
    for number in count():
        ended = kill_at(number, lambda: write("new"))
        assert (home / "results.json").read_text() in ("old", "new")
        check_listed(home)  # whichever it is, it is not taken for the user's
        if ended is None:
            break
        write("old")
    assert number > 10


@pytest.mark.slow
def test_synth(home, hum):
    def make(clips):
        words, background = "hey robot", {"background_seconds": 10}
        make_custom_corpus(home / "own", words, clips=clips, **background)

    assert check_kills(home, lambda: make(1), lambda: make(2), STRIDE) > 5


@pytest.mark.slow
def test_synth_of_natural_voices(home, hum, monkeypatch):
    monkeypatch.setattr(custom_keywords, "Kokoro", Hum)
    monkeypatch.setattr(custom_plan, "MINUTES", {"train": 1})

    def make(words):
        options = {"clips": 1, "background_seconds": 10, "voices": "natural"}
        make_custom_corpus(home / "own", words, **options)

    old, new = (lambda: make("hey robot")), (lambda: make("robot"))
    assert check_kills(home, old, new, 3 * STRIDE) > 5


def test_rooms(home):
    def make():
        make_rooms(home / "rooms" / "rooms.csv", rooms=3)

    assert check_kills(home, lambda: None, make) > 10


@pytest.mark.slow
def test_a_synthetic_corpus(home, hum):
    def make():
        options = {"clips": 1, "background_seconds": 10}
        make_corpus(home / "corpus", ["yes", "no"], **options)

    assert check_kills(home, lambda: None, make, STRIDE) > 5


@pytest.mark.slow
def test_publish_and_export(home, tmp_path, monkeypatch):
    monkeypatch.setattr(publishing, "check_loads", lambda folder: None)
    run = write_run(tmp_path / "run")

    def publish(note):
        words = ["publish", run, home / "out", "--data-note", note]
        assert main([*map(str, words)]) == 0

    def export(name):
        words = ["export", run, home / "a.bifsmn", "--name", name]
        assert main([*map(str, words)]) == 0

    old, new = (lambda: publish("a")), (lambda: publish("b"))
    assert check_kills(home, old, new, STRIDE) > 3
    for path in home.iterdir():
        path.rename(tmp_path / "published")
    assert check_kills(home, lambda: export("a"), lambda: export("b")) > 5


@pytest.mark.slow
def test_tune(home, tmp_path, monkeypatch):
    clips = write_all(tmp_path)
    options = {"thinnings": (1,), "smoothings": (1, 3), "unseen": True}
    points = [
        tuning.tune(*arguments(clips), rate, **options)
        for rate in (MANY, 2 * MANY)
    ]
    words = ["tune", clips / "model.bifsmn", "--keywords", clips, "--out"]
    words += [home / "tuned", "--negatives", clips / "radio.flac"]

    def tune(point):
        monkeypatch.setattr(tuning, "tune", lambda *_, **__: point)
        assert main([*map(str, words)]) == 0

    for number in count(step=3 * STRIDE):
        shutil.rmtree(home / "tuned", ignore_errors=True)
        tune(points[0])
        old = contents(home)
        ended = kill_at(number, lambda: tune(points[1]))
        found = contents(home)
        check_listed(home / "tuned")  # each file is one or the other
        tune(points[1])
        new = contents(home)
        for name in old:
            if name != f"tuned/{MARKER}":
                assert found[name] in (old[name], new[name])
        if ended is None:
            break
    assert number > 6 * STRIDE


@pytest.mark.slow
def test_evaluate(home, tmp_path):
    corpus = write_corpus(tmp_path / "corpus")
    words = ["evaluate", str(corpus), "--out", str(home / "evaluation.json")]

    def evaluate(*more):
        assert main([*words, *more]) == 0

    old, new = (lambda: None), (lambda: evaluate())
    assert check_kills(home, old, new, STRIDE) > 1


def test_unpacking(home, tmp_path):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as tar:
        for name in ("yes/a.wav", "yes/b.wav", "LICENSE"):
            tar.addfile(tarfile.TarInfo(name))

    def make():
        clear_leftovers(home / "data")
        if not (home / "data").exists():
            unpack(tmp_path / "a.tar.gz", home / "data", 10**6)

    assert check_kills(home, lambda: None, make) > 10
