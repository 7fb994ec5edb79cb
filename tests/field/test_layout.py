"""Time and channels in either order, as torchaudio and soundfile have them."""

import numpy as np
import pytest
import torch

from bifsmn_engine.audio.waveform import Downmix, as_mono, time_axis
from speechbrain_bifsmn.inference import KeywordSpotter


@pytest.fixture(scope="module")
def spotter():
    """The model of the package."""
    return KeywordSpotter.from_hparams()


@pytest.fixture(scope="module")
def stereo():
    """(16000, 2) floats."""
    return np.random.default_rng(1).uniform(-0.5, 0.5, (16000, 2)).astype("f")


def same(found, expected):
    """Whether two results of ``classify_batch`` are, but for rounding."""
    torch.testing.assert_close(found[0], expected[0], atol=1e-6, rtol=0)
    assert found[3] == expected[3]


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])
def test_batches(spotter, stereo, kind):
    mono = stereo.mean(axis=1)
    expected = spotter.classify_batch(mono)
    for batch in (
        mono[None],
        mono[None, :, None],
        mono[None, None],
        stereo[None],
        np.ascontiguousarray(stereo.T)[None],
        np.asfortranarray(stereo.T)[None],
    ):
        same(spotter.classify_batch(kind(batch)), expected)
    two = spotter.classify_batch(kind(np.stack([mono, mono])[:, None]))
    assert two[0].shape == (2, 12) and two[3] == 2 * expected[3]
    # In two dimensions, the first one is the batch.
    assert len(spotter.classify_batch(kind(np.ascontiguousarray(stereo.T)))[3])


def test_lengths_are_of_time(spotter, stereo):
    lengths = torch.tensor([0.5])
    expected = spotter.classify_batch(stereo[None, :8000])
    batch = np.ascontiguousarray(stereo.T)[None]
    same(spotter.classify_batch(batch, lengths), expected)


@pytest.mark.parametrize("shape", [(16000, 1), (16000, 2), (1, 200, 300), ()])
def test_what_is_no_batch(spotter, shape):
    with pytest.raises(ValueError, match=r"expected .*batch|could be both"):
        spotter.classify_batch(np.zeros(shape, np.float32))


@pytest.mark.parametrize("axes", [(0, 1), (1, 0)])
@pytest.mark.parametrize("size", [160, 1, 7])
def test_chunks(spotter, stereo, axes, size):
    """Parts too short to tell are as the parts before."""
    audio = stereo[:4000]
    expected = spotter.make_streaming_context()
    expected.push(audio.mean(axis=1))
    context = spotter.make_streaming_context()
    spotter.detect_chunk(context, audio[:160].transpose(axes))
    for start in range(160, 600, size):
        chunk = audio[start : min(600, start + size)]
        spotter.detect_chunk(context, chunk.transpose(axes))
    spotter.detect_chunk(context, torch.from_numpy(audio[600:].transpose(axes)))
    assert context.samples == 4000
    np.testing.assert_allclose(
        context.posteriors if context.posteriors is not None else [],
        expected.posteriors if expected.posteriors is not None else [],
    )


def test_parts_of_a_recording(stereo):
    mono = stereo.mean(axis=1)
    for axes in ((0, 1), (1, 0)):
        downmix = Downmix()
        parts = [
            downmix.push(stereo[a:b].transpose(axes))
            for a, b in ((0, 33), (33, 34), (34, 39), (39, 300))
        ]
        np.testing.assert_array_equal(np.concatenate(parts), mono[:300])
        with pytest.raises(ValueError, match="keep to one layout"):
            downmix.push(stereo[:100].transpose(axes[::-1]))
        np.testing.assert_array_equal(downmix.push(mono), mono)


def test_a_frame_of_a_sound_card_is_no_waveform():
    """One sample of two channels: nothing came before."""
    np.testing.assert_array_equal(as_mono(np.array([[0.5, 0.25]])), [0.375])
    assert len(as_mono(np.zeros((3, 2)))) == 3
    assert len(as_mono(np.zeros((0, 2)))) == len(as_mono(np.zeros((2, 0)))) == 0


@pytest.mark.parametrize("shape", [(2, 20), (32, 33, 1), (100, 100), (33, 40)])
def test_what_could_be_both(shape):
    with pytest.raises(ValueError, match="expected .*samples"):
        as_mono(np.zeros(shape))


def test_channels_may_be_many():
    assert time_axis((16000, 16)) == 0
    assert time_axis((16, 16000)) == time_axis((1, 33)) == 1


@pytest.mark.parametrize(
    "audio",
    [[[0.0] * 50, [0.0] * 40], [np.zeros(50), np.zeros(40)]],
    ids=["lists", "arrays"],
)
def test_clips_of_several_lengths(spotter, audio):
    with pytest.raises(ValueError, match="pad them with zeros"):
        spotter.classify_batch(audio)


def test_arrays_of_every_memory(spotter, stereo):
    mono = stereo.mean(axis=1)
    expected = spotter.classify_batch(mono)
    frozen = mono.copy()
    frozen.flags.writeable = False
    tensor = torch.from_numpy(mono)
    for audio in (
        frozen,
        np.repeat(mono, 2)[::2],
        mono[::-1].copy()[::-1],
        mono.astype(">f4"),
        mono.astype(np.float64),
        mono.tolist(),
        tensor.clone().requires_grad_(),
        tensor.neg().conj().neg(),
        torch.repeat_interleave(tensor, 2)[::2],
    ):
        same(spotter.classify_batch(audio), expected)
