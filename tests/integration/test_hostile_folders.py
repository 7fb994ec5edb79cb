"""A folder is data: nothing in it is run, and no link out of it is followed."""

import json
import os
import pickle
import shutil
import time

import numpy as np
import pytest
import torch
from finished_run import LABELS, RECORD, write_run

from bifsmn_engine.cli import main
from bifsmn_engine.pretrained import MODEL
from speechbrain_bifsmn.inference import KeywordSpotter
from speechbrain_bifsmn.pretrained import FOLDER
from speechbrain_bifsmn.publishing import folder as publishing
from speechbrain_bifsmn.runs.folder import STUDENT, TEACHER
from speechbrain_bifsmn.runs.record import NAME


class Evil:
    """A pickle that writes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def hostile_yaml(path):
    """Returns YAML files that write a file, or never end, by name."""
    bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for k in range(1, 12):
        bomb.append(f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]")
    touch = f"touch {path}"
    return {
        "apply": f"x: !apply:os.system ['{touch}']",
        "new": f"x: !new:subprocess.Popen [['touch', '{path}']]",
        "name": f"x: !name:os.system\n    command: {touch}",
        "module": f"x: !module:antigravity\ny: !apply:os.system ['{touch}']",
        "python": f"x: !!python/object/apply:os.system ['{touch}']",
        "include": "x: !include:/etc/passwd",
        "pretrainer": "modules: {}\npretrainer: !apply:os.system ['touch "
        f"{path}']",
        "bomb": "\n".join(bomb),
        "deep": "x: " + "[" * 100_000,
        "nothing": "",
        "bytes": "\x00\x01",
    }


HOSTILE = list(hostile_yaml(""))


@pytest.fixture
def trace(tmp_path):
    """The file that is there if any code of a folder was run."""
    return tmp_path / "trace"


@pytest.mark.parametrize("kind", HOSTILE)
def test_keyword_spotter_reads_the_model_alone(kind, tmp_path, trace):
    folder = shutil.copytree(FOLDER, tmp_path / "folder")
    text = hostile_yaml(trace)[kind]
    (folder / "hyperparams.yaml").write_text(text)
    (folder / "custom_interface.py").write_text(f"open({str(trace)!r}, 'w')")
    evil = pickle.dumps(Evil(trace))
    for name in ("label_encoder.txt", "embedding_model.ckpt"):
        (folder / name).write_bytes(evil)
    torch.save(Evil(trace), folder / "classifier.ckpt")
    start = time.monotonic()
    spotter = KeywordSpotter.from_hparams(folder, backend="torch")
    assert time.monotonic() - start < 5
    assert len(spotter.classify_batch(np.zeros(16000))[3]) == 1
    assert main(["info", str(folder)]) == 0
    assert not trace.exists()


def test_a_folder_without_a_model_is_refused(tmp_path, trace):
    text = hostile_yaml(trace)["apply"]
    (tmp_path / "hyperparams.yaml").write_text(text)
    with pytest.raises(FileNotFoundError, match="with model.bifsmn, found no"):
        KeywordSpotter.from_hparams(tmp_path)
    assert not trace.exists()


LINKS = {
    "out": lambda path, aside: path.symlink_to(aside / path.name),
    "out, relative": lambda path, aside: path.symlink_to(
        f"../aside/{path.name}"
    ),
    "over a folder": lambda path, aside: _over_a_folder(path, aside),
    "to itself": lambda path, aside: path.symlink_to(path.name),
    "to a device": lambda path, aside: path.symlink_to("/dev/zero"),
}


def _over_a_folder(path, aside):
    (path.parent / "more").symlink_to(aside)
    path.symlink_to(f"more/{path.name}")


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_a_link_that_leads_out_is_not_followed(link, tmp_path, capsys):
    aside, folder = tmp_path / "aside", tmp_path / "folder"
    aside.mkdir()
    folder.mkdir()
    shutil.copyfile(MODEL, aside / MODEL.name)
    link(folder / MODEL.name, aside)
    with pytest.raises(ValueError, match="found a link out of it"):
        KeywordSpotter.from_hparams(folder)
    assert main(["info", str(folder)]) == 1
    assert "found a link out of it" in capsys.readouterr().err


def test_links_inside_and_of_the_hub_s_cache_are_followed(tmp_path):
    folder = tmp_path / "models--me--it" / "snapshots" / "abc"
    blobs = folder.parents[1] / "blobs"
    for place in (folder, blobs):
        place.mkdir(parents=True)
    shutil.copyfile(MODEL, blobs / "123")
    (folder / MODEL.name).symlink_to("../../blobs/123")
    assert KeywordSpotter.from_hparams(folder, backend="torch").labels
    (blobs / "123").rename(folder / "other.bifsmn")
    (folder / MODEL.name).unlink()
    (folder / MODEL.name).symlink_to("other.bifsmn")
    assert KeywordSpotter.from_hparams(folder, backend="torch").labels


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A finished run, which publishing does not load in a process."""
    monkeypatch.setattr(publishing, "check_loads", lambda folder: None)
    return write_run(tmp_path / "run")


def publish(run):
    return main(["publish", str(run), str(run.parent / "out")])


def export(run):
    return main(["export", str(run), str(run.parent / "out.bifsmn")])


def outcome(run, capsys):
    """Publishes and exports; returns exit codes and what stderr says."""
    codes = [publish(run), export(run)]
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return codes, said


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_run_is_data(kind, run, trace, capsys):
    (run / "hyperparams.yaml").write_text(hostile_yaml(trace)[kind])
    (run / "train.py").write_text(f"open({str(trace)!r}, 'w')")
    student = run / "save" / "student" / "CKPT+x"
    student.mkdir(parents=True)
    (student / "CKPT.yaml").write_text(hostile_yaml(trace)[kind])
    torch.save(Evil(trace), student / "model.ckpt")
    assert outcome(run, capsys)[0] == [0, 0]
    assert not trace.exists()


@pytest.mark.parametrize("name", [STUDENT, TEACHER])
def test_weights_are_no_pickle(name, run, trace, capsys):
    for content in (pickle.dumps(Evil(trace)), b"", b"\xff" * 100):
        (run / name).write_bytes(content)
        codes, said = outcome(run, capsys)
        assert codes == [1, int(name == STUDENT)]
        assert "expected a file of weights" in said
    torch.save(Evil(trace), run / name)
    assert outcome(run, capsys)[0][0] == 1
    assert not trace.exists()


def changed(**parts):
    return json.dumps(RECORD | parts)


TAG = "!new:speechbrain_bifsmn.lobes.models.bidfsmn.BiDFSMN"
TEACHERS = RECORD["networks"]["teacher"]


def student(options, tag=TAG):
    return changed(networks={"student": {tag: options}, "teacher": TEACHERS})


RECORDS = {
    "empty": "",
    "a list": "[]",
    "deep": "[" * 100_000,
    "no labels": changed(labels=[]),
    "labels of another kind": changed(labels=[1, 2, 3, 4]),
    "labels that cannot be": changed(labels=[*LABELS[:3], "a\x00b"]),
    "other labels": changed(labels=["a", "b"]),
    "another class": student({}, "!new:subprocess.Popen"),
    "an unknown option": student({"shell": True}),
    "huge layers": student({"layers": 10**9}),
    "huge channels": student({"channels": 10**9}),
    "negative": student({"channels": -1}),
    "words for numbers": student({"channels": "many"}),
    "a list for a number": student({"layers": [1]}),
    "nothing for options": student(None),
    "taps": student({"taps": [10**6, 10**6]}),
    "taps of words": student({"taps": "ab"}),
    "a network that does not fit": student({"layers": 6, "thinnings": 3}),
    "no networks": changed(networks={}),
    "networks of another kind": changed(networks={"student": []}),
    "features": changed(features={"!apply:os.system": ["ls"]}),
    "huge features": changed(
        features={next(iter(RECORD["features"])): {"n_fft": 10**9}}
    ),
    "a floor of nothing": changed(
        features={next(iter(RECORD["features"])): {"power_floor": None}}
    ),
    "export": changed(export={"!name:x": {"threshold": "high"}}),
    "a threshold of a list": changed(export={"!name:x": {"threshold": []}}),
}


@pytest.mark.parametrize("text", RECORDS.values(), ids=RECORDS)
def test_records_that_make_no_sense(text, run, capsys):
    (run / "save" / NAME).write_text(text)
    start = time.monotonic()
    codes, said = outcome(run, capsys)
    assert codes[1] == 1 and said.count("\n") == sum(codes), said
    assert time.monotonic() - start < 10
    assert not (run.parent / "out.bifsmn").exists()


RESULTS = ["", "[]", "{}", "[" * 100_000, '{"labels": 1}', "\xff"]


@pytest.mark.parametrize("name", ["results.json", "evaluation.json"])
@pytest.mark.parametrize("text", RESULTS)
def test_results_that_make_no_sense(name, text, run, capsys):
    (run / name).write_bytes(text.encode("latin-1"))
    assert publish(run) == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said and said.count("\n") == 1
    assert not (run.parent / "out").exists()


@pytest.mark.parametrize(
    "name",
    [
        *("model.bifsmn", "results.json", "evaluation.json", "tune.json"),
        *(STUDENT, TEACHER, f"save/{NAME}", "save/manifest/train.csv"),
        *("save/manifest", "save"),
    ],
)
def test_publishing_follows_no_link_out(name, run, tmp_path, capsys):
    secret = tmp_path / "secret"
    if (run / name).exists():
        (run / name).rename(secret)
    else:
        secret.write_text("{}")
    (run / name).symlink_to(secret)
    assert publish(run) == 1
    assert "found a link out of it" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_marker_or_a_manifest_that_is_a_pipe(run, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    os.mkfifo(tmp_path / "out" / ".bifsmn.json")
    assert publish(run) == 1
    shutil.rmtree(tmp_path / "out")
    manifest = run / "save" / "manifest" / "valid.csv"
    text = manifest.read_text()
    manifest.unlink()
    os.mkfifo(manifest)
    assert publish(run) == 1
    manifest.unlink()
    for content in ("ID,duration\n1,2\n", text + "x" * 200_000, ""):
        manifest.write_text(content)
        assert publish(run) == int(content != "")
    said = capsys.readouterr().err
    assert "Traceback" not in said


def test_a_tune_json_of_another_model(run, capsys):
    point = {"thresholds": {"yes": 0.25}, "smoothing": 7}
    for content in (point, {}, {"thresholds": []}, []):
        (run / "tune.json").write_text(json.dumps(content))
        assert publish(run) == 1
        said = capsys.readouterr().err
        assert "tune.json: expected the thresholds and smoothing of" in said


def test_samples_are_plain_files(run, tmp_path, capsys):
    (tmp_path / "other").mkdir()
    for folder in (tmp_path, tmp_path / "other"):
        (folder / "yes.wav").write_bytes(b"RIFF")
    words = ["publish", run, tmp_path / "out", "--samples"]
    for samples in (
        [tmp_path / "yes.wav", tmp_path / "other" / "yes.wav"],
        ["/dev/zero"],
        [tmp_path],
        [tmp_path / "none.wav"],
    ):
        assert main([*map(str, [*words, *samples])]) == 1
        said = capsys.readouterr().err
        assert said.startswith("bifsmn publish: ") and said.count("\n") == 1
        assert not (tmp_path / "out").exists()
