"""Every layer of the scalar reference, beside the same layer in torch."""

import shutil
import struct
import subprocess
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from random_networks import SMALL, decibels, front_end, random_network

from speechbrain_bifsmn.deploy.folding import fold
from speechbrain_bifsmn.deploy.network import DeployedBiDFSMN
from speechbrain_bifsmn.deploy.writer import write_model

KERNEL = Path(__file__).resolve().parents[2] / "arm_kernel"
HEAD = struct.Struct("<12s3I")  # name, block, n, whether there are dots


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The reference, told to write down what it computes."""
    compiler = shutil.which("c++")
    if not compiler:
        pytest.skip("no C++ compiler (c++); install g++")
    path = tmp_path_factory.mktemp("trace") / "trace"
    sources = [KERNEL / "tests" / "trace.cpp"]
    sources += [
        KERNEL / "src" / name
        for name in ("kernels/reference.cpp", "format/format.cpp")
    ]
    flags = ["-std=c++17", "-O1", "-ffp-contract=off"]
    folders = [f"-I{KERNEL / name}" for name in ("include", "src")]
    command = [compiler, *flags, *folders, *sources, "-o", path]
    subprocess.run(command, check=True)
    return path


def layers_of(content, classes):
    """Reads what the program has written: layers, and logits.

    A layer is ((name, block), dots or None, values), its positions in a row.
    """
    at, positions = 0, []
    while at < len(content) - 4 * classes:
        name, block, n, has_dots = HEAD.unpack_from(content, at)
        rows = np.frombuffer(content, "<i4", n << has_dots, at + HEAD.size)
        at += HEAD.size + rows.nbytes
        key = name.rstrip(b"\0").decode(), block
        positions.append((key, rows[:n] if has_dots else None, rows[-n:]))
    layers = []
    for key, group in groupby(positions, key=lambda position: position[0]):
        _, dots, values = zip(*group, strict=True)
        dots = None if dots[0] is None else np.concatenate(dots)
        layers.append((key, dots, np.concatenate(values)))
    return layers, np.frombuffer(content, "<f4", classes, at)


def check_input(features, config, layer):
    """Compares the codes of features (T, F)."""
    low = np.float32(config.input_low)
    if config.input_reference:
        low = features.max() + low
    y = (features - low) * np.float32(config.input_gain)
    key, dots, values = layer
    assert (key, dots) == (("input", 0), None)
    np.testing.assert_array_equal(values, np.rint(y.clip(0, 127)).flatten())
    assert 30 < len(np.unique(values))


def check_classifier(x, arrays, logits, layer):
    """Compares the codes of the last activations (U C,), and the logits."""
    shift = arrays["classifier.shift"]
    codes = (x.astype(int) + (1 << shift - 1) >> shift).clip(-128, 127)
    key, dots, values = layer
    assert (key, dots) == (("classifier", 0), None)
    np.testing.assert_array_equal(values, codes)
    weight = arrays["classifier.weight"]
    weight = np.tile(weight, len(codes) // weight.shape[1])
    sums = weight @ codes + arrays["classifier.biases"]
    unit = np.float32(arrays["classifier.unit"])
    np.testing.assert_array_equal(logits, sums.astype(np.float32) * unit)


@pytest.mark.parametrize(
    "options", [{}, {"planes": 1}, SMALL, {**SMALL, "planes": 1}], ids=str
)
@pytest.mark.parametrize("thinning", [1, 2, 4])
def test_layers_are_the_same_numbers(program, tmp_path, options, thinning):
    net = random_network(5, **options)
    model = fold(net, list("abcde"), front_end(net))
    write_model(model, tmp_path / "a.bifsmn")
    features = decibels(1, net.frames, net.n_mels)
    features.numpy().tofile(tmp_path / "features")
    names = [tmp_path / n for n in ("a.bifsmn", "features", "out")]
    command = [program, *names[:2], str(thinning), names[2]]
    subprocess.run(command, check=True)
    layers, logits = layers_of(names[2].read_bytes(), 5)
    deployed, trace = DeployedBiDFSMN(model), []
    deployed.thinning = thinning
    expected = deployed(features, trace=trace)
    first, *between, last = layers
    check_input(features[0].numpy(), model.config, first)
    for (key, dots, values), (*name, x, sums) in zip(
        between, trace, strict=True
    ):
        assert list(key) == name
        if name[0] == "conv1":  # whose sums count as activations
            x, sums = None, x
        np.testing.assert_array_equal(dots, sums.flatten(), str(key))
        if x is not None:
            np.testing.assert_array_equal(values, x.flatten(), str(key))
        assert len(np.unique(values)) > 1, key
    check_classifier(between[-1][2], model.arrays, logits, last)
    np.testing.assert_array_equal(logits, expected[0])
