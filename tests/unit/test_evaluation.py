"""Evaluation on a folder: what is counted, and what is said where it cannot."""

import json
import shutil
import sys

import numpy as np
import pytest
import soundfile
from small_corpus import LABELS, WORDS, write_corpus

from bifsmn_engine.cli import main
from bifsmn_engine.loading import load_model
from bifsmn_engine.pretrained import MODEL
from bifsmn_engine.printable import printable
from speechbrain_bifsmn.cli import evaluate as evaluate_command
from speechbrain_bifsmn.dataio.corpus import read_corpus
from speechbrain_bifsmn.dataio.tasks import Task, task_rows
from speechbrain_bifsmn.evaluation.accuracy import evaluate
from speechbrain_bifsmn.evaluation.clips import Clip, read_test_clips
from speechbrain_bifsmn.evaluation.false_alarms import (
    false_alarms,
    find_audio,
)
from speechbrain_bifsmn.evaluation.systems import System, systems_of
from speechbrain_bifsmn.evaluation.tables import summary, table


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Read by all tests, changed by none."""
    return write_corpus(tmp_path_factory.mktemp("corpora") / "corpus")


@pytest.fixture
def custom_corpus(corpus, tmp_path):
    """A copy to change."""
    return shutil.copytree(corpus, tmp_path / "own")


def run(capsys, *arguments):
    """Returns exit code, stdout, stderr of ``bifsmn evaluate``."""
    code = main(["evaluate", *map(str, arguments)])
    return code, *capsys.readouterr()


def test_the_command_writes_what_it_prints(corpus, tmp_path, capsys):
    out = tmp_path / "new" / "evaluation.json"
    code, printed, _ = run(capsys, corpus, "--out", out)
    assert code == 0
    found = json.loads(out.read_text())
    assert found["test_clips"] == 12  # ten keywords, an unknown, a silence
    assert found["labels"] == LABELS and found["absent_labels"] == []
    assert found["command"] == f"bifsmn evaluate {corpus.name}"
    assert found["model"]["bytes"] == MODEL.stat().st_size
    for name, by_thinning in found["accuracy"].items():
        assert list(by_thinning) == ["1", "2", "4"]
        for thinning, accuracy in by_thinning.items():
            low, high = found["interval"][name][thinning]
            assert low <= accuracy <= high
            confusion = np.array(found["confusion"][thinning])
            assert confusion.sum() == 12
            right = 100 * np.trace(confusion) / 12
            assert found["accuracy"]["torch"][thinning] == pytest.approx(right)
    assert summary(found) + "\n" == printed
    assert list(out.parent.iterdir()) == [out]


def test_a_curve_in_noise_is_drawn(corpus, tmp_path, capsys):
    out = tmp_path / "evaluation.json"
    assert run(capsys, corpus, "--out", out, "--robustness")[0] == 0
    assert (tmp_path / "noise.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib(corpus, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    out = tmp_path / "evaluation.json"
    code, printed, said = run(capsys, corpus, "--out", out, "--robustness")
    assert code == 0 and "| noise 20 dB SNR |" in printed
    assert "No noise.png: plots need matplotlib" in said
    assert list(tmp_path.iterdir()) == [out]


def test_torch_and_engine_agree(corpus):
    pytest.importorskip("bifsmn_engine.model", exc_type=ImportError)
    systems = systems_of(MODEL)
    found = evaluate(systems, read_test_clips(corpus, LABELS))
    assert list(found["accuracy"]) == ["torch", "engine"]
    assert found["accuracy"]["torch"] == found["accuracy"]["engine"]
    assert found["disagreements"] == 0 and found["disagreeing_clips"] == []


def test_without_the_engine(corpus, monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "bifsmn_engine.model", None)
    out = tmp_path / "evaluation.json"
    code, printed, _ = run(capsys, corpus, "--out", out)
    assert code == 0 and "torch alone" in printed
    assert list(json.loads(out.read_text())["accuracy"]) == ["torch"]


def test_the_clips_are_those_of_the_recipe(corpus):
    task = Task(LABELS)
    rows = task_rows(read_corpus(corpus), task)["test"]
    test_set = read_test_clips(corpus, LABELS)
    assert test_set.rows == rows
    (clips,) = test_set.batches()
    assert [clip.label for clip in clips] == [row.label for row in rows]
    assert all(clip.audio.shape == (16000,) for clip in clips)
    assert all(clip.audio.dtype == np.float32 for clip in clips)
    spoken = [clip for clip in clips if clip.speaker]
    assert {clip.speaker for clip in spoken} == {"speaker2"}
    assert not any(clip.audio[15000:].any() for clip in spoken)


def test_the_training_clips_are_those_of_the_recipe(corpus):
    train, whole = read_corpus(corpus, splits=["train"]), read_corpus(corpus)
    assert train.clips["train"] == whole.clips["train"]
    assert not train.clips["test"] and whole.clips["test"]


def test_noise_is_what_training_has_not_heard(corpus):
    test_set = read_test_clips(corpus, LABELS)
    (noise,) = test_set.read_noise()
    whole, _ = soundfile.read(corpus / "_background_noise_/hiss.wav")
    assert np.allclose(noise, whole[-len(noise) :], atol=1e-4)
    assert len(noise) == len(whole) // 10


def test_words_that_are_missing(custom_corpus):
    for word in ("yes", "bed"):
        shutil.rmtree(custom_corpus / word)
    test_set = read_test_clips(custom_corpus, LABELS)
    assert test_set.absent == ["yes", "unknown"]
    assert len(test_set.missing) == 2  # that testing_list.txt names
    found = evaluate(systems_of(MODEL)[:1], test_set)
    assert found["test_clips"] == 9 + 1
    assert "yes" not in found["per_class"]["1"]


def test_without_background_noise(custom_corpus, tmp_path, capsys):
    shutil.rmtree(custom_corpus / "_background_noise_")
    out = tmp_path / "evaluation.json"
    code, printed, err = run(
        capsys, custom_corpus, "--out", out, "--robustness"
    )
    found = json.loads(out.read_text())
    assert code == 0 and found["absent_labels"] == ["silence"]
    assert "No noise.png: expected recordings in _background_noise_ of" in err
    assert "none of silence (silence is cut from _background" in printed
    names = {row["name"] for row in found["robustness"]["conditions"]}
    assert "noise" not in names and "speed" in names
    assert not (tmp_path / "noise.png").exists()


def test_no_speaker_with_enough_clips(custom_corpus, tmp_path, capsys):
    """That speakers are not compared is said."""
    for word in set(WORDS) - {"yes", "no", "up"}:
        shutil.rmtree(custom_corpus / word)
    out = tmp_path / "evaluation.json"
    code, printed, _ = run(capsys, custom_corpus, "--out", out, "--robustness")
    assert code == 0
    assert "0 of 1 speakers, those with 5 clips or more (0 clips)" in printed
    assert "worst speaker" not in printed


def test_only_the_test_split_is_needed(custom_corpus):
    (custom_corpus / "validation_list.txt").unlink()
    (custom_corpus / "yes/speaker0_nohash_0.wav").write_bytes(b"damaged")
    assert len(read_test_clips(custom_corpus, LABELS).rows) == 12


def fails(capsys, data, *options):
    code, printed, message = run(capsys, data, *options)
    assert code == 1 and not printed
    return message.splitlines()[-1]


def test_no_testing_list(custom_corpus, capsys, tmp_path):
    (custom_corpus / "testing_list.txt").unlink()
    out = tmp_path / "evaluation.json"
    message = fails(capsys, custom_corpus, "--out", out)
    assert "expected testing_list.txt in" in message
    assert not out.exists()


def test_a_damaged_clip(custom_corpus, capsys):
    (custom_corpus / "yes/speaker2_nohash_0.wav").write_bytes(b"damaged")
    assert "yes/speaker2_nohash_0.wav: expected audio" in fails(
        capsys, custom_corpus
    )


def test_no_such_folder(tmp_path, capsys):
    message = fails(capsys, tmp_path / "gone")
    assert "expected a folder in Speech Commands' layout, found none" in message


def test_clips_of_other_words(custom_corpus, capsys):
    for word in WORDS:
        (custom_corpus / word).rename(custom_corpus / f"not{word}")
    assert "expected test clips of yes, no" in fails(capsys, custom_corpus)


def test_no_such_model(corpus, tmp_path, capsys):
    message = fails(capsys, corpus, "--model", tmp_path)
    assert "expected a .bifsmn file, or a folder with model.bifsmn" in message


class Says:
    """A model that decides as it is told."""

    thinnings, labels = (1, 2), ["yes", "no"]

    def __init__(self, *decisions):
        self.decisions = decisions  # by thinning, of each clip
        self.thinning = 1

    def classify(self, clip):
        decision = self.decisions[self.thinning - 1][int(clip[0])]
        return np.eye(2, dtype=np.float32)[decision]


class FourClips:
    """A test set whose clips know their own number."""

    labels = Says.labels

    def batches(self):
        clips = [
            Clip(f"c{k}.wav", "yes", f"speaker {k % 2}", np.float32([k]))
            for k in range(4)
        ]
        yield clips[:3]
        yield clips[3:]


def test_disagreements_are_listed():
    first = System("one", Says([0, 0, 0, 0], [0, 0, 0, 1]))
    other = System("other", Says([0, 1, 0, 0], [0, 1, 0, 0]))
    found = evaluate([first, other], FourClips())
    assert found["accuracy"] == {
        "one": {"1": 100.0, "2": 75.0},
        "other": {"1": 75.0, "2": 75.0},
    }
    assert found["confusion"]["1"] == [[3, 1], [0, 0]]
    assert found["disagreements"] == 2
    rows = [(r["clip"], r["thinning"]) for r in found["disagreeing_clips"]]
    assert rows == [("c1.wav", 1), ("c1.wav", 2), ("c3.wav", 2)]
    last = found["disagreeing_clips"][-1]
    assert (last["label"], last["one"], last["other"]) == (
        "yes",
        "no",
        "yes",
    )


def test_false_alarms(tmp_path):
    random = np.random.default_rng(0)
    (tmp_path / "deeper").mkdir()
    for name, seconds in (("a.flac", 3), ("deeper/b.ogg", 6)):
        wav = 0.1 * random.standard_normal(seconds * 8000)
        soundfile.write(tmp_path / name, wav, 8000)
    (tmp_path / "notes.txt").write_text("no audio")
    assert len(find_audio(tmp_path)) == 2
    found = false_alarms(load_model(MODEL), tmp_path)
    assert found["hours"] == pytest.approx(9 / 3600)
    assert found["files"] == 2
    for counts in found["by_thinning"].values():
        assert counts["detections"] == sum(counts["keywords"].values())
        low, high = counts["interval"]
        assert low <= counts["per_hour"] <= high
    assert (
        found["by_thinning"]
        == (false_alarms(load_model(MODEL, "torch"), tmp_path)["by_thinning"])
    )


def test_no_negative_audio(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected audio without"):
        find_audio(tmp_path)


def test_empty_cells():
    assert table(["", "a"], [["x", ""], ["y", 0]]).splitlines() == [
        "| | a |",
        "|---|---:|",
        "| x | |",
        "| y | 0 |",
    ]


def test_only_an_evaluation_is_replaced(corpus, tmp_path, capsys):
    """And that is found out before the work."""
    out = tmp_path / "evaluation.json"
    for content in ("mine", "[]", "{}", "", "1", "[" * 100000):
        out.write_text(content)
        message = fails(capsys, corpus, "--out", out)
        assert "--out: expected a new file, or an evaluation" in message
        assert out.read_text() == content
    for path in (tmp_path, tmp_path / "noise.png", "/dev/null"):
        assert "--out: expected" in fails(capsys, corpus, "--out", path)
    out.unlink()
    assert run(capsys, corpus, "--out", out)[0] == 0
    assert run(capsys, corpus, "--out", out)[0] == 0


def test_only_its_own_picture_is_replaced(corpus, tmp_path, capsys):
    out, picture = tmp_path / "evaluation.json", tmp_path / "noise.png"
    words = corpus, "--out", out, "--robustness"
    picture.write_text("mine")
    assert "noise.png: expected none, or the one" in fails(capsys, *words)
    assert picture.read_text() == "mine" and not out.exists()
    assert run(capsys, *words[:3])[0] == 0  # draws none
    picture.unlink()
    assert run(capsys, *words)[0] == 0
    assert run(capsys, *words)[0] == 0
    picture.write_text("mine")
    assert "noise.png: expected none, or the one" in fails(capsys, *words)
    assert picture.read_text() == "mine"


def test_negatives_are_looked_for_before_the_work(corpus, tmp_path, capsys):
    code, printed, said = run(capsys, corpus, "--negatives", tmp_path)
    assert code == 1 and not printed and said.count("\n") == 1


def test_results_are_printed_where_they_cannot_be_kept(
    corpus, tmp_path, capsys, monkeypatch
):
    def write_text(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(evaluate_command, "write_text", write_text)
    out = tmp_path / "evaluation.json"
    code, printed, said = run(capsys, corpus, "--out", out)
    assert code == 1 and "| torch |" in printed and "No space left" in said


def test_labels_of_an_evaluation_are_shown(corpus, tmp_path, capsys):
    found = evaluate(systems_of(MODEL)[:1], read_test_clips(corpus, LABELS))
    strange = "\x1b[2J\u202e\nyes"
    data = {"data": strange, "labels": LABELS, "test_set": strange}
    data |= {"absent_labels": [strange], "missing_clips": 0}
    data["model"] = dict.fromkeys(("file", "name", "provenance"), strange)
    data["model"]["bytes"] = 1
    text = summary(json.loads(json.dumps(found | data)))
    assert all(printable(line) == line for line in text.split("\n"))
    assert text.count(printable(strange)) == 5
