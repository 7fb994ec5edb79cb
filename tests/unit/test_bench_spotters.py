"""Other keyword spotters are asked for their scores as they mean them."""

import sys
import types
from pathlib import Path

import numpy as np
import pytest

from benchmarks.backends.keyword_micro import Micro
from benchmarks.backends.keyword_open import Open
from benchmarks.backends.keyword_sphinx import LOG10_OF_UNIT, Sphinx
from benchmarks.harness import keyword_runner
from benchmarks.harness.keyword_runner import CHUNK, RATE


class Decoder:
    """Finds the phrases that it was told to, in each utterance."""

    found: list = []

    def __init__(self, **options):
        self.phrases = Path(options["kws"]).read_text().split()[::2]
        self.entries = Path(options["dict"]).read_text().splitlines()
        self.utterances, self.options = 0, options

    def start_utt(self):
        self.utterances += 1

    def process_raw(self, audio):
        pass

    def end_utt(self):
        pass

    def reinit_feat(self):
        pass

    def seg(self):
        return self.found if self.utterances == 1 else None


@pytest.fixture
def sphinx(monkeypatch, tmp_path):
    """PocketSphinx with a small dictionary."""
    folder = tmp_path / "pocketsphinx"
    (folder / "en-us").mkdir(parents=True)
    lines = "boy B OY\njarvis JH AA\njarvis(2) JH IH\nsnow S N OW\n"
    (folder / "cmudict-en-us.dict").write_text(lines)
    module = types.SimpleNamespace(
        __file__=str(folder / "__init__.py"),
        get_model_path=lambda _: str(folder / "en-us"),
        Decoder=Decoder,
    )
    monkeypatch.setitem(sys.modules, "pocketsphinx", module)


def segment(word, end, log10):
    prob = 1.0001 ** (log10 / LOG10_OF_UNIT - 1500)
    return types.SimpleNamespace(word=f"{word} ", end_frame=end, prob=prob)


def test_detections_are_scores_where_they_end(sphinx, monkeypatch):
    found = [
        segment("jarvis", 120, -25),
        segment("jarvis(2)", 120, -10),
        segment("snowboy", 500, -35),  # of frames that are still on their way
    ]
    monkeypatch.setattr(Decoder, "found", found)
    spotter = Sphinx(["jarvis", "snowboy", "zyx"])
    assert spotter.keywords == ["jarvis", "snowboy"]
    assert spotter.thresholds == [20, 20]
    assert spotter.decoder.options["kws_plp"] == 0.1
    assert spotter.decoder.phrases == ["jarvis", "snowboy", "jarvis(2)"]
    assert "snowboy S N OW B OY" in spotter.decoder.entries
    spotter.reset()
    for chunk in keyword_runner.chunks(np.zeros(2 * RATE, np.int16)):
        assert not len(spotter.take(chunk))
    rows = spotter.finish()
    assert rows.shape == (200, 2)
    assert rows[120, 0] == pytest.approx(40, abs=1e-3)
    assert rows[199, 1] == pytest.approx(15, abs=1e-3)
    assert np.count_nonzero(rows) == 2
    assert not len(spotter.finish())


def test_long_streams_are_utterances_of_a_minute(sphinx):
    spotter = Sphinx(["jarvis"])
    audio = np.zeros(125 * RATE, np.int16)
    rows = [len(spotter.take(c)) for c in keyword_runner.chunks(audio)]
    rows.append(len(spotter.finish()))
    assert sum(rows) == 12500
    assert spotter.decoder.utterances == 3


def test_a_word_that_cannot_be_pronounced(sphinx):
    with pytest.raises(SystemExit, match="expected one of zyx among words"):
        Sphinx(["zyx"])


class Network:
    """A model of a peer, whose score is the number of its calls."""

    stride, probability_cutoff, tflite_model = 3, 0.9, "alexa.tflite"
    mel_path = emb_path = Path("mel.tflite")

    def __init__(self, *_):
        self.calls = 0

    from_builtin = classmethod(lambda cls, *_: cls())

    def reset(self):
        self.calls = 0

    def process_streaming_prob(self, _):
        self.calls += 1
        return self.calls

    def process_streaming(self, _):
        yield self.process_streaming_prob(None)


class Features(Network):
    """Eight frames a chunk; of the first one of a stream, many more."""

    def process_streaming(self, _):
        self.calls += 1
        yield from range(self.first if self.calls == 1 else self.each)


def package(monkeypatch, tmp_path, name, **attributes):
    model = types.SimpleNamespace(value="alexa")
    module = types.SimpleNamespace(
        __file__=str(tmp_path / "__init__.py"), Model=[model], **attributes
    )
    monkeypatch.setitem(sys.modules, name, module)


def test_micro_decides_at_its_stride(monkeypatch, tmp_path):
    Features.first, Features.each = 7, 8
    package(
        *(monkeypatch, tmp_path, "pymicro_wakeword"),
        MicroWakeWord=Network,
        MicroWakeWordFeatures=Features,
    )
    for name in ("pymicro_features", "micro_features_cpp"):
        package(monkeypatch, tmp_path, name)
    spotter = Micro(["alexa", "jarvis"])
    assert (spotter.keywords, spotter.thresholds) == (["alexa"], [0.9])
    assert spotter.hop_s == pytest.approx(0.03)
    chunk = np.zeros(CHUNK, np.int16)
    assert spotter.take(chunk) == [[3], [6]]
    assert spotter.take(chunk) == [[9], [12], [15]]
    spotter.reset()
    assert spotter.take(chunk) == [[3], [6]]


def test_what_open_hears_before_a_stream_is_left_out(monkeypatch, tmp_path):
    Features.first, Features.each = 100, 1
    package(
        *(monkeypatch, tmp_path, "pyopen_wakeword"),
        OpenWakeWord=Network,
        OpenWakeWordFeatures=Features,
    )
    spotter = Open(["alexa"])
    for _ in range(2):
        spotter.reset()
        chunks = keyword_runner.chunks(np.zeros(3 * CHUNK, np.int16))
        rows = [row for chunk in chunks for row in spotter.take(chunk)]
        assert rows == [(100,), (101,), (102,)]
