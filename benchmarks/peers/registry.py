"""The peers: what makes their models, and what runs them.

Each form is NUMBERS_ACTIVATION: of the same function ("prelu") or with ReLU in
PReLU's place ("relu"), which is another network, but what one would deploy in
int8: it is the fastest.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    """A way to run the network, and what it needs.

    Arguments
    ---------
    title : str
        For people.
    driver : str
        The program that runs its models (see ``drive``).
    suffix : str
        Of the files that the maker writes, FORM_DEPTH and this.
    forms : dict
        {name in the results: form}.
    requirements : str
        What the driver imports; empty: it runs in this environment.
    maker : str
        The program that makes the models: ``MAKER NETWORKS OUT``, both folders.
    made_with : str
        What the maker imports.
    project_torch : bool
        Driver and maker import the torch that trains, of this environment.
    sources : tuple
        Of what else the models are made: files beside this one.
    """

    title: str
    driver: str
    suffix: str
    forms: dict
    requirements: str = ""
    maker: str = ""
    made_with: str = ""
    project_torch: bool = False
    sources: tuple = ()


LITERT = Peer(
    title="LiteRT",
    driver="litert.py",
    requirements="litert.txt",
    maker="make_tflite.py",
    made_with="make_tflite.txt",
    suffix=".tflite",
    forms={
        "litert_fp32_prelu": "fp32_prelu",
        "litert_fp32_relu": "fp32_relu",
        "litert_int8_prelu": "int8_prelu",
        "litert_int8": "int8_relu",
    },
)
ONNX_RUNTIME = Peer(
    title="ONNX Runtime",
    driver="onnx_runtime.py",
    requirements="onnx_runtime.txt",
    maker="make_onnx.py",
    made_with="make_onnx.txt",
    suffix=".onnx",
    forms={
        "ort_fp32_prelu": "fp32_prelu",
        "ort_fp32_relu": "fp32_relu",
        "ort_int8_prelu": "int8_prelu",
        "ort_int8": "int8_relu",
    },
    project_torch=True,
    sources=("torch_network.py",),
)
TORCH_EAGER = Peer(
    title="torch, eager",
    driver="torch_eager.py",
    requirements="torch.txt",
    maker="make_torch_eager.py",
    made_with="torch.txt",
    suffix=".npz",
    forms={"torch_eager": "fp32_prelu"},
    project_torch=True,
)
TORCH_COMPILED = Peer(
    title="torch, compiled",
    driver="torch_compiled.py",
    requirements="torch.txt",
    maker="make_torch_compiled.py",
    made_with="torch.txt",
    suffix=".pt2",
    forms={"torch_compiled": "fp32_prelu"},
    project_torch=True,
    sources=("torch_network.py",),
)
EXECUTORCH = Peer(
    title="ExecuTorch",
    driver="executorch_xnnpack.py",
    requirements="executorch.txt",
    maker="make_executorch.py",
    made_with="executorch.txt",
    suffix=".pte",
    forms={
        "executorch_fp32_prelu": "fp32_prelu",
        "executorch_fp32_relu": "fp32_relu",
        "executorch_int8": "int8_relu",
    },
    project_torch=True,
    sources=("torch_network.py",),
)
LCE = Peer(
    title="Larq Compute Engine",
    driver="lce.py",
    requirements="lce.txt",
    maker="make_larq.py",
    made_with="make_larq.txt",
    suffix=".tflite",
    forms={"lce": "lce_binary"},
)
PEERS = (
    LITERT,
    ONNX_RUNTIME,
    TORCH_EAGER,
    TORCH_COMPILED,
    EXECUTORCH,
    LCE,
)


PATHS = ("avx512", "avx2", "neon", "portable", "reference")
WORDS = {
    "fp32": "FP32",
    "prelu": "PReLU",
    "relu": "ReLU",
    "binary": "1 bit",
    "lce": "one plane",
}


def titles():
    """Returns what tables call the sides, by their names in the results."""
    named = {f"bifsmn_{path}": f"engine, {path}" for path in PATHS}
    for peer in PEERS:
        for name, form in peer.forms.items():
            words = [WORDS.get(part, part) for part in form.split("_")]
            named[name] = f"{peer.title} {', '.join(words)}"
    return named
