"""Torch, compiled ahead of time: no Python between its kernels."""

from pathlib import Path

import torch

from benchmarks.backends import torch_eager
from benchmarks.harness.model_runner import main


class Model(torch_eager.Model):
    """A package of AOTInductor."""

    def __init__(self, path: Path, threads: int):
        torch.set_num_threads(threads)
        self.network = torch._inductor.aoti_load_package(str(path))


if __name__ == "__main__":
    main(Model)
