"""Files that nobody should give to a program, and that somebody will."""

import json
import os
import shutil
from typing import NamedTuple

import numpy as np
import soundfile

from bifsmn_engine.format import model_file
from bifsmn_engine.loading import load_model
from bifsmn_engine.pretrained import MODEL
from speechbrain_bifsmn.deploy.writer import write_model

STRANGE = ["\x1b[2J\u202eyes", "no\n| <b>`\u2028\x9b", "up\t\x7f\u200b\ufeff"]
KEYWORDS = load_model().labels[:10]
OWN = {"thresholds": dict.fromkeys(KEYWORDS, 0.5), "smoothing": 4}
NESTED = "[" * 100_000 + "]" * 100_000


def _own(refractory_s=0.5, **changed):
    own = {**OWN, **changed}
    return json.dumps({"own": own, "refractory_s": refractory_s}).encode()


def _of_each(value):
    return dict.fromkeys(KEYWORDS, value)


TUNED = {
    "good": _own(),
    "bom": b"\xef\xbb\xbf" + _own(),
    "refractory_text": _own(refractory_s="0.5"),
    "refractory_nan": _own(refractory_s=float("nan")),
    "refractory_negative": _own(refractory_s=-1),
    "list": b"[]",
    "null": b"null",
    "number": b"1",
    "text": b'"own"',
    "empty": b"",
    "nested": NESTED.encode(),
    "nested_within": _own().replace(b"0.5", NESTED.encode(), 1),
    "not_utf8": b"\xff\xfe\xff" + _own(),
    "own_list": b'{"own": []}',
    "own_text": b'{"own": "thresholds"}',
    "no_thresholds": _own(thresholds=None),
    "thresholds_list": _own(thresholds=[0.5] * 10),
    "thresholds_number": _own(thresholds=0.5),
    "texts": _own(thresholds=_of_each("0.5")),
    "booleans": _own(thresholds=_of_each(True)),
    "lists": _own(thresholds=_of_each([0.5])),
    "nan": _own(thresholds=_of_each(float("nan"))),
    "infinite": _own(thresholds=_of_each(float("inf"))),
    "negative": _own(thresholds=_of_each(-0.5)),
    "two": _own(thresholds=_of_each(2)),
    "huge": _own(thresholds=_of_each(10**400)),
    "other_words": _own(thresholds={"\x1b[2J\u202ehello": 0.5}),
    "more_words": _own(thresholds={**OWN["thresholds"], "hello": 0.5}),
    "no_words": _own(thresholds={}),
    "smoothing_huge": _own(smoothing=10**9),
    "smoothing_long": _own(smoothing=0).replace(b": 0}", b": " + b"9" * 5000),
    "smoothing_text": _own(smoothing="4"),
    "smoothing_float": _own(smoothing=1.5),
    "smoothing_true": _own(smoothing=True),
    "smoothing_null": _own(smoothing=None),
    "smoothing_none": json.dumps(
        {"own": {"thresholds": OWN["thresholds"]}}
    ).encode(),
    "bytes_50m": b'{"own": "' + b"x" * 50_000_000 + b'"}',
}
GOOD = {"good", "bom"}


class Places(NamedTuple):
    """Paths, for the words of a command line."""

    home: str
    clip: str
    audio: str
    strange: str
    corpus: str


def write_odd_files(home, write_corpus):
    """Writes them; returns ``Places``."""
    random = np.random.default_rng(0)
    noise = 0.1 * random.standard_normal(3 * 16000)
    soundfile.write(home / "clip.wav", noise[:16000], 16000)
    soundfile.write(home / "audio.flac", noise, 16000)
    content = MODEL.read_bytes()
    (home / "text.bifsmn").write_text("no model")
    (home / "empty.bifsmn").touch()
    (home / "cut.bifsmn").write_bytes(content[:5000])
    (home / "own.bifsmn").write_bytes(content)
    (home / "text.wav").write_text("no audio")
    (home / "a folder").mkdir()
    (home / "loop").symlink_to("loop")
    (home / "dangling").symlink_to("nothing")
    os.mkfifo(home / "pipe")
    model = model_file.read(MODEL)
    labels = [*STRANGE, *model.labels[len(STRANGE) :]]
    changed = {"labels": labels, "name": STRANGE[0], "licence": STRANGE[1]}
    write_model(model._replace(**changed), home / "strange.bifsmn")
    strange = os.fsdecode(b"\x1b[2J \xff\n" + "\u202e".encode() + b".wav")
    shutil.copy(home / "clip.wav", home / strange)
    shutil.copy(home / "clip.wav", home / "-dash.wav")
    (home / "tuned").mkdir()
    for name, own in TUNED.items():
        (home / "tuned" / f"{name}.json").write_bytes(own)
    corpus = write_corpus(home / "corpus")
    return Places(
        str(home),
        str(home / "clip.wav"),
        str(home / "audio.flac"),
        str(home / strange),
        str(corpus),
    )
