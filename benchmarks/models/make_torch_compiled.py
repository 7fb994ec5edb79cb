"""Compiles the network with PReLU by AOTInductor.

    python -m benchmarks.models.make_torch_compiled NETWORKS OUT

Constants are folded, and of each matrix product the fastest kernel of those
that it has is chosen by trying them all.
"""

import sys
from pathlib import Path

import numpy as np
import torch

from benchmarks.models.torch_network import load

OPTIONS = {"freezing": True, "max_autotune": True}


def main(networks: Path, out: Path) -> None:
    """Compiles the network of each thinning."""
    torch.set_num_threads(1)
    inputs = torch.from_numpy(np.load(networks / "inputs.npy")[:1, None])
    for path in sorted(networks.glob("weights_prelu_*.npz")):
        name = path.with_suffix(".pt2").name.replace("weights", "fp32")
        torch._inductor.aoti_compile_and_package(
            torch.export.export(load(path), (inputs,)),
            package_path=str(out / name),
            inductor_configs=OPTIONS,
        )


if __name__ == "__main__":
    with torch.no_grad():
        main(*map(Path, sys.argv[1:]))
