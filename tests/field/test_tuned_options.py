"""Options of operating points: all that is given holds, or is refused."""

import json

import numpy as np
import pytest
import sounddevices
from tuning_audio import MANY, RATE, arguments, write_all

from bifsmn_engine import cli
from bifsmn_engine.audio.files import read_audio
from bifsmn_engine.keyword_stream import detect_file
from bifsmn_engine.loading import load_model
from speechbrain_bifsmn.operating_points.tune import store


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A model, audio, and in ``out`` what was tuned at thinning 2."""
    place = write_all(tmp_path_factory.mktemp("tuned"))
    out = place / "out"
    words = "--thinning", 2, "--refractory", 2, "--smoothing", 1, "--out", out
    assert tune(place, *words) == 0
    store(_telling(place), 1, out / "model.bifsmn", out / "model.bifsmn")
    return place


def _telling(place):
    """Returns thresholds that the radio crosses again and again."""
    model = load_model(place, thinning=2)
    rows = model.stream().push(read_audio(place / "radio.flac", RATE))
    medians = np.median(rows, 0).tolist()
    return dict(zip(model.labels, medians, strict=True))


def tune(place, *more):
    path, clips, negatives = arguments(place)
    words = ["tune", path, "--keywords", clips, "--unseen"]
    for negative in negatives:
        words += ["--negatives", negative]
    words += ["--false-alarms-per-hour", MANY, *more]
    return cli.main([str(word) for word in words])


@pytest.fixture
def spot(place, capsys):
    """Returns what `bifsmn spot` finds in the radio, and says of it."""

    def run(*options, code=0):
        words = ["spot", place / "radio.flac", "--format", "json", *options]
        capsys.readouterr()
        assert cli.main([str(word) for word in words]) == code
        out, err = capsys.readouterr()
        return [json.loads(line)["start"] for line in out.splitlines()], err

    return run


def expected(place, thinning=2, **options):
    model = load_model(place, thinning=thinning)
    found = detect_file(model, place / "radio.flac", **options)
    return [round(each.start, 3) for each in found]


def test_refractory(spot, place):
    model = "--model", place, "--threshold", 0, "--smoothing", 1
    options = {"thinning": 1, "threshold": 0, "smoothing": 1}
    every = expected(place, refractory_s=0, **options)
    few = expected(place, refractory_s=3, **options)
    assert len(every) > len(few) > 0
    assert spot(*model, "--refractory", 0) == (every, "")
    assert spot(*model, "--refractory", 3) == (few, "")
    assert spot(*model) == (expected(place, **options), "")
    found, err = spot(*model, "--refractory", -1, code=1)
    assert "refractory_s: expected 0 to 3600 seconds, got -1" in err


def test_a_clip_is_listened_to(place, capsys):
    clip = next((place / "clips" / "yes").iterdir())
    model = "--model", str(place)
    words = ["spot", str(clip), *model, "--refractory", "1"]
    assert cli.main([*words, "--threshold", "1"]) == 0
    assert cli.main(words) == 0
    assert "unknown" not in capsys.readouterr().out


def test_what_was_tuned_is_used(spot, place):
    """But for what is given."""
    out = place / "out"
    stored = load_model(out).thresholds
    assert len({*stored.values()}) == len(stored)
    found = expected(place, threshold=stored, smoothing=1)
    assert found and found != expected(place)
    words = "--model", out, "--thinning", 2
    assert spot(*words) == (found, "")
    assert spot(*words, "--threshold", 0)[0] == expected(
        place, threshold=0, smoothing=1
    )


def test_listen_too(place, capsys, monkeypatch):
    class Microphone(sounddevices.Microphone):
        audio = 0.1 * np.random.default_rng(0).standard_normal((96000, 1))

    fake = sounddevices.stand_in(Microphone)
    monkeypatch.setitem(cli.sys.modules, "sounddevice", fake)
    words = ["listen", "--model", str(place), "--json", "--seconds"]
    every = "2", "--threshold", "0", "--smoothing", "1", "--refractory"
    assert cli.main([*words, *every, "3600"]) == 0
    rows = [
        json.loads(line)["label"]
        for line in capsys.readouterr().out.splitlines()
    ]
    assert rows and len(rows) == len({*rows})
    assert cli.main([*words, "0.5", "--threshold", "0"]) == 0
    assert capsys.readouterr().out.count("\n") == 1


def test_all_that_is_repeated_counts(place):
    found = json.loads((place / "out" / "tune.json").read_text())
    assert list(found["thinnings"]["2"]["negatives"]) == [
        "radio.flac",
        "street",
    ]
    parser = cli.make_parser(["tune", "publish"])
    lists = "tune --keywords K --negatives a b --negatives c "
    options = "--thinning 1 --thinning 2 --smoothing 1 --smoothing 2"
    given = parser.parse_args(f"{lists}{options}".split())
    assert list(map(str, given.negatives)) == ["a", "b", "c"]
    assert (given.thinning, given.smoothing) == ([1, 2], [1, 2])
    words = ["publish", "run", "out", "--samples", "a", "--samples", "b"]
    for _ in range(2):
        given = parser.parse_args(words)
        assert list(map(str, given.samples)) == ["a", "b"]


def test_what_a_model_file_cannot_hold_is_said(place, capsys):
    capsys.readouterr()
    assert tune(place, "--smoothing", 1, "--refractory", 2) == 0
    assert "give --refractory 2 to `bifsmn listen`" in capsys.readouterr().out
    assert tune(place, "--smoothing", 1) == 0
    assert "refractory" not in capsys.readouterr().out


def test_negatives_that_are_all_keywords(place, tmp_path, capsys):
    """Their folder would be counted with no audio at all."""
    clip = next((place / "clips" / "yes").iterdir())
    (tmp_path / "yes").mkdir()
    (tmp_path / "yes" / "0.wav").write_bytes(clip.read_bytes())
    (tmp_path / "validation_list.txt").write_text("yes/0.wav\n")
    (tmp_path / "testing_list.txt").write_text("")
    assert tune(place, "--negatives", tmp_path) == 1
    err = capsys.readouterr().err
    assert f"expected audio without keywords in {tmp_path}, found none" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["publish", "run", "out", "--push", ""], "--push: expected OWNER/NA"),
        (["publish", "run", "out", "--push", "name"], "got 'name'; name a r"),
        (["evaluate", "data", "--negatives", ""], "found an empty name; name"),
    ],
)
def test_options_without_a_value(words, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(words) == 1
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
