"""The model file as a lobe of SpeechBrain."""

import copy
import logging
import pickle
import sys
from pathlib import Path

import pytest
import torch
from speechbrain.dataio.encoder import CategoricalEncoder
from speechbrain.inference.classifiers import EncoderClassifier

from bifsmn_engine.backends import warn_once
from speechbrain_bifsmn.deploy.native import NativeBiDFSMN

FOLDER = """
compute_features: !new:speechbrain_bifsmn.lobes.features.LogMel
mean_var_norm: !new:speechbrain.nnet.containers.LengthsCapableSequential
    - !new:torch.nn.Identity
embedding_model: !new:speechbrain_bifsmn.deploy.native.NativeBiDFSMN
    path: {path}
    backend: {backend}
    thinning: 2
classifier: !new:torch.nn.Softmax
    dim: -1
modules:
    compute_features: !ref <compute_features>
    mean_var_norm: !ref <mean_var_norm>
    embedding_model: !ref <embedding_model>
    classifier: !ref <classifier>
label_encoder: !new:speechbrain.dataio.encoder.CategoricalEncoder
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables: {loadables}
"""


@pytest.fixture
def no_engine(monkeypatch):
    """A machine without the engine, on which nothing has been logged yet."""
    monkeypatch.setitem(sys.modules, "bifsmn_engine.model", None)
    warn_once.cache_clear()


def same_bits(a, b):
    return torch.equal(a.view(torch.int32), b.view(torch.int32))


def test_both_backends_give_the_same_bits(default):
    engine = NativeBiDFSMN(default.path, backend="native")
    twin = NativeBiDFSMN(str(default.path), backend="torch")
    assert (engine.backend, twin.backend) == ("native", "torch")
    assert engine.labels == twin.labels == default.twin.labels
    features = default.features[:6]
    short = features[:, :20].double().requires_grad_()
    lengths = torch.tensor([1.0, 0.8, 0.5, 0.2, 0.1, 1.0])
    for thinning in engine.thinnings:
        engine.thinning = twin.thinning = thinning
        for inputs in ((features,), (short,), (short, lengths)):
            logits = engine(*inputs)
            assert logits.dtype == torch.float32
            assert same_bits(logits, twin(*inputs))
    assert not same_bits(engine(short), engine(short, lengths))


def test_auto_takes_the_engine_or_says_that_it_does_not(
    default, no_engine, caplog
):
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            net = NativeBiDFSMN(default.path)
    assert net.backend == "torch"
    (record,) = caplog.records
    assert "bifsmn-engine" in record.getMessage()
    assert "pip install" in record.getMessage()
    del sys.modules["bifsmn_engine.model"]
    assert NativeBiDFSMN(default.path).backend == "native"


def test_native_without_the_engine_says_what_to_install(default, no_engine):
    with pytest.raises(ImportError, match="pip install"):
        NativeBiDFSMN(default.path, backend="native")


@pytest.mark.parametrize("backend", ["native", "torch"])
def test_bad_arguments_are_refused(default, backend, tmp_path):
    with pytest.raises(ValueError, match="backend: expected one of"):
        NativeBiDFSMN(default.path, backend="fast")
    with pytest.raises(
        ValueError, match=r"thinning: expected one of \[1, 2, 4\]"
    ):
        NativeBiDFSMN(default.path, backend, thinning=3)
    net = NativeBiDFSMN(default.path, backend)
    with pytest.raises(ValueError, match="thinning"):
        net.thinning = -1
    assert net.thinning == 1
    with pytest.raises(ValueError, match="32 mel bands"):
        net(torch.zeros(1, 32, 40))
    with pytest.raises(ValueError, match="1 to 32 frames"):
        net(torch.zeros(1, 33, 32))
    with pytest.raises(ValueError, match="path="):
        NativeBiDFSMN(backend=backend)(default.features)
    with pytest.raises(OSError, match="nowhere"):
        NativeBiDFSMN("nowhere.bifsmn", backend)
    other = tmp_path / "other.bifsmn"
    other.write_text("hello")
    with pytest.raises(ValueError, match="other.bifsmn"):
        NativeBiDFSMN(other, backend)


@pytest.mark.parametrize("backend", ["native", "torch"])
@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))]
)
def test_a_copy_is_a_network_of_its_own(default, backend, copied):
    net = NativeBiDFSMN(default.path, backend, thinning=4)
    logits = net(default.features)
    other = copied(net)
    net.thinning = 1
    assert other.thinning == 4 and other.backend == backend
    assert same_bits(other(default.features), logits)


def encoder_classifier(folder, default, backend, path, loadables, **overrides):
    """A folder of a pretrained model, loaded by SpeechBrain."""
    yaml = FOLDER.format(path=path, backend=backend, loadables=loadables)
    (folder / "hyperparams.yaml").write_text(yaml)
    encoder = CategoricalEncoder()
    encoder.update_from_iterable(default.twin.labels, sequence_input=False)
    encoder.save(folder / "label_encoder.ckpt")
    classifier = EncoderClassifier.from_hparams(
        source=folder, savedir=folder / "cache", **overrides
    )
    classifier.hparams.label_encoder.expect_len(12)
    return classifier


def check(classifier, default, backend):
    net = classifier.mods.embedding_model
    assert (net.backend, net.thinning) == (backend, 2)
    wavs = torch.randn(3, 16000) * 0.1
    lengths = torch.tensor([1.0, 0.6, 0.3])
    twin = NativeBiDFSMN(default.path, backend="torch", thinning=2)
    logits = twin(default.front_end(wavs), lengths)
    assert same_bits(classifier.encode_batch(wavs, lengths), logits)
    posteriors, score, index, words = classifier.classify_batch(wavs, lengths)
    assert torch.equal(posteriors, logits.softmax(-1))
    assert torch.equal(score, posteriors.amax(-1))
    assert words == [twin.labels[k] for k in index]


@pytest.mark.parametrize("backend", ["native", "torch"])
def test_an_encoder_classifier_runs_it(default, backend, tmp_path):
    path = tmp_path / "model.bifsmn"
    path.write_bytes(default.path.read_bytes())
    loadables = "{label_encoder: !ref <label_encoder>}"
    classifier = encoder_classifier(
        tmp_path, default, backend, "!PLACEHOLDER", loadables,
        overrides={"embedding_model": {"path": str(path)}},
    )  # fmt: skip
    check(classifier, default, backend)


@pytest.mark.parametrize("backend", ["native", "torch"])
def test_a_pretrainer_loads_it(default, backend, tmp_path):
    Path(tmp_path, "embedding_model.ckpt").write_bytes(
        default.path.read_bytes()
    )
    loadables = (
        "{label_encoder: !ref <label_encoder>, "
        "embedding_model: !ref <embedding_model>}"
    )
    classifier = encoder_classifier(
        tmp_path, default, backend, "null", loadables
    )
    check(classifier, default, backend)
