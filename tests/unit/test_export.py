import sys
from types import SimpleNamespace

import pytest
import torch
from random_networks import decibels, random_network

from bifsmn_engine.format import model_file
from speechbrain_bifsmn.deploy.export import export
from speechbrain_bifsmn.deploy.network import DeployedBiDFSMN

LABELS = ["yes", "no"]


@pytest.fixture(scope="module")
def network():
    return random_network(2, layers=4, channels=16, hidden=48)


def engine(logits):
    """Stands for the native engine's package."""

    def load(path):
        return SimpleNamespace(
            isa="test", thinning=1, logits=lambda x: logits(path, x)
        )

    return SimpleNamespace(Model=SimpleNamespace(load=load))


def test_a_file_is_written_and_compared(network, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "bifsmn_engine.model", None)
    network.thinning = 2
    examples = decibels(70)
    path = tmp_path / "pair.bifsmn"
    done = export(network, path, LABELS, examples)
    assert network.thinning == 2
    assert done.engine == "not installed"
    assert done.bytes == path.stat().st_size
    deployed = DeployedBiDFSMN(model_file.read(path))
    for thinning in network.thinnings:
        network.thinning = deployed.thinning = thinning
        assert torch.equal(done.logits[thinning], network(examples))
        assert torch.equal(done.logits[thinning], deployed(examples))
    network.thinning = 1


def test_an_engine_that_differs_stops_the_export(
    network, tmp_path, monkeypatch
):
    wrong = engine(lambda path, x: x[:, 0, :2] * 0)
    monkeypatch.setitem(sys.modules, "bifsmn_engine.model", wrong)
    with pytest.raises(RuntimeError, match=r"engine \(test\): .* example 0"):
        export(network, tmp_path / "pair.bifsmn", LABELS, decibels(3))
    assert not list(tmp_path.iterdir())


def test_the_name_says_what_it_is(network, tmp_path):
    with pytest.raises(ValueError, match="expected name.bifsmn, got pair.bin"):
        export(network, tmp_path / "pair.bin", LABELS, decibels(1))
