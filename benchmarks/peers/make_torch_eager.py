"""Copies the weights of the network with PReLU, which torch reads itself.

python make_torch_eager.py NETWORKS OUT
"""

import shutil
import sys
from pathlib import Path


def main(networks, out):
    """Copies each depth setting's."""
    for path in networks.glob("weights_prelu_*.npz"):
        shutil.copy(path, out / path.name.replace("weights", "fp32"))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
