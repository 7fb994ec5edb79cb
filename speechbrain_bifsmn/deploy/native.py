"""A model file as a lobe: run by the engine, or by torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from speechbrain.utils.checkpoints import (
    mark_as_transfer,
    register_checkpoint_hooks,
)
from torch import nn

from bifsmn_engine.backends import BACKENDS, find_native
from bifsmn_engine.format import model_file
from speechbrain_bifsmn.deploy.network import DeployedBiDFSMN
from speechbrain_bifsmn.lobes.models.dfsmn import fill_frames
from speechbrain_bifsmn.nnet.binarizer import is_traced
from speechbrain_bifsmn.nnet.network_output import check_thinning


@register_checkpoint_hooks
class NativeBiDFSMN(nn.Module):
    """BiDFSMN from a ``.bifsmn`` file, with the engine's speed.

    The two backends are bit-exact. Neither can be trained: there are no
    gradients. The engine runs on the CPU, wherever the tensors are.

    Arguments
    ---------
    path : str | Path, optional
        A ``.bifsmn`` file. None where a pretrainer will load it (``load``).
    backend : str
        "native" for the engine (the package bifsmn-engine), "torch", or "auto":
        the engine where it is installed, and otherwise torch, which is logged.
    thinning : int
        Every n-th block runs: 1 runs all, 2 half of them, 4 a quarter.

    Example
    -------
    >>> from tempfile import TemporaryDirectory
    >>> from speechbrain_bifsmn.deploy.folding import fold
    >>> from speechbrain_bifsmn.deploy.writer import write_model
    >>> from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
    >>> folder = TemporaryDirectory()
    >>> path = f"{folder.name}/model.bifsmn"
    >>> size = write_model(fold(BiDFSMN(classes=2), ["yes", "no"]), path)
    >>> net = NativeBiDFSMN(path, backend="torch", thinning=4)
    >>> net(torch.zeros(4, 32, 32), torch.ones(4)).shape
    torch.Size([4, 2])
    >>> net.labels
    ['yes', 'no']
    """

    path: Path | None
    _network: Any  # an engine's Model, a DeployedBiDFSMN, or None

    def __init__(
        self,
        path: str | Path | None = None,
        backend: str = "auto",
        thinning: int = 1,
    ) -> None:
        super().__init__()
        if backend not in BACKENDS:
            raise ValueError(
                f"backend: expected one of {list(BACKENDS)}, got {backend!r}"
            )
        self.backend, self._thinning = backend, thinning
        self.path, self._network = None, None
        if path is not None:
            self.load(path)

    @mark_as_transfer
    def load(self, path: str | Path) -> None:
        """Takes another file, as SpeechBrain's ``Pretrainer`` does.

        Arguments
        ---------
        path : str | Path
            A ``.bifsmn`` file, by whatever name.
        """
        native = find_native(self.backend)
        self.backend = "native" if native else "torch"
        if native:
            self._network = native.load(path)
        else:
            self._network = DeployedBiDFSMN(model_file.read(path))
        self.path = Path(path).absolute()
        self.thinning = self._thinning

    @property
    def network(self) -> Any:
        """What computes: an engine's ``Model``, or a ``DeployedBiDFSMN``."""
        if self._network is None:
            raise ValueError(
                "expected a model file, got none yet; give path=, or load one"
            )
        return self._network

    @property
    def labels(self) -> list[str]:
        """Names of the outputs, in their order."""
        return list(self.network.labels)

    @property
    def thinnings(self) -> tuple[int, ...]:
        """The thinnings that the network has: 1, 2, 4, ..."""
        return self.network.thinnings

    @property
    def thinning(self) -> int:
        """The thinning; may be set at any time."""
        return self._thinning

    @thinning.setter
    def thinning(self, thinning: int) -> None:
        check_thinning(thinning, self.thinnings)
        self._thinning = self.network.thinning = thinning

    @torch.no_grad()
    def forward(
        self, features: torch.Tensor, lengths: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Classifies log-mel features.

        Arguments
        ---------
        features : torch.Tensor
            (B, T, F) in decibels, with T up to that of a whole input.
        lengths : torch.Tensor, optional
            (B,), relative lengths in (0, 1]; what lies beyond is silence.

        Returns
        -------
        torch.Tensor
            Logits (B, classes) in single precision, where ``features`` are.
        """
        network = self.network
        if self.backend == "native" and is_traced():
            raise RuntimeError(
                "NativeBiDFSMN: expected backend='torch' to export, compile or "
                "trace it, got 'native'; the engine is no graph of torch"
            )
        features = features.detach().float()
        if self.backend == "torch":
            return network(features, lengths)
        features = fill_frames(features, lengths, network.frames, network.mels)
        logits = network.logits(features.cpu().numpy())
        return torch.from_numpy(logits).to(features.device)

    def __getstate__(self):
        """An engine stays in its process; a copy loads the file again."""
        state = self.__dict__.copy()
        if self.backend == "native":
            state["_network"] = None
        return state

    def __setstate__(self, state):
        """Loads the file, where there was one."""
        super().__setstate__(state)
        if self.path is not None and self.backend == "native":
            self.load(self.path)
