"""Lists of splits as editors, spreadsheets and other systems write them."""

import unicodedata

import numpy as np
import pytest
import soundfile

from speechbrain_bifsmn.dataio.corpus import read_corpus
from speechbrain_bifsmn.dataio.custom_counts import describe
from speechbrain_bifsmn.dataio.custom_keywords import make_custom_corpus
from speechbrain_bifsmn.dataio.recordings import find_recordings
from speechbrain_bifsmn.operating_points.tuning_data import negative_audio

VALIDATION, TEST = "validation_list.txt", "testing_list.txt"
CLIPS = ("hey robot/ann.wav", "hey robot/bob.wav", "grün/eve.wav")


def lists(folder, validation=b"", test=b""):
    """Writes both lists, of text or bytes."""
    for name, content in ((VALIDATION, validation), (TEST, test)):
        content = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(content)


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()


@pytest.fixture
def mine(tmp_path):
    """Empty files: who is in which split does not depend on what is heard."""
    touch(tmp_path, *CLIPS)
    return tmp_path


def of_recordings(folder):
    return {
        f"{clip.path.parent.name}/{clip.path.name}": clip.split
        for clip in find_recordings(folder, ())
    }


LINES = {
    "as it is": "hey robot/ann.wav",
    "backslash": "hey robot\\ann.wav",
    "dot": "./hey robot/ann.wav",
    "dot and backslash": ".\\hey robot\\ann.wav",
    "absolute": "/home/ann/recordings/hey robot/ann.wav",
    "drive": "C:\\Users\\ann\\hey robot\\ann.wav",
    "the folder's name": "recordings/hey robot/ann.wav",
    "case": "Hey Robot/ANN.WAV",
    "underscore": "hey_robot/ann.wav",
    "hyphen": "hey-robot/ann.wav",
    "spaces around": "\t hey robot/ann.wav  ",
    "blank lines": "\n\n hey robot/ann.wav\n \n\n",
    "twice": "hey robot/ann.wav\n./hey_robot/ann.wav\nhey robot/ann.wav",
    "another ending": "hey robot/ann.flac",
    "ending twice": "hey robot/ann.wav.wav",
    "no ending": "hey robot/ann",
    "CRLF": "hey robot/ann.wav\r\n",
    "CR": "\rhey robot/ann.wav\r",
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_line_means_its_clip(mine, line):
    lists(mine, line, "grün/eve.wav\n")
    assert of_recordings(mine) == {
        "hey robot/ann.wav": "validation",
        "hey robot/bob.wav": "train",
        "grün/eve.wav": "test",
    }


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
def test_normal_forms(tmp_path, form, on_disk):
    name = "grün/zoë.wav"
    touch(tmp_path, unicodedata.normalize(on_disk, name), "grün/ann.wav")
    lists(tmp_path, unicodedata.normalize(form, name))
    assert sorted(of_recordings(tmp_path).values()) == ["train", "validation"]


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"],
)
def test_encodings(mine, encoding):
    text = "hey robot/ann.wav\r\ngrün/eve.wav\r\n"
    lists(mine, text.encode(encoding))
    assert list(of_recordings(mine).values()).count("validation") == 2
    lists(mine, b"gr\xfcn/eve.wav\n")
    with pytest.raises(ValueError, match=f"{VALIDATION}: expected UTF-8"):
        of_recordings(mine)


@pytest.mark.parametrize("ending", [".flac", ".mp3", ".ogg", ".WAV"])
def test_other_endings_on_the_disk(tmp_path, ending):
    touch(tmp_path, f"yes/ann{ending}", "yes/bob.wav")
    lists(tmp_path, "yes/ann.wav")
    assert of_recordings(tmp_path)[f"yes/ann{ending}"] == "validation"


def test_the_nearest_clip_is_meant(tmp_path):
    touch(tmp_path, "yes/ann.flac", "yes/ann.wav", "yes/bob.wav", "yes/bob.ogg")
    lists(tmp_path, "yes/ann.wav\nyes/bob.mp3\n", "./yes/ann.flac")
    assert of_recordings(tmp_path) == {
        "yes/ann.flac": "test",
        "yes/ann.wav": "validation",
        "yes/bob.wav": "validation",  # whichever was meant, both are bob
        "yes/bob.ogg": "validation",
    }


def test_names_of_lists(mine):
    lists(mine, "hey robot/ann.wav")
    (mine / VALIDATION).rename(mine / "Validation_List.TXT")
    (mine / TEST).rename(mine / TEST.upper())
    assert of_recordings(mine)["hey robot/ann.wav"] == "validation"
    for name in ("test_list.txt", "testing_list.txt.txt", "Testing-List.txt"):
        (mine / TEST.upper()).rename(mine / name)
        with pytest.raises(ValueError, match=f"{name}: expected .*; rename it"):
            of_recordings(mine)
        (mine / name).rename(mine / TEST.upper())


@pytest.mark.parametrize("name", [VALIDATION, TEST])
def test_one_list_without_the_other(mine, name):
    lists(mine)
    (mine / name).unlink()
    for read in (of_recordings, read_corpus, lambda f: negative_audio(f, ())):
        with pytest.raises(FileNotFoundError, match=f"found no {name}; add"):
            read(mine)


def test_what_a_list_names_in_vain(mine):
    gone = [f"hey robot/gone{number}.wav" for number in range(7)]
    lists(mine, "\n".join(["hey robot/ann.wav", *gone]))
    for read in (of_recordings, read_corpus):
        with pytest.raises(ValueError, match="none for 7") as caught:
            read(mine)
        text = str(caught.value)
        assert text.startswith(str(mine / VALIDATION)) and "\n" not in text
        assert f"({', '.join(gone[:3])}, ...)" in text and gone[3] not in text


def test_a_clip_in_both_lists(mine):
    lists(mine, "hey robot/ann.wav", "Hey_Robot\\ANN.wav")
    for read in (of_recordings, read_corpus):
        with pytest.raises(ValueError, match="found hey robot/ann.wav in both"):
            read(mine)


def test_a_corpus_reads_the_same_lists(tmp_path):
    """Of Speech Commands' layout: with audio, for all of it is looked at."""
    for name in ("yes/ann.wav", "yes/bob.flac", "yes/EVE.WAV", "no/tom.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        soundfile.write(tmp_path / name, np.zeros(800), 16000)
    lists(
        tmp_path, "\ufeffYES\\ann.WAV\r\n\r\nyes/bob.wav\r\n", "./yes/eve.wav"
    )
    assert read_corpus(tmp_path).clips == {
        "train": {"no": ["no/tom.wav"]},
        "valid": {"yes": ["yes/ann.wav", "yes/bob.flac"]},
        "test": {"yes": ["yes/EVE.WAV"]},
    }
    lists(tmp_path, "yes/gone.wav", "yes/eve.wav\n")
    assert read_corpus(tmp_path, ["test"]).clips["test"] == {
        "yes": ["yes/EVE.WAV"]
    }
    assert read_corpus(tmp_path, partial=True).missing == ("yes/gone.wav",)


@pytest.mark.parametrize(
    ("validation", "test", "warning"),
    [
        ("", "", "for training, none for validation or test: the test does"),
        ("yes/a.wav\nyes/b.wav", "", "for validation, none for training or"),
        ("", "yes/a.wav\nyes/b.wav", "for test, none for training or valid"),
        ("", "yes/a.wav", None),
    ],
)
def test_all_recordings_in_one_split(tmp_path, validation, test, warning):
    mine = tmp_path / "mine"
    for name in ("yes/a.wav", "yes/b.wav", "no/c.wav"):
        (mine / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(mine / name, np.full(800, 0.5), 16000)
    lists(mine, validation, test)
    corpus = make_custom_corpus(
        tmp_path / "corpus", "yes", mine, "never", background_seconds=10
    )
    text = describe(corpus, "yes")
    if warning is None:
        assert "Warning" not in text
    else:
        assert f"Warning: all recordings of yes are {warning}" in text
        assert "Record more speakers" in text
