"""torch takes what the engine takes, refuses what it refuses, and computes the
same."""

import numpy as np
import pytest
import torch
from agreement import check_same

from bifsmn_engine.format import model_file
from speechbrain_bifsmn.deploy.features import DeployedLogMel
from speechbrain_bifsmn.deploy.native import NativeBiDFSMN
from speechbrain_bifsmn.deploy.network import DeployedBiDFSMN
from speechbrain_bifsmn.deploy.torch_model import TorchModel


@pytest.fixture
def twin(default):
    return TorchModel.load(default.path)


NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, 16000)


@pytest.mark.parametrize(
    "audio",
    [
        NOISE,
        NOISE.astype(np.float16),
        (NOISE * 32767).astype(np.int16),
        (NOISE * 32767).astype(">i2"),
        NOISE[:1],
        NOISE[:0],
        NOISE[::2],
        NOISE.tolist(),
        NOISE * 20,
    ],
    ids=[
        "double",
        "half",
        "int16",
        "swapped",
        "one",
        "none",
        "steps",
        "list",
        "over",
    ],
)
def test_audio_that_both_take(model, twin, audio):
    check_same(model.features(audio), twin.features(audio), "features")
    ours, theirs = model.classify(audio), twin.classify(audio)
    np.testing.assert_allclose(theirs, ours, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    "audio",
    [
        np.full(10, np.nan),
        np.full(10, -np.inf),
        np.full(10, 1e300),
        np.full(10, -16.0),
        (NOISE * 32768),
        np.zeros(16001),
        np.zeros((1, 100)),
        np.zeros(100, np.int32),
        np.zeros(100, np.uint8),
        np.zeros(100, complex),
        np.zeros(100, bool),
    ],
    ids=[
        "nan",
        "inf",
        "huge",
        "loud",
        "counts",
        "long",
        "two",
        "int32",
        "bytes",
        "complex",
        "bool",
    ],
)
def test_audio_that_both_refuse(model, twin, audio):
    for run in (model.classify, twin.classify, model.features, twin.features):
        with pytest.raises(ValueError), np.errstate(over="ignore"):
            run(audio)


@pytest.mark.parametrize(
    "features",
    [
        np.zeros((32, 31)),
        np.zeros((31, 32)),
        np.zeros(32),
        np.zeros((1, 1, 32, 32)),
        np.full((32, 32), np.nan),
        np.full((2, 32, 32), np.inf),
    ],
    ids=["bands", "frames", "row", "batches", "nan", "inf"],
)
def test_features_that_both_refuse(model, twin, features):
    for run in (model.logits, twin.logits):
        with pytest.raises(ValueError):
            run(features)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_no_backend_takes_what_is_not_finite(default, twin, wrong):
    features = torch.zeros(2, 32, 32)
    features[1, 3, 4] = wrong
    lengths = torch.tensor([1.0, 0.05])  # which leaves it out
    for backend in ("native", "torch"):
        lobe = NativeBiDFSMN(default.path, backend=backend)
        with pytest.raises(ValueError, match="NaN or infinity"):
            lobe(features)
        assert lobe(features, lengths).isfinite().all()
    windows = np.zeros((2, 16000), np.float32)
    windows[1, 5] = wrong
    with pytest.raises(ValueError, match="NaN or infinity"):
        twin.classify_windows(windows)


def test_autocast_changes_nothing(model, twin):
    features = model.features(NOISE)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        check_same(features, twin.features(NOISE), "features")
        check_same(model.logits(features), twin.logits(features), "logits")


@pytest.mark.parametrize(
    "options",
    [
        {"n_fft": 1024},
        {"hop_length": 500},
        {"sample_rate": 8000, "f_max": 8000},
        {"f_min": 20.0},
        {"f_max": 7999.0},
        {"power_floor": 1e-9},
    ],
    ids=str,
)
def test_another_front_end_is_refused_by_name(default, options):
    network = DeployedBiDFSMN(model_file.read(default.path))
    name = next(iter(options))
    with pytest.raises(ValueError, match=f"^features: expected {name} "):
        TorchModel(network, DeployedLogMel(**options))
