"""A results folder as ``train.py`` leaves it, without the training."""

import json

from random_networks import random_network

from speechbrain_bifsmn.deploy.folding import fold
from speechbrain_bifsmn.deploy.writer import write_model
from speechbrain_bifsmn.lobes.features import LogMel
from speechbrain_bifsmn.lobes.models.dfsmn import DFSMN
from speechbrain_bifsmn.lobes.models.speech_embedding import SpeechEmbedding
from speechbrain_bifsmn.runs.folder import LARGE_TEACHER, STUDENT, TEACHER
from speechbrain_bifsmn.runs.record import NAME
from speechbrain_bifsmn.runs.weights import save_weights

SIZES = {"n_mels": 20, "layers": 4, "channels": 48, "hidden": 80}
LABELS = ["yes", "no", "unknown", "silence"]
THINNINGS = ("1", "2", "4")
MODELS = "!new:speechbrain_bifsmn.lobes.models"
COUNTED = {"classes": {"!apply:builtins.len": [{"!apply:x": {"words": ""}}]}}
RECORD = {
    "labels": LABELS,
    "networks": {
        "student": {f"{MODELS}.bidfsmn.BiDFSMN": SIZES | COUNTED},
        "teacher": {f"{MODELS}.dfsmn.DFSMN": SIZES | COUNTED},
    },
    "features": {
        "!new:speechbrain_bifsmn.lobes.features.LogMel": {"n_mels": 20}
    },
    "export": {
        "!name:speechbrain_bifsmn.deploy.export.export": {
            "provenance": "Made up."
        }
    },
    **dict.fromkeys(["settings", "adjustable"], {}),
    "data": {"large_teacher": "0f" * 32},
    "continued": [],
}


def write_run(folder):
    """Writes the folder; returns it."""
    best = random_network(classes=4, frames=32, **SIZES)
    save_weights(best, folder / STUDENT)
    save_weights(DFSMN(4, **SIZES), folder / TEACHER)
    save_weights(SpeechEmbedding(4), folder / LARGE_TEACHER)
    folded = fold(best, LABELS, LogMel(n_mels=20), provenance="Made up.")
    size = write_model(folded, folder / "model.bifsmn")
    (folder / "save" / NAME).write_text(json.dumps(RECORD))
    (folder / "results.json").write_text(json.dumps(results(size)))
    (folder / "save" / "manifest").mkdir()
    for split, speakers in (("train", "ab"), ("valid", "b"), ("test", "cd")):
        lines = [f"{who}/1,1,x,0,1,1,yes,{who}" for who in speakers]
        lines += ["n_0,1,x,0,1,1,silence,"]
        text = "ID,duration,wav,start,stop,gain,label,speaker\n"
        path = folder / "save" / "manifest" / f"{split}.csv"
        path.write_text(text + "\n".join(lines) + "\n")
    return folder


def results(size):
    """Returns what ``results.json`` says."""
    numbers = ("parameters", "one_bit_weights", "macs", "binary_macs")
    return {
        "task": "Speech Commands 0.01, 4 classes",
        "data": "data/some",
        "labels": LABELS,
        "seed": 1,
        "commit": "0123456789abcdef",
        "command": "python train.py some.yaml",
        "yaml": "some.yaml",
        "teacher_accuracy": 95.0,
        "teacher_interval": [90.0, 97.0],
        "teacher_stored_bytes": 1000000,
        "accuracy": dict.fromkeys(THINNINGS, 90.0),
        **{name: dict.fromkeys(THINNINGS, 1000) for name in numbers},
        "exported": {
            "file": "model.bifsmn",
            "bytes": size,
            "engine": "not installed",
        },
        "epochs": {"teacher": 1, "student": 2},
        "seconds": {"teacher": 60, "student": 120},
        "versions": {"torch": "2.13"},
    }
