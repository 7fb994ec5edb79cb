"""Networks as graphs of torch, and in ONNX."""

import copy
import pickle

import numpy as np
import pytest
import torch

from bifsmn_engine.pretrained import MODEL
from speechbrain_bifsmn.deploy.folding import fold
from speechbrain_bifsmn.deploy.native import NativeBiDFSMN
from speechbrain_bifsmn.deploy.network import DeployedBiDFSMN
from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
from speechbrain_bifsmn.lobes.models.dfsmn import DFSMN

SIZES = {"layers": 4, "channels": 16, "hidden": 32, "front_channels": 8}


def bidfsmn(thinning=1):
    """A network of random weights, whose output is that of one thinning."""
    torch.manual_seed(thinning)
    network = BiDFSMN(classes=5, **SIZES)
    return OneThinning(network, thinning)


class OneThinning(torch.nn.Module):
    """Logits at one thinning: what is exported."""

    def __init__(self, network, thinning):
        super().__init__()
        self.network, self.thinning = network, thinning

    def forward(self, features):
        return self.network(features, thinnings=[self.thinning])[0].logits


def deployed(thinning=1):
    """What devices run of such a network."""
    torch.manual_seed(thinning)
    network = BiDFSMN(classes=5, **SIZES).eval()
    twin = DeployedBiDFSMN(fold(network, ["a", "b", "c", "d", "e"]))
    twin.thinning = thinning
    return twin


NETWORKS = {
    "deployed": lambda: deployed(2),
    "trained": lambda: bidfsmn(2),
    "teacher": lambda: OneThinning(DFSMN(classes=5, **SIZES), 1),
}


@pytest.fixture(params=NETWORKS, scope="module")
def network(request):
    """A network in eval()."""
    return NETWORKS[request.param]().eval()


def features(batch):
    """(batch, 32, 32) in dB."""
    generator = torch.Generator().manual_seed(batch)
    return 20 * torch.randn(batch, 32, 32, generator=generator) - 40


@pytest.mark.slow
@torch.no_grad()
def test_export_with_any_batch(network):
    """The bits of the network."""
    batch = torch.export.Dim("batch")
    program = torch.export.export(
        network, (features(2),), dynamic_shapes=({0: batch},)
    )
    for size in (1, 3, 7):
        found = program.module()(features(size))
        assert torch.equal(found, network(features(size)))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
@torch.no_grad()
def test_compile_and_trace(network):
    expected = network(features(3))
    compiled = torch.compile(network, fullgraph=True, backend="eager")
    assert torch.equal(compiled(features(3)), expected)
    traced = torch.jit.trace(network, features(2))
    torch.testing.assert_close(traced(features(3)), expected)


@torch.no_grad()
def test_copies(network):
    expected = network(features(3))
    for other in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        assert torch.equal(other(features(3)), expected)


@pytest.mark.parametrize("precision", [torch.half, torch.bfloat16])
def test_half_precision_is_refused(precision):
    """It does not hold the integers."""
    for network in (deployed(), bidfsmn()):
        with pytest.raises(TypeError, match="expected .*precision.*got torch"):
            network.to(precision)(features(2).to(precision))


def test_the_engine_is_no_graph():
    pytest.importorskip("bifsmn_engine.model", exc_type=ImportError)
    lobe = NativeBiDFSMN(MODEL, backend="native")
    for use in (
        lambda: torch.export.export(lobe, (features(2),), strict=False),
        lambda: torch.jit.trace(lobe, features(2)),
    ):
        with pytest.raises(RuntimeError, match="expected backend='torch' to"):
            use()


@pytest.mark.slow
def test_onnx(tmp_path):
    """Another runtime gives the very logits of the deployed network."""
    pytest.importorskip("onnxscript", reason="onnxscript is not installed")
    runtime = pytest.importorskip("onnxruntime", reason="not installed")
    network, path = deployed(2).eval(), tmp_path / "network.onnx"
    batch = torch.export.Dim("batch")
    torch.onnx.export(
        network,
        (features(2),),
        path,
        dynamo=True,
        dynamic_shapes=({0: batch},),
        verbose=False,
    )
    session = runtime.InferenceSession(path)
    (name,) = (each.name for each in session.get_inputs())
    for size in (1, 3, 7):
        (found,) = session.run(None, {name: features(size).numpy()})
        expected = network(features(size)).detach().numpy()
        np.testing.assert_array_equal(found, expected)
