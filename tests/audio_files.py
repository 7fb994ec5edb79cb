"""Audio files as bytes, to be altered, and what is read of them."""

import io
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bifsmn_engine.audio.decode import blocks, form_of

RATE = 16000
TONE = 0.5 * np.sin(np.arange(3 * RATE) * 2 * np.pi * 440 / RATE)
NOISE = 0.1 * np.random.default_rng(0).standard_normal(3 * RATE)


def bytes_of(kind, audio=NOISE, rate=RATE, subtype=None):
    """A file that libsndfile writes: wav, rf64, flac, ogg, opus or mp3."""
    if kind == "opus":
        kind, subtype = "ogg", "OPUS"
    file = io.BytesIO()
    soundfile.write(file, audio, rate, subtype, format=kind)
    return file.getvalue()


@contextmanager
def written(content):
    """Yields the path of a file with these bytes, named ``file``."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file")
        path.write_bytes(content)
        yield path


def decode(content):
    """Its samples, of one form, [samples][channels]."""
    with written(content) as path:
        found = list(blocks(path))
    assert len({(rate, part.shape[1]) for rate, part in found}) == 1
    assert all(len(part) and part.dtype == np.float32 for _, part in found)
    return np.concatenate([part for _, part in found])


def told(content):
    """What it tells without being decoded: rate, channels, samples."""
    with written(content) as path:
        return form_of(path)


def refused(content, words):
    """Checks that a file is refused, in one sentence."""
    with pytest.raises(ValueError, match=f"file: expected .*{words}"):
        decode(content)
