"""Damaged model files are refused in words that name the file.

Of the model that is shipped every byte is damaged in
``arm_kernel/tests/test_corruption.cpp``.
"""

from pathlib import Path

import pytest

from bifsmn_engine.format import model_file

CORPUS = Path(__file__).parents[2] / "arm_kernel/fuzz/corpus/model"
HEADER = 116
VALID = sorted(CORPUS.glob("valid-*"))
REFUSED = sorted(CORPUS.glob("refused-*"))


@pytest.fixture(scope="module")
def content(export):
    """The bytes of a small model file."""
    return export("small").path.read_bytes()


@pytest.fixture
def refuses(engine, tmp_path):
    """Returns a check that bytes in a file are refused, with some words."""
    path = tmp_path / "damaged model.bifsmn"

    def check(damaged, words=""):
        path.write_bytes(damaged)
        with pytest.raises(ValueError) as error:
            engine.Model.load(path)
        message = str(error.value)
        assert message.startswith(f"{path}: the file ") or (
            message.startswith(f"{path}: this is no .bifsmn file")
        )
        assert "\n" not in message and ". " not in message
        assert words in message

    return check


def test_truncated(content, refuses):
    for size in (0, 1, 7):
        refuses(content[:size], "no .bifsmn file")
    for size in (*range(8, HEADER), *range(HEADER, len(content), 97)):
        refuses(content[:size], "truncated")
    refuses(content[:-1], "truncated")


def test_extended(content, refuses):
    for n in (1, 2, 63, 64, 4096):
        refuses(content + bytes(n), "too long")
        refuses(content + content[:n], "too long")


def test_flipped(content, refuses):
    words = {0: "no .bifsmn file", 8: "version", 12: "truncated", 16: "damaged"}
    for at in (*range(HEADER), *range(HEADER, len(content), 41)):
        damaged = bytearray(content)
        damaged[at] ^= 1 << at % 8
        start = max(start for start in words if start <= at)
        refuses(damaged, words[start])


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.stem)
def test_refused_corpus(path, refuses):
    refuses(path.read_bytes())


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_valid_corpus(engine, path):
    model, content = engine.Model.load(path), model_file.read(path)
    assert list(model.labels) == content.labels
    assert model_file.to_bytes(content) == path.read_bytes()


def test_both_corpora_exist():
    assert VALID and REFUSED
