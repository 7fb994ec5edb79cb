"""The speech embedding: what it computes, and whose weights it takes."""

import sys

import pytest
import torch
from embedding_file import as_onnx
from torch import nn

from speechbrain_bifsmn.lobes.features import SlaneyLogMel
from speechbrain_bifsmn.lobes.models.speech_embedding import SpeechEmbedding


def scaled(batch=2, frames=101):
    return torch.rand(batch, frames, 32) * 8 + 3.5


def test_it_begins_with_the_weights_of_a_file(tmp_path):
    first = SpeechEmbedding(classes=3)
    path = as_onnx(first, tmp_path / "embedding.onnx")
    second = SpeechEmbedding(classes=5, weights=path)
    x = scaled()
    assert torch.equal(first.embed(x), second.embed(x))


@pytest.mark.parametrize("frames", [71, 78, 79, 101, 120])
def test_each_embedding_is_that_of_its_own_window(frames):
    net = SpeechEmbedding(classes=3, frames=frames).eval()
    x = scaled(frames=frames)
    around = nn.functional.pad(x, (0, 0, 10, 11), value=3.5)
    with torch.no_grad():
        embeddings = net.embed(x)
        for i in range(embeddings.size(2)):
            window = around[:, None, 8 * i : 8 * i + 76]
            for stage in net.stages:
                window = stage(window)
            one = net.embedding(window).flatten(1)
            assert torch.allclose(one, embeddings[..., i], atol=1e-5)
    assert net(x).shape == (2, 3)


def test_in_training_and_evaluation_it_computes_the_same():
    net = SpeechEmbedding(classes=3, dropout=0.0).eval()
    features = torch.randn(20, 101, 32) * 20 - 30
    before = features.clone()
    with torch.no_grad():
        without = net(features)
    assert torch.allclose(net(features), without, atol=1e-5)
    assert torch.equal(features, before)


def test_no_gain_changes_it():
    net = SpeechEmbedding(classes=3).eval()
    features = torch.randn(2, 101, 32).round() * 20 - 30
    assert torch.equal(net(features), net(features - 40))


def test_the_first_convolutions_keep_their_weights():
    net = SpeechEmbedding(classes=3, frozen=7)
    before = [layer.weight.clone() for layer in net._convolutions()]
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
    net(torch.randn(4, 101, 32) * 20 - 30).logsumexp(1).sum().backward()
    optimizer.step()
    after = [layer.weight for layer in net._convolutions()]
    same = [torch.equal(*pair) for pair in zip(before, after, strict=True)]
    assert same == [True] * 7 + [False] * 13


def test_wrong_files(tmp_path):
    path = tmp_path / "embedding.onnx"
    with pytest.raises(FileNotFoundError, match="embedding.onnx"):
        SpeechEmbedding(classes=3, weights=path)
    path.write_bytes(b"none")
    with pytest.raises(ValueError, match="expected an ONNX file"):
        SpeechEmbedding(classes=3, weights=path)
    other = SpeechEmbedding(classes=3)
    other.embedding = nn.Conv2d(96, 95, (3, 1), bias=False)
    as_onnx(other, path)
    with pytest.raises(ValueError, match="expected the convolutions of a"):
        SpeechEmbedding(classes=3, weights=path)


def test_without_the_package_onnx(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    SpeechEmbedding(classes=3)
    with pytest.raises(ImportError, match="pip install onnx"):
        SpeechEmbedding(classes=3, weights="embedding.onnx")


def test_too_few_frames():
    with pytest.raises(ValueError, match="frames: expected 71 or more"):
        SpeechEmbedding(classes=3, frames=70)


def test_slaney_log_mel_tells_tones():
    """Below 1 kHz its bands are equally wide, in Hz."""
    time = torch.arange(16000) / 16000
    tones = torch.tensor([500.0, 1000, 2000, 3000])[:, None]
    features = SlaneyLogMel()(torch.sin(2 * torch.pi * tones * time))
    assert features.shape == (4, 101, 32)
    bands = features[:, 50].argmax(1).tolist()
    assert bands == sorted(set(bands)) and bands[0] < 12 < bands[3] < 32
    quiet = features[:, 50].amin(1)
    assert (features[:, 50].amax(1) - quiet > 40).all()
