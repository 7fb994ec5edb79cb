"""Files that nobody should give to a program, and that somebody will."""

import os
import shutil
from typing import NamedTuple

import numpy as np
import soundfile

from bifsmn_engine.format import model_file
from bifsmn_engine.pretrained import MODEL
from speechbrain_bifsmn.deploy.writer import write_model

STRANGE = ["\x1b[2J\u202eyes", "no\n| <b>`\u2028\x9b", "up\t\x7f\u200b\ufeff"]


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
    corpus = write_corpus(home / "corpus")
    return Places(
        str(home),
        str(home / "clip.wav"),
        str(home / "audio.flac"),
        str(home / strange),
        str(corpus),
    )
