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
    requirements : str
        What the driver imports.
    maker : str
        The program that makes the models: ``MAKER NETWORKS OUT``, both folders.
    made_with : str
        What the maker imports.
    suffix : str
        Of the files that the maker writes, FORM_DEPTH and this.
    forms : dict
        {name in the results: form}.
    project_torch : bool
        Driver and maker import the torch that trains, of this environment.
    """

    title: str
    driver: str
    requirements: str
    maker: str
    made_with: str
    suffix: str
    forms: dict
    project_torch: bool = False


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
PEERS = (LITERT,)
