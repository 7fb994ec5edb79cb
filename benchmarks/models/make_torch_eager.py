"""Copies the weights of the network with PReLU, which torch reads itself.

python -m benchmarks.models.make_torch_eager NETWORKS OUT
"""

import shutil
import sys
from pathlib import Path


def main(networks: Path, out: Path) -> None:
    """Copies the weights of each thinning."""
    for path in networks.glob("weights_prelu_*.npz"):
        shutil.copy(path, out / path.name.replace("weights", "fp32"))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
