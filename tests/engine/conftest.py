"""The engine, and files for it; without the engine all here is skipped."""

import importlib
import os
import shutil
import subprocess
from pathlib import Path

import networks
import numpy as np
import pytest
import torch
from filelock import FileLock

KERNEL = Path(__file__).resolve().parents[2] / "arm_kernel"


@pytest.fixture(scope="session", autouse=True)
def engine():
    """The engine's package; without it, this folder is skipped."""
    pytest.importorskip(
        "bifsmn_engine.model",
        reason="the engine's library is not built: pip install ./arm_kernel",
        exc_type=ImportError,
    )
    return importlib.import_module("bifsmn_engine")


def pytest_generate_tests(metafunc):
    """Runs tests that ask for ``instruction_set`` with every one of them."""
    if "instruction_set" in metafunc.fixturenames:
        try:
            names = importlib.import_module("bifsmn_engine").available_isas()
        except ImportError:
            names = []
        metafunc.parametrize("instruction_set", names)


@pytest.fixture(scope="session")
def build(tmp_path_factory):
    """A folder in which CMake has built the engine and its programs."""
    if not (shutil.which("cmake") and shutil.which("c++")):
        pytest.skip("no cmake or no C++ compiler (c++); install both")
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # has a folder within it
        shared = shared.parent
    folder = shared / "build"
    with FileLock(shared / "build.lock"):
        for command in (["-S", KERNEL, "-B", folder], ["--build", folder]):
            subprocess.run(["cmake", *command], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def export(tmp_path_factory):
    """Returns a function from a name of ``NETWORKS`` to ``Exported``."""
    folder, made = tmp_path_factory.mktemp("models"), {}

    def get(name):
        if name not in made:
            with torch.random.fork_rng():
                torch.manual_seed(len(name))
                options = networks.NETWORKS[name]
                path = folder / f"{name}.bifsmn"
                made[name] = networks.export(path, options)
        return made[name]

    return get


@pytest.fixture(scope="session")
def default(export):
    """The network of default sizes."""
    return export("default")


@pytest.fixture
def model(engine, default):
    """That network in the engine, on its best path."""
    return engine.Model.load(default.path)


@pytest.fixture
def features(default):
    """(B, T, F), random."""
    return default.features[:6].numpy()


@pytest.fixture
def audio(model):
    """A window of noise, in int16."""
    random = np.random.default_rng(0)
    return random.integers(-9999, 9999, model.window_samples, np.int16)
