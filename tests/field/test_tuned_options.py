"""Options of operating points: all that is given holds, or is refused."""

import json

import numpy as np
import pytest
import sounddevices
from random_networks import SMALL, front_end, random_network
from tuning_audio import LABELS, MANY, RATE, arguments, write_all

from bifsmn_engine import cli
from bifsmn_engine.audio.files import read_audio
from bifsmn_engine.keyword_stream import detect_file
from bifsmn_engine.loading import load_model
from bifsmn_engine.tuned import read_tuned
from speechbrain_bifsmn.deploy.folding import fold
from speechbrain_bifsmn.deploy.writer import write_model


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A model, audio, and in ``out`` what was tuned at thinning 2."""
    place = write_all(tmp_path_factory.mktemp("tuned"))
    out = place / "out"
    words = "--thinning", 2, "--refractory", 2, "--smoothing", 1, "--out", out
    assert tune(place, *words) == 0
    _make_telling(place, out / "tune.json")
    return place


def _make_telling(place, path):
    """Sets thresholds that the radio crosses again and again."""
    found, model = json.loads(path.read_text()), load_model(place, thinning=2)
    rows = model.stream().push(read_audio(place / "radio.flac", RATE))
    medians = np.median(rows, 0).tolist()
    for word, median in zip(model.labels, medians, strict=True):
        if word in found["own"]["thresholds"]:
            found["own"]["thresholds"][word] = median
    path.write_text(json.dumps(found))


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
    """The refractory time too; of the model that was tuned, and its copy."""
    thresholds, smoothing, refractory_s = own = read_tuned(
        place / "out" / "tune.json"
    )
    assert (smoothing, refractory_s) == (1, 2)
    names = "threshold", "smoothing", "refractory_s"
    tuned = dict(zip(names, own, strict=True))
    found = expected(place, **tuned)
    other = expected(place, threshold=thresholds, smoothing=smoothing)
    assert found and found != other
    words = "--tuned", place / "out" / "tune.json", "--thinning", 2
    for model in (place, place / "model.bifsmn", place / "out"):
        assert spot("--model", model, *words) == (found, "")
    words = "--model", place, *words
    assert spot(*words, "--refractory", 0.5) == (other, "")
    assert spot(*words, "--threshold", 0)[0] == expected(
        place, **tuned | {"threshold": 0}
    )


def test_another_model_or_thinning(spot, place, tmp_path):
    path, other = place / "out" / "tune.json", tmp_path / "other.bifsmn"
    net = random_network(len(LABELS), seed=4, **SMALL)
    write_model(fold(net, LABELS, front_end(net)), other)
    for model, thinning, said in (
        (place, 1, "at thinning 1, found those for thinning 2; tune again"),
        (place, 4, "at thinning 4, found those for thinning 2; tune again"),
        (other, 2, "at thinning 2, found those for another model; tune again"),
        (
            other,
            1,
            "1, found those for another model at thinning 2; tune again",
        ),
    ):
        words = "--model", model, "--tuned", path, "--thinning", thinning
        line, *more = spot(*words)[1].splitlines()
        assert line.startswith(f"bifsmn spot: {path}: expected thresholds for")
        assert said in line and "expected" not in "".join(more)


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
    tuned = "--tuned", str(place / "out" / "tune.json")
    assert cli.main([*words, "1", *tuned, "--thinning", "2"]) == 0
    assert capsys.readouterr().err == "listening; Ctrl-C ends\n"
    assert cli.main([*words, "1", *tuned]) == 0
    assert "bifsmn listen: " in capsys.readouterr().err
    assert cli.main([*words, "0.5", "--threshold", "0"]) == 0
    assert capsys.readouterr().out.count("\n") == 1


def test_nothing_left_to_take(spot, place):
    words = "--tuned", place / "out" / "tune.json", "--model", place
    all_three = "--threshold", 0.5, "--smoothing", 2, "--refractory", 1
    starts, err = spot(*words, *all_three, code=1)
    assert not starts and err.count("\n") == 1
    assert "--tuned: expected something to take from it" in err


def test_all_that_is_repeated_counts(place):
    found = json.loads((place / "out" / "tune.json").read_text())
    assert list(found["own"]["thinnings"]["2"]["negatives"]) == [
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
