"""The pretrained interface, beside SpeechBrain's own."""

import copy
import shutil
import time

import huggingface_hub
import numpy as np
import pytest
import soundfile
import torch
from scipy.signal import resample_poly
from speechbrain.dataio.encoder import CategoricalEncoder
from speechbrain.inference.classifiers import EncoderClassifier
from speechbrain.inference.interfaces import foreign_class
from speechbrain.utils.fetching import FetchConfig

from bifsmn_engine.loading import window_posteriors
from bifsmn_engine.pretrained import MODEL
from speechbrain_bifsmn.inference import KeywordSpotter, sources
from speechbrain_bifsmn.pretrained import FOLDER


@pytest.fixture(scope="module")
def spotters():
    """A spotter of each backend, made when it is asked for."""
    return {}


@pytest.fixture
def spotter(spotters, backend):
    """The model of the package, at thinning 1."""
    if backend not in spotters:
        spotters[backend] = KeywordSpotter.from_hparams(backend=backend)
    spotters[backend].thinning = 1
    return spotters[backend]


@pytest.fixture
def clips(scene):
    """(4, 16000), windows of the scene."""
    return torch.from_numpy(scene[:64000].reshape(4, 16000))


def same(one, other):
    """Whether two results of ``classify_batch`` are, but for rounding."""
    for a, b in zip(one[:3], other[:3], strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=0)
    assert one[3] == other[3]


def test_it_answers_as_the_stock_class_does(spotter, backend, clips):
    stock = EncoderClassifier.from_hparams(
        FOLDER, overrides={"backend": backend, "thinning": 2}
    )
    spotter.thinning = 2
    same(spotter.classify_batch(clips), stock.classify_batch(clips))
    same(spotter(clips), stock(clips))
    ours, theirs = spotter.encode_batch(clips), stock.encode_batch(clips)
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)
    posteriors, score, index, words = spotter.classify_batch(clips)
    torch.testing.assert_close(ours.softmax(-1), posteriors)
    assert torch.equal(score, posteriors.amax(-1))
    assert words == [spotter.labels[k] for k in index]
    assert isinstance(spotter, EncoderClassifier)


def test_foreign_class_loads_it(clips, spotter):
    loaded = foreign_class(
        FOLDER,
        pymodule_file="custom_interface.py",
        classname="KeywordSpotter",
    )
    assert type(loaded) is KeywordSpotter
    same(loaded.classify_batch(clips), spotter.classify_batch(clips))


def test_both_backends_decide_alike_on_real_clips(real_clips):
    pytest.importorskip("bifsmn_engine.model", exc_type=ImportError)
    spotters = [
        KeywordSpotter.from_hparams(backend=name)
        for name in ("native", "torch")
    ]
    right = 0
    for thinning in spotters[0].model.thinnings:
        for each in spotters:
            each.thinning = thinning
        for label, clip in real_clips:
            native, other = (each.classify_batch(clip) for each in spotters)
            same(native, other)
            right += native[3] == [label]
    assert right > 0.8 * 3 * len(real_clips)


def test_audio_of_every_form(spotter, clips):
    expected = spotter.classify_batch(clips)
    same(spotter.classify_batch(clips.numpy()), expected)
    same(spotter.classify_batch(clips.double()), expected)
    stereo = torch.stack([clips * 1.5, clips * 0.5], -1)
    same(spotter.classify_batch(stereo), expected)
    one = spotter.classify_batch(clips[2])
    same(one, [part[2:3] for part in expected])
    integers = (clips * 32768).round().to(torch.int16)
    same(
        spotter.classify_batch(integers),
        spotter.classify_batch(integers / 32768),
    )


def test_audio_of_another_rate(spotter, clips):
    wide = clips.repeat_interleave(3, 1)
    narrow = resample_poly(wide.numpy(), 1, 3, axis=1)
    found = spotter.classify_batch(wide, rate=48000)
    same(found, spotter.classify_batch(narrow))
    stereo = torch.stack([wide, wide], -1)
    same(spotter.classify_batch(stereo, rate=48000), found)


def test_short_clips_are_filled_with_zeros(spotter, clips):
    short = clips[:, :9000]
    filled = torch.nn.functional.pad(short, (0, 7000))
    same(spotter.classify_batch(short), spotter.classify_batch(filled))
    spotter.classify_batch(clips[:, :1])
    lengths = torch.tensor([1.0, 0.75, 0.5, 0.1])
    found = spotter.classify_batch(clips, lengths)
    for clip, length, *row in zip(clips, lengths, *found, strict=True):
        alone = spotter.classify_batch(clip[: round(16000 * length.item())])
        same([r[None] for r in row[:3]] + [row[3:]], alone)


def test_of_long_clips_the_surest_window_counts(spotter, scene):
    spotter.thinning = 2
    posteriors = window_posteriors(spotter.model, scene)
    keywords = posteriors[:, : len(spotter.labels) - 2]  # the last are none
    best = posteriors[keywords.max(1).argmax()]
    found = spotter.classify_batch(np.stack([scene, scene[::-1]]))
    torch.testing.assert_close(
        found[0][0], torch.from_numpy(best), atol=1e-5, rtol=0
    )
    logits = spotter.encode_batch(scene)
    torch.testing.assert_close(logits.softmax(-1), found[0][:1])


def test_a_file(spotter, clips, tmp_path):
    path = tmp_path / "clip.flac"
    stereo = np.stack([clips[0], clips[0]], 1)
    soundfile.write(path, stereo, 16000, subtype="PCM_24")
    found = spotter.classify_file(path)
    same(found, spotter.classify_batch(spotter.load_audio(str(path))))
    # The file's own samples: one that is rounded otherwise may flip a bit.
    written, _ = soundfile.read(path, dtype="float32")
    same(found, spotter.classify_batch(written[None, :, 0]))
    with pytest.raises(FileNotFoundError, match="expected an audio file"):
        spotter.classify_file(tmp_path / "none.wav")


def test_streaming_has_the_shape_of_speechbrain_s(spotter, scene, tmp_path):
    path = tmp_path / "scene.wav"
    soundfile.write(path, scene, 16000, subtype="FLOAT")
    options = {"threshold": 0.3, "smoothing": 1, "refractory_s": 0.1}
    context = spotter.make_streaming_context(**options)
    found = []
    for chunk in torch.from_numpy(scene).split(4000):
        found += spotter.detect_chunk(context, chunk)
    found += context.finish()
    assert found
    assert list(spotter.detect_file_streaming(path, **options)) == found


def test_thinning_is_switched_at_any_moment(spotter, clips):
    answers = []
    for thinning in (1, 4, 1):
        spotter.thinning = thinning
        assert spotter.thinning == thinning
        answers.append(spotter.classify_batch(clips)[0])
    assert torch.equal(answers[0], answers[2])
    assert not torch.equal(answers[0], answers[1])
    with pytest.raises(ValueError, match="thinning: expected one of"):
        spotter.thinning = 9
    assert KeywordSpotter.from_hparams(thinning=4).thinning == 4


def test_a_copy_is_of_its_own(spotter, clips):
    other = copy.deepcopy(spotter)
    spotter.thinning = 4
    assert other.thinning == 1
    spotter.thinning = 1
    same(other.classify_batch(clips), spotter.classify_batch(clips))


def test_bad_arguments_are_one_sentence(spotter, clips):
    for arguments, words in (
        ((torch.zeros(2, 3, 4, 5),), "wavs: expected"),
        ((torch.zeros(0),), "wavs: expected"),
        ((clips, torch.ones(3)), "wav_lens: expected 4"),
        ((clips, torch.zeros(4)), "wav_lens: expected 4"),
        ((clips * float("nan"),), "found NaN"),
        ((torch.zeros(2, 3, dtype=torch.int64),), "got int64"),
    ):
        with pytest.raises(ValueError, match=words) as raised:
            spotter.classify_batch(*arguments)
        assert "\n" not in str(raised.value)


def folder_of(path, **files):
    """A copy of the package's folder, with other files in places."""
    shutil.copytree(FOLDER, path)
    for name, content in files.items():
        (path / name.replace("__", ".")).write_bytes(content)
    return path


def test_a_folder_moves(tmp_path, clips, spotter):
    folder = folder_of(tmp_path / "moved")
    expected = spotter.classify_batch(clips)
    for source in (folder, str(folder), folder / "model.bifsmn"):
        loaded = KeywordSpotter.from_hparams(source, run_opts={"device": "cpu"})
        same(loaded.classify_batch(clips), expected)


def test_speechbrain_checks_the_labels(tmp_path):
    encoder = CategoricalEncoder()
    encoder.update_from_iterable(["a", "b"], sequence_input=False)
    folder = folder_of(tmp_path / "wrong")
    encoder.save(folder / "label_encoder.txt")
    with pytest.raises(ValueError, match="label_encoder: expected the labels"):
        foreign_class(
            folder,
            pymodule_file="custom_interface.py",
            classname="KeywordSpotter",
        )
    folder = folder_of(tmp_path / "cut", model__bifsmn=MODEL.read_bytes()[:999])
    with pytest.raises(ValueError, match="bytes|cut|length|expected"):
        KeywordSpotter.from_hparams(folder)


@pytest.fixture
def hub(monkeypatch):
    """The hub, with one model: that of the package; or without a network."""

    def download(repo_id, filename, local_files_only=False, **options):
        hub.asked.append((repo_id, filename, local_files_only))
        if local_files_only:
            raise huggingface_hub.errors.LocalEntryNotFoundError(filename)
        return str(FOLDER / filename)

    class Session:
        def head(self, url, timeout):
            if hub.silent:
                raise OSError("Name or service not known")

    hub = type("Hub", (), {"asked": [], "silent": False})
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    monkeypatch.setattr(huggingface_hub, "get_session", Session)
    return hub


def test_a_model_of_the_hub(hub, clips, spotter, tmp_path):
    loaded = KeywordSpotter.from_hparams("owner/model")
    same(loaded.classify_batch(clips), spotter.classify_batch(clips))
    assert {name for _, name, _ in hub.asked} == {"model.bifsmn"}
    assert {repository for repository, *_ in hub.asked} == {"owner/model"}


def test_a_hub_that_does_not_answer_is_told_at_once(hub):
    hub.silent = True
    start = time.monotonic()
    with pytest.raises(OSError, match="no such folder, and http.* reached"):
        KeywordSpotter.from_hparams("owner/model")
    assert time.monotonic() - start < 2
    assert all(offline for *_, offline in hub.asked)
    with pytest.raises(OSError, match="it is not on this machine"):
        KeywordSpotter.from_hparams(
            "owner/model", fetch_config=FetchConfig(allow_network=False)
        )
    with pytest.raises(OSError, match="got owner/model: there is no"):
        KeywordSpotter.from_hparams().load_audio("owner/model/yes.wav")


def test_what_is_no_source_is_not_looked_for_on_the_hub(hub, tmp_path):
    for source in (tmp_path / "none", "none", "./a/b/c"):
        with pytest.raises(FileNotFoundError, match="neither"):
            KeywordSpotter.from_hparams(source)
    assert hub.asked == []
    assert not sources.is_hub_file(tmp_path / "a.wav")
    assert not sources.is_hub_file("./model/a.wav")
