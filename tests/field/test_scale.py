"""Samples that were never divided by the full scale of their integers."""

import numpy as np
import pytest
import soundfile
import torch

from bifsmn_engine.audio.files import read_audio
from bifsmn_engine.cli import main
from bifsmn_engine.keyword_stream import KeywordStream
from speechbrain_bifsmn.inference import KeywordSpotter

CURE = "divide those of 16-bit integers by 32768"


@pytest.fixture(scope="module", params=["auto", "torch"])
def spotter(request):
    """The model of the package."""
    return KeywordSpotter.from_hparams(backend=request.param)


@pytest.fixture(scope="module")
def clip():
    """(16000,) floats from -1 to 1."""
    return np.random.default_rng(2).uniform(-0.5, 0.5, 16000).astype("f")


@pytest.mark.parametrize("scale", [32768, 128, 2.0**31, -32768, 33])
@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])
def test_floats_of_integers(spotter, clip, scale, kind):
    for batch in (clip, clip[None], clip[None, None], clip[None, :, None]):
        with pytest.raises(ValueError, match=CURE):
            spotter.classify_batch(kind(scale * batch))
    with pytest.raises(ValueError, match=CURE):
        spotter.encode_batch(kind(scale * clip))


@pytest.mark.parametrize("peak", [1.0, 1.5, 8, 15.9])
def test_overshoots_are_audio(spotter, clip, peak):
    loud = clip * (peak / abs(clip).max())
    assert spotter.classify_batch(loud)[0].sum() == pytest.approx(1, abs=1e-5)


def test_a_refused_chunk_leaves_the_stream_as_it_was(spotter, clip):
    alone, disturbed = (spotter.make_streaming_context() for _ in range(2))
    alone.push(np.tile(clip, 2))
    for part in np.split(np.tile(clip, 2), 8):
        for bad in (part * 32768, part * np.nan, part.astype(np.int32)):
            with pytest.raises(ValueError, match="audio: expected"):
                disturbed.push(bad)
        disturbed.push(part)
    assert disturbed.samples == alone.samples == 32000
    np.testing.assert_allclose(
        disturbed.posteriors, alone.posteriors, atol=1e-7
    )


def test_a_model_alone(spotter, clip):
    model = spotter.model
    for take in (model.classify, model.features, model.stream().push):
        with pytest.raises(ValueError, match="found|some of 16 or more"):
            take(clip * 32768)
        take((clip * 32768).astype(np.int16))


@pytest.mark.parametrize(
    ("kind", "cure"),
    [
        (np.int32, "divide them by 2147483648, or by 32768"),
        (np.uint8, "subtract 128 and divide by 128"),
        (np.int8, "divide them by 128"),
        (np.int64, "convert them to floats"),
        (np.uint16, "convert them to floats"),
        (bool, "convert them to floats"),
        (complex, "convert them to floats"),
        (object, "convert them to floats"),
        ("U1", "convert them to floats"),
    ],
)
def test_other_numbers(spotter, clip, kind, cure):
    with pytest.raises(ValueError, match=f"expected int16 or float.*{cure}"):
        spotter.classify_batch((100 * clip).astype(int).astype(kind))


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.half, torch.double])
def test_tensors_of_every_precision(spotter, clip, kind):
    tensor = torch.from_numpy(clip).to(kind)
    expected = spotter.classify_batch(tensor.float())
    found = spotter.classify_batch(tensor)
    torch.testing.assert_close(found[0], expected[0], atol=1e-6, rtol=0)
    context = spotter.make_streaming_context()
    spotter.detect_chunk(context, tensor)
    torch.testing.assert_close(
        torch.from_numpy(context.posteriors), expected[0][0], atol=1e-6, rtol=0
    )
    with pytest.raises(ValueError, match=CURE):
        spotter.classify_batch((tensor.float() * 32768).to(torch.bfloat16))


def test_tensors_without_samples(spotter):
    with pytest.raises(ValueError, match="meta tensor"):
        spotter.classify_batch(torch.zeros(16000, device="meta"))


def test_files(spotter, clip, tmp_path, capsys):
    """Integers say their scale; floats do not."""
    path = tmp_path / "counts.wav"
    soundfile.write(path, np.tile(clip, 2) * 32768, 16000, "FLOAT")
    with pytest.raises(ValueError, match=f"counts.wav: expected .*{CURE}"):
        read_audio(path)
    assert main(["spot", str(path)]) == 1
    assert CURE in capsys.readouterr().err
    for kind in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"):
        soundfile.write(path, clip, 16000, kind)
        assert abs(read_audio(path) - clip).max() < 1 / 127


def test_a_quiet_beginning_does_not_hide_it(clip):
    stream = KeywordStream(KeywordSpotter.from_hparams().model)
    stream.push(np.zeros(16000))
    stream.push(clip / 32768 * 3)  # of counts, the quietest
    with pytest.raises(ValueError, match=CURE):
        stream.push(clip * 3000)
    assert stream.samples == 32000
