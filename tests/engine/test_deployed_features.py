"""Torch's twin of the engine's front end: the same bits, of any audio."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from random_networks import random_network

from bifsmn_engine.format import model_file
from speechbrain_bifsmn.deploy.features import DeployedLogMel
from speechbrain_bifsmn.deploy.folding import fold
from speechbrain_bifsmn.deploy.torch_model import TorchModel, front_end
from speechbrain_bifsmn.deploy.writer import write_model
from speechbrain_bifsmn.lobes.features import LogMel

FRONT_ENDS = [
    {},
    {"n_fft": 256, "hop_length": 253},
    {"n_fft": 512},
    {"n_fft": 1024, "n_mels": 40},
    {"n_fft": 4096, "n_mels": 12, "hop_length": 840},
    {"n_fft": 4096, "n_mels": 4, "hop_length": 840},
    {"f_min": 20.1, "f_max": 4000.3, "power_floor": 1e-4},
    {"f_max": 300, "power_floor": 2.0},
    {"f_min": 7000, "power_floor": 1e-45},
    {"sample_rate": 8000, "hop_length": 253},
]


def clips():
    """Noises, from faint to too loud; a tone; an impulse; silence."""
    random = np.random.default_rng(0)
    levels = 10.0 ** np.arange(-9, 1)[:, None]
    noise = random.standard_normal((10, 16000)) * levels
    time = np.arange(16000) / 16000
    tone = np.rint(32767 * np.sin(2 * np.pi * 440 * time)) / 32768
    impulse = time == 0.5
    steps = np.sign(np.sin(2 * np.pi * 3 * time))
    return np.stack([*noise, tone, impulse, steps, 0 * time]).astype("f4")


def write_front_end(path, options):
    """A model file with such a front end, whatever its network."""
    sizes = {"layers": 4, "channels": 48, "hidden": 80}
    rate, hop = (
        options.get("sample_rate", 16000),
        options.get("hop_length", 512),
    )
    sizes["frames"] = 1 + rate // hop
    sizes["n_mels"] = options.get("n_mels", 32)
    folded = fold(
        random_network(classes=2, **sizes), ["a", "b"], LogMel(**options)
    )
    write_model(folded, path)
    return path


@pytest.mark.parametrize("options", FRONT_ENDS, ids=str)
def test_the_same_bits(engine, options, tmp_path):
    path = write_front_end(tmp_path / "m.bifsmn", options)
    model = engine.Model.load(path)
    audio = clips()[:, : model.window_samples]
    expected = np.stack([model.features(clip) for clip in audio])
    found = DeployedLogMel(**options)(torch.from_numpy(audio)).numpy()
    np.testing.assert_array_equal(found, expected)
    # As the header has it.
    stated = front_end(model_file.read(path).config)(torch.from_numpy(audio))
    np.testing.assert_array_equal(stated.numpy(), expected)


def test_every_instruction_set(instruction_set, tmp_path):
    path = write_front_end(tmp_path / "m.bifsmn", {})
    np.save(tmp_path / "clips.npy", clips())
    code = (
        "import sys, numpy, bifsmn_engine\n"
        "model = bifsmn_engine.Model.load(sys.argv[1])\n"
        "clips = numpy.load(sys.argv[2])\n"
        "rows = [model.features(clip) for clip in clips]\n"
        "numpy.save(sys.argv[3], numpy.stack(rows))\n"
    )
    names = ["m.bifsmn", "clips.npy", "features.npy"]
    subprocess.run(
        [sys.executable, "-c", code, *(str(tmp_path / n) for n in names)],
        env={**os.environ, "BIFSMN_ISA": instruction_set},
        check=True,
    )
    assert path.is_file()
    found = DeployedLogMel()(torch.from_numpy(clips())).numpy()
    np.testing.assert_array_equal(found, np.load(tmp_path / names[-1]))


@pytest.mark.parametrize("options", [{}, *FRONT_ENDS[6:8]], ids=str)
def test_those_of_training_differ_by_rounding(options):
    audio = torch.from_numpy(clips()[5:9])
    found, trained = DeployedLogMel(**options)(audio), LogMel(**options)(audio)
    assert (found != trained).any()
    torch.testing.assert_close(found, trained, rtol=0, atol=1e-3)


def test_a_batch_is_its_clips():
    audio = torch.from_numpy(clips())
    features = DeployedLogMel()
    rows = [features(clip[None]) for clip in audio]
    assert torch.equal(features(audio), torch.cat(rows))


def test_from_audio_to_logits(engine, default):
    """Hence torch and the engine decide alike, whatever they hear."""
    model, twin = engine.Model.load(default.path), TorchModel.load(default.path)
    audio = clips()
    for thinning in model.thinnings:
        model.thinning = twin.thinning = thinning
        features = np.stack([model.features(clip) for clip in audio])
        found = twin.window_logits(audio).numpy()
        np.testing.assert_array_equal(found, model.logits(features))
