"""The peers of the engine: what makes their models, and what runs them.

Each form is NUMBERS_ACTIVATION: of the same function ("prelu") or with ReLU in
PReLU's place ("relu"), which is another network, but what one would deploy in
int8: it is the fastest.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from benchmarks.harness.cache import pins


@dataclass(frozen=True)
class Peer:
    """A way to run the network, and what it needs.

    Arguments
    ---------
    title : str
        For people.
    runner : str
        The module of ``benchmarks.backends`` that runs its models (see
        ``model_runner``).
    suffix : str
        Of the files that the maker writes, FORM_THINNING and this.
    forms : dict
        {name in the results: form}.
    requirements : str
        The file of what the runner imports; empty: it runs in this environment.
    maker : str
        The module of ``benchmarks.models`` that makes the models:
        ``MAKER NETWORKS OUT``, both folders.
    made_with : str
        The file of what the maker imports.
    project_torch : bool
        Runner and maker import the torch that trains, of this environment.
    sources : tuple
        Of what else the models are made: modules beside the maker.
    """

    title: str
    runner: str
    suffix: str
    forms: dict[str, str]
    requirements: str = ""
    maker: str = ""
    made_with: str = ""
    project_torch: bool = False
    sources: tuple[str, ...] = ()


LITERT = Peer(
    title="LiteRT",
    runner="litert",
    requirements="litert.txt",
    maker="make_tflite",
    made_with="make_tflite.txt",
    suffix=".tflite",
    forms={
        "litert_fp32_prelu": "fp32_prelu",
        "litert_fp32_relu": "fp32_relu",
        "litert_int8_prelu": "int8_prelu",
        "litert_int8": "int8_relu",
    },
)
# What it takes on processors whose newest instructions are AVX2.
LITERT_AVX2 = replace(
    LITERT,
    title="LiteRT on AVX2",
    runner="litert_avx2",
    forms={"litert_int8_avx2": "int8_relu"},
)
ONNX_RUNTIME = Peer(
    title="ONNX Runtime",
    runner="onnx_runtime",
    requirements="onnx_runtime.txt",
    maker="make_onnx",
    made_with="make_onnx.txt",
    suffix=".onnx",
    forms={
        "ort_fp32_prelu": "fp32_prelu",
        "ort_fp32_relu": "fp32_relu",
        "ort_int8_prelu": "int8_prelu",
        "ort_int8": "int8_relu",
    },
    project_torch=True,
    sources=("torch_network",),
)
TORCH_EAGER = Peer(
    title="torch, eager",
    runner="torch_eager",
    requirements="torch.txt",
    maker="make_torch_eager",
    made_with="torch.txt",
    suffix=".npz",
    forms={"torch_eager": "fp32_prelu"},
    project_torch=True,
)
TORCH_COMPILED = Peer(
    title="torch, compiled",
    runner="torch_compiled",
    requirements="torch.txt",
    maker="make_torch_compiled",
    made_with="torch.txt",
    suffix=".pt2",
    forms={"torch_compiled": "fp32_prelu"},
    project_torch=True,
    sources=("torch_network",),
)
EXECUTORCH = Peer(
    title="ExecuTorch",
    runner="executorch_xnnpack",
    requirements="executorch.txt",
    maker="make_executorch",
    made_with="executorch.txt",
    suffix=".pte",
    forms={
        "executorch_fp32_prelu": "fp32_prelu",
        "executorch_fp32_relu": "fp32_relu",
        "executorch_int8": "int8_relu",
    },
    project_torch=True,
    sources=("torch_network",),
)
LCE = Peer(
    title="Larq Compute Engine",
    runner="lce",
    requirements="lce.txt",
    maker="make_larq",
    made_with="make_larq.txt",
    suffix=".tflite",
    forms={"lce": "lce_binary"},
)
PEERS = (
    LITERT,
    LITERT_AVX2,
    ONNX_RUNTIME,
    TORCH_EAGER,
    TORCH_COMPILED,
    EXECUTORCH,
    LCE,
)

# The engine's instruction sets by architecture, best first. "reference" defines
# the result, at any speed.
ISAS = {
    "x86_64": ("avx512vl", "avx512vnni", "avx512", "avx2", "portable"),
    "aarch64": ("neon", "portable"),
}
WORDS = {
    "fp32": "FP32",
    "prelu": "PReLU",
    "relu": "ReLU",
    "binary": "1 bit",
    "lce": "one plane",
}


def titles() -> dict[str, str]:
    """Returns what tables call the backends, by their names in the results.

    Example
    -------
    >>> titles()["litert_int8"]
    'LiteRT int8, ReLU'
    """
    isas = {isa for listed in ISAS.values() for isa in (*listed, "reference")}
    named = {f"bifsmn_{isa}": f"engine, {isa}" for isa in isas}
    for peer in PEERS:
        for name, form in peer.forms.items():
            words = [WORDS.get(part, part) for part in form.split("_")]
            named[name] = f"{peer.title} {', '.join(words)}"
    return named


def all_pins(peers: Iterable[Peer]) -> dict[str, dict[str, str]]:
    """Returns the versions that runners and makers ask for, by their files."""
    files = {name for p in peers for name in (p.requirements, p.made_with)}
    return {name: pins(name) for name in sorted(files) if pins(name)}
