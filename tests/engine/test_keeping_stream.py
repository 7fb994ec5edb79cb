"""What is detected is kept: which audio, under which names."""

import numpy as np
import pytest
import soundfile

from bifsmn_engine.detection import Detection
from bifsmn_engine.keeping_stream import KeepingStream
from bifsmn_engine.keyword_stream import KeywordStream
from bifsmn_engine.loading import load_model

RATE = 1000
NOISE = np.random.default_rng(0).uniform(-1, 1, 60 * RATE).astype(np.float32)


class Scripted:
    """Detects what it is told to, when its audio has ended."""

    def __init__(self, *detections):
        self.detections, self.samples = list(detections), 0

    def push(self, audio):
        self.samples += len(audio)
        now = self.samples / RATE
        found = [d for d in self.detections if d.end <= now]
        self.detections = [d for d in self.detections if d.end > now]
        return found

    def finish(self):
        return self.detections


def keep(folder, *detections, size=100, audio=NOISE):
    stream = KeepingStream(Scripted(*detections), folder, RATE, "radio")
    found = []
    for at in range(0, len(audio), size):
        found += stream.push(audio[at : at + size])
    found += stream.finish()
    return found


def read(path):
    audio, rate = soundfile.read(path, dtype="float32")
    assert rate == RATE
    return audio


@pytest.mark.parametrize("size", [1, 73, 100, 60 * RATE])
def test_half_a_second_around_it_is_kept(tmp_path, size):
    detections = [
        Detection("yes", 0.9312, 0.25, 1.0),
        Detection("no", 0.5, 20.125, 21.5),
        Detection("yes", 1.0, 59.0, 60.0),
    ]
    assert keep(tmp_path, *detections, size=size) == detections
    expected = {
        "yes 0.93 radio 0.2s.wav": NOISE[:1500],
        "no 0.50 radio 20.1s.wav": NOISE[19625:22000],
        "yes 1.00 radio 59.0s.wav": NOISE[58500:],
    }
    assert {path.name for path in tmp_path.iterdir()} == {*expected}
    for name, audio in expected.items():
        assert np.allclose(read(tmp_path / name), audio, atol=1e-4)


@pytest.mark.parametrize("size", [100, 7777])
def test_of_a_long_detection_the_end_is_kept(tmp_path, size):
    keep(tmp_path, Detection("yes", 0.9, 1.0, 40.0), size=size)
    (path,) = tmp_path.iterdir()
    assert np.allclose(read(path), NOISE[30500:40500], atol=1e-4)


def test_memory_does_not_grow(tmp_path):
    stream = KeepingStream(Scripted(), tmp_path, RATE, "radio")
    for _ in range(1000):
        stream.push(NOISE[:100])
    assert sum(map(len, stream._held)) < 12 * RATE
    assert not [*tmp_path.iterdir()]


def test_no_file_is_replaced(tmp_path):
    mine = tmp_path / "yes 0.90 radio 1.0s.wav"
    mine.write_text("mine")
    for _ in range(2):
        keep(tmp_path, Detection("yes", 0.9, 1.0, 2.0))
    assert mine.read_text() == "mine"
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [
        "yes 0.90 radio 1.0s 2.wav",
        "yes 0.90 radio 1.0s 3.wav",
        mine.name,
    ]


@pytest.mark.parametrize(
    ("keyword", "begin"),
    [
        ("hey robot", "hey_robot 0.90"),
        ("../../etc/passwd", "etc_passwd 0.90"),
        ("机器人", "机器人 0.90"),
        ("\x1b[2J|*?", "2J 0.90"),
        ("..", "_ 0.90"),
        ("a" * 300, "a" * 80 + " 0.90"),
    ],
)
def test_no_keyword_leads_out_of_the_folder(tmp_path, keyword, begin):
    folder = tmp_path / "a" / "b"
    keep(folder, Detection(keyword, 0.9, 1.0, 2.0))
    (path,) = folder.iterdir()
    assert path.name.startswith(begin)
    assert [*tmp_path.iterdir()] == [tmp_path / "a"]


def test_a_file_that_cannot_be_written_leaves_none(tmp_path, monkeypatch):
    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        keep(tmp_path, Detection("yes", 0.9, 1.0, 2.0))
    assert not [*tmp_path.iterdir()]


def test_it_detects_what_the_stream_does(tmp_path):
    model = load_model()
    audio = 0.1 * np.random.default_rng(1).standard_normal((5 * 48000, 2))
    options = {"threshold": 0.2, "smoothing": 1, "rate": 48000}
    plain = KeywordStream(model, **options)
    expected = plain.push(audio) + plain.finish()
    kept = KeepingStream(KeywordStream(model, **options), tmp_path, 48000, "")
    assert kept.push(audio) + kept.finish() == expected
    assert len([*tmp_path.iterdir()]) == len(expected)
