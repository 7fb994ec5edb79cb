"""The engine, and files for it; without the engine all here is skipped."""

import importlib

import networks
import numpy as np
import pytest
import torch


@pytest.fixture(scope="session", autouse=True)
def engine():
    """The engine's package; without it, this folder is skipped."""
    return pytest.importorskip(
        "bifsmn_engine",
        reason="bifsmn_engine is not installed: pip install ./arm_kernel",
        exc_type=ImportError,
    )


def pytest_generate_tests(metafunc):
    """Runs tests that ask for ``instruction_set`` with every one of them."""
    if "instruction_set" in metafunc.fixturenames:
        try:
            names = importlib.import_module("bifsmn_engine").available_paths()
        except ImportError:
            names = []
        metafunc.parametrize("instruction_set", names)


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
