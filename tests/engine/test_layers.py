"""Every layer of the scalar reference, beside the same layer in torch."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from random_networks import SMALL, decibels, front_end, random_network

from speechbrain_bifsmn.deploy.folding import fold
from speechbrain_bifsmn.deploy.network import DeployedBiDFSMN
from speechbrain_bifsmn.deploy.writer import write_model

KERNEL = Path(__file__).resolve().parents[2] / "arm_kernel"


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
    """Reads what the program has written."""
    at, layers = 0, []
    while at < len(content) - 4 * classes:
        n, planes = np.frombuffer(content, "<u4", 2, at)
        at += 8
        dots = np.frombuffer(content, "<i4", n * planes, at)
        at += dots.nbytes
        values = np.frombuffer(content, "<f4", n, at)
        at += values.nbytes
        layers.append((dots.reshape(planes, n), values))
    return layers, np.frombuffer(content, "<f4", classes, at)


@pytest.mark.parametrize("options", [{}, {"planes": 1}, SMALL])
@pytest.mark.parametrize("thinning", [1, 2, 4])
def test_layers_are_the_same_bits(program, tmp_path, options, thinning):
    net = random_network(5, **options)
    model = fold(net, list("abcde"), front_end(net))
    write_model(model, tmp_path / "a.bifsmn")
    x = decibels(1, net.frames, net.n_mels)
    x.numpy().tofile(tmp_path / "features")
    names = [tmp_path / n for n in ("a.bifsmn", "features", "out")]
    command = [program, *names[:2], str(thinning), names[2]]
    subprocess.run(command, check=True)
    layers, logits = layers_of(names[2].read_bytes(), 5)
    deployed, trace = DeployedBiDFSMN(model).eval(), []
    deployed.thinning = thinning
    with torch.no_grad():
        expected = deployed(x, trace=trace)
    assert len(layers) == len(trace)
    for (dots, values), (name, block, *planes, wanted) in zip(
        layers, trace, strict=True
    ):
        planes = [plane.flatten() for plane in planes if plane is not None]
        assert len(dots) == len(planes)
        for found, plane in zip(dots, planes, strict=True):
            np.testing.assert_array_equal(found, plane, f"{name} {block}")
        if name == "conv1":  # torch leaves it as (F / 2, T / 2, P) too
            assert values.size == wanted.numel()
        np.testing.assert_array_equal(values, wanted.flatten(), name)
    np.testing.assert_array_equal(logits, expected[0])
