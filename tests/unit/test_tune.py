"""Tuning: its figures are those of a plain detector on the same audio."""

import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from random_networks import SMALL, front_end, random_network
from tuning_audio import (
    KEYWORDS,
    MANY,
    RATE,
    arguments,
    record,
    write_all,
)

from bifsmn_engine import cli
from bifsmn_engine.loading import load_model
from bifsmn_engine.printable import each_text, printable
from speechbrain_bifsmn.deploy.detector import Detector
from speechbrain_bifsmn.deploy.folding import fold
from speechbrain_bifsmn.deploy.writer import write_model
from speechbrain_bifsmn.files.owned import (
    MARKER,
    check_listed,
    owned_file,
    owner,
)
from speechbrain_bifsmn.operating_points import choose as tuning
from speechbrain_bifsmn.operating_points import figures as figures_module
from speechbrain_bifsmn.operating_points import report as tuning_report
from speechbrain_bifsmn.operating_points.noise import Noise
from speechbrain_bifsmn.operating_points.tune import store, tune
from speechbrain_bifsmn.operating_points.tuning_data import (
    in_context,
    in_sequence,
    keyword_clips,
    negative_audio,
)

OPTIONS = {
    "false_alarms_per_hour": MANY,
    "thinnings": (1, 2),
    "smoothings": (1, 3),
    "refractory_s": 0.3,
    "unseen": True,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return write_all(tmp_path_factory.mktemp("tune"))


@pytest.fixture(scope="module")
def result(place):
    return tune(
        *arguments(place),
        **OPTIONS,
    )


def heard(model, chunks, threshold, smoothing):
    detector = Detector(
        model.labels,
        model.hop / RATE,
        model.window_samples / RATE,
        threshold,
        smoothing,
        refractory_s=0.3,
    )
    stream, found = model.stream(), []
    for chunk in chunks:
        for row in stream.push(chunk):
            found += detector.add(row)
    return found + detector.finish()


@pytest.mark.parametrize("thinning", [1, 2])
def test_figures_are_those_of_a_detector(place, result, thinning):
    path, clips, negatives = arguments(place)
    model = load_model(path, thinning=thinning)
    point = result["thresholds"], result["smoothing"]
    figures = result["thinnings"][str(thinning)]
    expected = {word: {} for word in KEYWORDS}
    rejects = 0
    for k, clip in keyword_clips(clips, KEYWORDS, unseen=True)["confirm"]:
        found = heard(model, [in_context(clip, RATE, 1.0)], *point)
        words = {d.keyword for d in found}
        rejects += KEYWORDS[k] not in words
        for word in words - {KEYWORDS[k]}:
            row = expected[KEYWORDS[k]]
            row[word] = row.get(word, 0) + 1
    assert figures["false_rejects"] == rejects < 12
    assert figures["confusions"] == expected
    alarms = 0
    for path in negatives:
        segments = negative_audio(path, KEYWORDS)["confirm"]
        found = heard(model, in_sequence(segments, RATE), *point)
        of_this = figures["negatives"][path.name]
        assert of_this["false_alarms"] == len(found)
        alarms += len(found)
    assert figures["false_alarms"] == alarms > 0
    assert figures["per_hour"] == pytest.approx(alarms / figures["hours"])
    assert sum(f["clips"] for f in figures["keywords"].values()) == 12


def test_no_lower_thresholds_would_do(place, result):
    """Of those with few enough alarms to be expected, they reject the least."""
    flattering = tune(
        *arguments(place),
        **(OPTIONS | {"smoothings": [result["smoothing"]]}),
        figures_of="choose",
    )
    assert flattering["thresholds"] == result["thresholds"]
    allowed = MANY * flattering["chosen_on"]["hours"]
    for thinning, found in flattering["thinnings"].items():
        curve = flattering["curves"][thinning]
        place_in_curve = curve["false_rejects"].index(found["false_rejects"])
        assert found["false_alarms"] <= 1.5 * allowed
        assert place_in_curve > 0


def test_false_rejects_at_usual_rates(place, monkeypatch):
    """Those of the lowest thresholds with so few alarms; no others are told."""
    monkeypatch.setattr(figures_module, "RATES", (1, 500, MANY))
    options = {"unseen": True, "smoothings": [3], "refractory_s": 0.3}
    found = tune(*arguments(place), MANY, **options)
    hours = found["thinnings"]["1"]["hours"]
    assert hours < 1  # too short to hear one
    assert list(found["rates"]["1"]) == ["500", str(MANY)]
    curve = found["curves"]["1"]
    alarms = np.array(curve["false_alarms"])
    for rate, at in found["rates"]["1"].items():
        too_many = np.flatnonzero(alarms > float(rate) * hours)
        row = too_many[-1] + 1 if len(too_many) else 0
        assert at["false_rejects"] == curve["false_rejects"][row]
        assert at["rejects_percent"] == 100 * at["false_rejects"] / 12
        for missed in at["keywords"].values():
            assert 0 <= missed <= 100
    assert found["rates"]["1"]["500"]["false_rejects"] > 0


def test_clips_in_noise(place, result, monkeypatch):
    """The figures are of the mixed audio; all else is as without."""
    tone = np.sin(np.arange(3 * RATE)).astype(np.float32)
    monkeypatch.setattr(Noise, "mixed", lambda *_: tone)
    found = tune(
        *arguments(place),
        **OPTIONS,
        noise=[place / "street", place / "radio.flac"],
        snr_db=-30,
    )
    assert found["snr_db"] == -30 and result["snr_db"] is None
    without = dict(result)
    assert without.pop("noise") == {} and without.pop("snr_db") is None
    assert {name: found[name] for name in without} == without
    model = load_model(place / "model.bifsmn")
    point = found["thresholds"], found["smoothing"]
    words = {d.keyword for d in heard(model, [tone], *point)}
    of_each = found["noise"]["1"]
    assert of_each["false_rejects"] == 4 * len({*KEYWORDS} - words)
    for spoken, others in of_each["confusions"].items():
        assert others == dict.fromkeys(words - {spoken}, 4)
    alarms = found["thinnings"]["1"]["false_alarms"]
    assert of_each["false_alarms"] == alarms
    text = tuning_report.text(found)
    assert "thinning 2, clips in noise -30 dB below them:" in text


def test_wrong_noise(place, tmp_path):
    with pytest.raises(ValueError, match="snr_db: expected -100 to 100 dB"):
        Noise([place / "radio.flac"], RATE, np.nan)
    with pytest.raises(FileNotFoundError, match="none.wav"):
        tune(*arguments(place), unseen=True, noise=[tmp_path / "none.wav"])
    soundfile.write(tmp_path / "zeros.wav", np.zeros(RATE), RATE)
    with pytest.raises(ValueError, match="found silence in .*zeros.wav"):
        tune(*arguments(place), unseen=True, noise=[tmp_path])


def test_noise_is_as_loud_as_wanted(tmp_path):
    record(tmp_path / "short.wav", 1, RATE, 1)
    noise = Noise([tmp_path], RATE, 10.0)
    audio = np.zeros(3 * RATE, np.float32)
    clip = slice(RATE, 2 * RATE)
    audio[clip] = 0.1
    mixed = noise.mixed(audio, clip, "a")
    power = np.square(mixed - audio).mean()
    assert power == pytest.approx(0.001, rel=1e-3)
    assert np.array_equal(mixed, noise.mixed(audio, clip, "a"))
    assert not np.array_equal(mixed, noise.mixed(audio, clip, "b"))


def test_torch_gives_the_same(place, result):
    other = tune(
        *arguments(place),
        **OPTIONS,
        backend="torch",
    )
    for name in ("thresholds", "smoothing"):
        assert other[name] == result[name]


def test_too_little_audio_is_told(result):
    short = json.loads(json.dumps(result))
    short["wanted_per_hour"], short["chosen_on"] = (
        0.5,
        {
            "clips": 9,
            "hours": 1.5,
            "hours_needed": 5.99,
            "enough": False,
        },
    )
    said = tuning_report.warning(short)
    assert "1.50 h" in said and "2.0 per hour" in said and "6.0 h" in said
    short["chosen_on"]["enough"] = True
    assert tuning_report.warning(short) is None


def test_storing_changes_nothing_else(place, tmp_path):
    source, target = place / "model.bifsmn", tmp_path / "new.bifsmn"
    store({"no": 0.8125}, 7, source, target)
    before, after = source.read_bytes(), target.read_bytes()
    assert len(before) == len(after)
    different = [i for i, b in enumerate(before) if b != after[i]]
    in_header = {i for i in different if i < 116}
    assert in_header <= {*range(16, 20), 112}  # checksum, smoothing
    assert len(different) - len(in_header) <= 4
    model, old = load_model(target), load_model(source)
    assert model.thresholds == old.thresholds | {"no": 0.8125}
    assert model.smoothing == 7
    store({"yes": 0.25}, 1, target, target)
    assert load_model(target).thresholds == model.thresholds | {"yes": 0.25}
    assert [p.name for p in tmp_path.iterdir()] == ["new.bifsmn"]


@pytest.mark.parametrize(
    ("threshold", "smoothing", "said"),
    [(1.5, 4, "threshold 0: expected 0 to 1"), (0.5, 65, "smoothing")],
)
def test_a_refused_value_leaves_the_file(place, threshold, smoothing, said):
    path = place / "model.bifsmn"
    before = path.read_bytes()
    with pytest.raises(ValueError, match=said):
        store({"yes": threshold}, smoothing, path, path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"false_alarms_per_hour": 0}, "expected more than 0, got 0"),
        ({"thinnings": (1, 9)}, r"expected some of \(1, 2, 4\), got 9"),
        (
            {"refractory_s": -1},
            "refractory_s: expected 0 to 3600 seconds, got -1",
        ),
        ({"smoothings": (0,)}, "smoothing: expected 1 to 64, got 0"),
    ],
)
def test_wrong_options(place, options, said):
    with pytest.raises(ValueError, match=said):
        tune(*arguments(place), **options)


def test_too_many_alarms_at_any_threshold(place, monkeypatch):
    monkeypatch.setattr(tuning, "first_allowed", lambda *_: None)
    with pytest.raises(ValueError, match="at most 3000 false .* found more"):
        tune(
            *arguments(place),
            false_alarms_per_hour=MANY,
            smoothings=(1,),
            unseen=True,
        )


def test_negatives_of_one_name(place):
    path, clips, _ = arguments(place)
    twice = [place / "street", place / "street"]
    with pytest.raises(ValueError, match="different names, got street twice"):
        tune(path, clips, twice, unseen=True)


def test_negatives_of_less_than_a_window(place, tmp_path):
    record(tmp_path / "short.wav", 0.25, RATE, 0)
    path, clips, _ = arguments(place)
    with pytest.raises(ValueError, match="expected hours of audio to choose"):
        tune(path, clips, [tmp_path / "short.wav"], unseen=True)


def test_a_model_without_keywords(place, tmp_path):
    net = random_network(2, **SMALL)
    model = fold(net, ["unknown", "silence"], front_end(net))
    write_model(model, tmp_path / "none.bifsmn")
    _, *rest = arguments(place)
    with pytest.raises(ValueError, match="expected keywords, found"):
        tune(tmp_path / "none.bifsmn", *rest)


def command(place, model, *more):
    path, clips, negatives = arguments(place)
    words = ["tune", model or path, "--keywords", clips, "--negatives"]
    words += [*negatives, "--unseen", "--false-alarms-per-hour", MANY]
    return cli.main([str(word) for word in (*words, *more)])


def test_the_command_writes_what_it_found(place, tmp_path, capsys):
    assert command(place, None, "--smoothing", 3, "--out", tmp_path) == 0
    out, err = capsys.readouterr()
    found = json.loads((tmp_path / "tune.json").read_text())
    thresholds = found["thresholds"]
    assert f"smoothing 3; thresholds: yes {thresholds['yes']:g}, no" in out
    assert "rejected, %" in out and "thinning 1" in out
    assert "negatives to choose" in err
    names = {"tune.json", "det.png", "keywords.png", "model.bifsmn", MARKER}
    assert {path.name for path in tmp_path.iterdir()} == names
    for name in ("det.png", "keywords.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    tuned = load_model(tmp_path / "model.bifsmn")
    assert tuned.thresholds == pytest.approx(thresholds)
    assert tuned.smoothing == 3


def test_the_command_writes_into_a_folder(place, tmp_path):
    model = tmp_path / "model.bifsmn"
    model.write_bytes((place / "model.bifsmn").read_bytes())
    before = load_model(model)
    assert command(place, tmp_path, "--smoothing", 2) == 0
    assert load_model(model).smoothing == before.smoothing
    assert command(place, tmp_path, "--smoothing", 2, "--write") == 0
    assert load_model(model).smoothing == 2
    assert [path.name for path in tmp_path.iterdir()] == ["model.bifsmn"]


def test_the_command_says_what_is_wrong(place, capsys):
    assert command(place, place / "nothing.bifsmn") == 1
    assert "nothing.bifsmn" in capsys.readouterr().err


def test_without_matplotlib(place, tmp_path, monkeypatch, capsys):
    """That is said before the work is done."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert command(place, None, "--out", tmp_path / "out") == 1
    err = capsys.readouterr().err
    assert "pip install" in err and "clips" not in err
    assert not (tmp_path / "out").exists()


def test_without_torch():
    code = (
        "import sys\n"
        "import speechbrain_bifsmn.operating_points.tune\n"
        "import speechbrain_bifsmn.operating_points.report\n"
        "assert not {'torch', 'speechbrain'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_only_what_tune_wrote_is_replaced(place, tmp_path, capsys):
    """And that is found out before the work."""
    out = tmp_path / "out"
    small = "--smoothing", 3, "--out", out
    assert command(place, None, *small) == 0
    first = (out / "tune.json").read_text()
    (out / "notes.txt").write_text("mine")
    assert command(place, None, "--thinning", 2, *small) == 0
    assert (out / "tune.json").read_text() != first
    for name in ("det.png", "model.bifsmn"):
        before = (out / name).read_bytes()
        (out / name).write_text("mine")
        capsys.readouterr()
        assert command(place, None, *small) == 1
        err = capsys.readouterr().err
        assert f"{out / name}: expected none, or the one that" in err
        assert "clips to choose" not in err
        assert (out / name).read_text() == "mine"
        (out / name).write_bytes(before)
    assert (out / "notes.txt").read_text() == "mine"


def test_folders_of_others_are_left_alone(place, tmp_path, capsys):
    for name in ("tune.json", "photo.jpg"):
        (tmp_path / name).write_text("mine")
        assert command(place, None, "--out", tmp_path) == 1
        err = capsys.readouterr().err
        assert "expected a new folder" in err and "clips" not in err
        assert [path.name for path in tmp_path.iterdir()] == [name]
        (tmp_path / name).unlink()
    file = tmp_path / "file"
    file.write_text("mine")
    assert command(place, None, "--out", file) == 1
    assert file.read_text() == "mine"


def test_the_folder_of_a_run(place, tmp_path, capsys):
    """Its model file is the run's still: it may be tuned, and written again."""
    model = tmp_path / "model.bifsmn"
    with owned_file(model, "train") as new:
        new.write_bytes((place / "model.bifsmn").read_bytes())
    small = "--smoothing", 3
    assert command(place, tmp_path, *small, "--out", tmp_path) == 0
    assert owner(tmp_path) == "train" and load_model(model).smoothing == 3
    assert command(place, tmp_path, "--smoothing", 2, "--write") == 0
    check_listed(tmp_path)
    assert load_model(model).smoothing == 2
    model.write_bytes((place / "model.bifsmn").read_bytes())
    capsys.readouterr()
    assert command(place, tmp_path, *small, "--out", tmp_path) == 1
    assert "model.bifsmn: expected none, or" in capsys.readouterr().err


def test_keywords_are_shown(result):
    """Not obeyed, and below each other."""
    strange = "\x1b[2J\u202e|"
    renamed = json.loads(json.dumps(result).replace('"yes"', '"YES"'))
    renamed = each_text(renamed, lambda text: text.replace("YES", strange))
    lines = tuning_report.text(renamed).split("\n")
    assert all(printable(line) == line for line in lines)
    (row, *_) = (line for line in lines if line.startswith("\\x1b"))
    other = lines[lines.index(row) + 1]
    assert row.startswith("\\x1b[2J\\u202e|  4")
    assert other.startswith("no".ljust(14) + "  4")
