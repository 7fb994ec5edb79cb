"""Torch, compiled ahead of time: no Python between its kernels."""

import torch
import torch_eager
from drive import drive


class Model(torch_eager.Model):
    """A package of AOTInductor."""

    def __init__(self, path, threads):
        torch.set_num_threads(threads)
        self.network = torch._inductor.aoti_load_package(str(path))


if __name__ == "__main__":
    drive(Model)
