"""Model files, backends, sounds."""

from pathlib import Path

import numpy as np
import pytest
from random_networks import SMALL, front_end, random_network

from bifsmn_engine.audio.files import read_audio
from bifsmn_engine.loading import load_model
from speechbrain_bifsmn.deploy.folding import fold
from speechbrain_bifsmn.deploy.torch_model import TorchModel
from speechbrain_bifsmn.deploy.writer import write_model

RECIPE = Path(__file__).parents[2] / "recipes/SpeechCommands/BiFSMNv2"
CORPUS = RECIPE / "data/v1_subset"  # real speech, where it is


@pytest.fixture(params=["native", "torch"])
def backend(request):
    """Each backend; the engine where it is installed."""
    if request.param == "native":
        pytest.importorskip("bifsmn_engine.model", exc_type=ImportError)
    return request.param


@pytest.fixture(scope="session")
def small_file(tmp_path_factory, scene):
    """A model file of a small network, quick in torch too.

    Its weights are random, but in the scene each class is the best somewhere.
    """
    net = random_network(classes=6, **SMALL)
    labels = ["yes", "no", "up", "down", "unknown", "silence"]
    path = tmp_path_factory.mktemp("model") / "small.bifsmn"
    content = fold(net, labels, features=front_end(net), threshold=0.3)
    write_model(content, path)
    windows = np.lib.stride_tricks.sliding_window_view(scene, 16000)[::2000]
    logits = TorchModel.load(path).window_logits(windows).numpy()
    mean, deviation = logits.mean(0), logits.std(0)
    arrays = dict(content.arrays)
    # One unit for all classes: what each has on average is taken off.
    unit = arrays["classifier.unit"]
    biases = arrays["classifier.biases"] - np.rint(mean / unit).astype(int)
    arrays |= {
        "classifier.biases": biases,
        "classifier.unit": unit * np.float32(3 / deviation.mean()),
    }
    write_model(content._replace(arrays=arrays), path)
    return path


@pytest.fixture
def model(backend, small_file):
    """That network in a backend."""
    return load_model(small_file, backend)


@pytest.fixture(scope="session")
def real_clips():
    """Some (label, audio) of each keyword of the test set."""
    names = CORPUS / "testing_list.txt"
    if not names.is_file():
        pytest.skip(f"no real speech in {CORPUS}")
    clips, taken = [], {}
    for name in sorted(names.read_text().split()):
        label = name.split("/")[0]
        taken[label] = taken.get(label, 0) + 1
        if label in load_model().labels and taken[label] <= 10:
            clips.append((label, read_audio(CORPUS / name)))
    return clips


@pytest.fixture(scope="session")
def scene():
    """Eight seconds of changing sounds: windows of changing posteriors."""
    random = np.random.default_rng(0)
    noise = random.standard_normal(8 * 16000)
    loudness = np.repeat(random.uniform(0, 1, 80) ** 3, 1600)
    tones = np.sin(np.cumsum(np.repeat(random.uniform(0.05, 1, 160), 800)))
    return (0.2 * loudness * (tones + 0.2 * noise)).astype(np.float32)
