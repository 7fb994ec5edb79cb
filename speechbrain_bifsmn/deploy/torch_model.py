"""The engine's interface, computed by torch where the engine is missing."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from bifsmn_engine.audio.waveform import as_clip, check_range, write_floats
from bifsmn_engine.detection import (
    REFRACTORY_S,
    Threshold,
    check_gate,
    of_keywords,
)
from bifsmn_engine.format import model_file
from bifsmn_engine.format.layout import Config, front_end_options
from bifsmn_engine.labels import SILENCE
from speechbrain_bifsmn.deploy.detector import Detector
from speechbrain_bifsmn.deploy.features import DeployedLogMel
from speechbrain_bifsmn.deploy.network import DeployedBiDFSMN
from speechbrain_bifsmn.devices import usable_device
from speechbrain_bifsmn.nnet.network_output import check_thinning

BATCH = 64  # windows at a time


# OpenMP's threads do not exist in a child of fork, which would wait for them.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))


class TorchModel:
    """A ``.bifsmn`` file as ``bifsmn_engine.Model`` runs it, on any device.

    Features and logits are bit-exact with the engine's.

    Arguments
    ---------
    network : DeployedBiDFSMN
        The network, on its device.
    features : DeployedLogMel
        The front end, on the same device.

    Example
    -------
    >>> from bifsmn_engine.pretrained import MODEL
    >>> model = TorchModel.load(MODEL)
    >>> model.classify(np.zeros(16000, np.float32)).shape
    (12,)
    """

    isa = "torch"  # in place of an instruction set

    def __init__(
        self, network: DeployedBiDFSMN, features: DeployedLogMel
    ) -> None:
        c = network.config
        for name, stated in front_end_options(c).items():
            found = getattr(features, name)
            if np.float32(found) != np.float32(stated):
                raise ValueError(
                    f"features: expected {name} {stated}, as the model file "
                    f"has it, got {found}"
                )
        self._network, self._features = network, features
        self.sample_rate, self.hop = c.sample_rate, c.hop
        self.window_samples = c.window_samples
        self.smoothing = c.smoothing
        self.labels, self.thinnings = list(network.labels), network.thinnings
        self.thresholds = of_keywords(self.labels, network.thresholds)

    @classmethod
    def load(cls, path: str | Path, device: str = "cpu") -> TorchModel:
        """Reads a file.

        Arguments
        ---------
        path : str | Path
            A ``.bifsmn`` file.
        device : str
            Where to compute.

        Returns
        -------
        TorchModel
        """
        device = usable_device(device)
        network = DeployedBiDFSMN(model_file.read(path))
        return cls(network.to(device), front_end(network.config).to(device))

    @property
    def thinning(self) -> int:
        """The thinning; may be set at any time."""
        return self._network.thinning

    @thinning.setter
    def thinning(self, thinning: int) -> None:
        check_thinning(thinning, self.thinnings)
        self._network.thinning = thinning

    def copy(self) -> TorchModel:
        """Returns a model with a separate thinning; the weights are shared."""
        return TorchModel(copy.copy(self._network), self._features)

    def stream(self, gate_db: float | None = None) -> TorchStream:
        """Returns a stream that starts at this thinning."""
        return TorchStream(self, gate_db)

    def detector(
        self,
        threshold: Threshold | None = None,
        smoothing: int | None = None,
        refractory_s: float = REFRACTORY_S,
        early: bool = False,
    ) -> Detector:
        """Returns a detector for the posteriors of this model."""
        return Detector(
            self.labels,
            self.hop / self.sample_rate,
            self.window_samples / self.sample_rate,
            self.thresholds if threshold is None else threshold,
            self.smoothing if smoothing is None else smoothing,
            refractory_s,
            early,
        )

    def classify(self, audio: ArrayLike) -> NDArray[np.float32]:
        """Classifies a clip: posteriors [classes] of at most a window."""
        return self.classify_windows(self._window(audio)[None])[0]

    def features(self, audio: ArrayLike) -> NDArray[np.float32]:
        """Computes the features [T][F] of a clip, of at most a window."""
        window = torch.from_numpy(self._window(audio))[None]
        return self._features(window.to(self._device))[0].cpu().numpy()

    def _window(self, audio):
        """Returns a clip, filled with zeros up to a whole window."""
        audio = floats_of(audio)
        missing = self.window_samples - len(audio)
        if missing < 0:
            raise ValueError(
                f"audio: expected at most {self.window_samples} samples, got "
                f"{len(audio)}; use a stream for longer audio"
            )
        return np.pad(audio, (0, missing))

    @torch.no_grad()
    def logits(self, features: ArrayLike) -> NDArray[np.float32]:
        """Classifies features: [T][F], or a batch [B][T][F]."""
        rows = torch.tensor(np.asarray(features, np.float32))
        c = self._network.config
        expected, found = (c.frames, c.mels), tuple(rows.shape)
        if found[-2:] != expected or len(found) > 3:
            raise ValueError(
                f"features: expected {list(expected)}, frames by mel bands, or "
                f"a batch of them, got {found}"
            )
        batch = rows.view(-1, *expected).to(self._device)
        logits = self._network(batch).cpu().numpy()
        return logits.reshape(*rows.shape[:-2], -1)

    def classify_windows(self, windows: ArrayLike) -> NDArray[np.float32]:
        """Returns posteriors [n][classes] of windows [n][window_samples]."""
        # In double precision, as the engine does.
        logits = self.window_logits(windows).cpu().double()
        return logits.softmax(-1).float().numpy()

    @torch.no_grad()
    def window_logits(self, windows: ArrayLike) -> torch.Tensor:
        """Returns logits (n, classes) of windows [n][window_samples]."""
        samples = np.asarray(windows, np.float32)
        check_range(samples)
        parts = torch.tensor(samples).to(self._device).split(BATCH)
        logits = [self._network(self._features(part)) for part in parts]
        return torch.cat(logits)

    @property
    def _device(self):
        return next(self._network.buffers()).device


def front_end(config: Config) -> DeployedLogMel:
    """Returns the front end that a model file states.

    Arguments
    ---------
    config : Config
        The header of the file.

    Returns
    -------
    DeployedLogMel
    """
    options: dict[str, Any] = front_end_options(config)
    return DeployedLogMel(**options)


def floats_of(audio: ArrayLike) -> NDArray[np.float32]:
    """Returns audio as the engine takes it: float32 from -1 to 1, [samples].

    Arguments
    ---------
    audio : array
        One channel of int16, or of floats.

    Returns
    -------
    numpy.ndarray

    Example
    -------
    >>> floats_of(np.array([16384], np.int16))
    array([0.5], dtype=float32)
    """
    samples = as_clip(audio)
    floats = np.empty(len(samples), np.float32)
    write_floats(samples, floats)
    check_range(floats)
    return floats


class TorchStream:
    """Classifies a stream, whatever the length of its chunks.

    Arguments
    ---------
    model : TorchModel
        What classifies; the stream starts at its thinning.
    gate_db : float, optional
        Windows of a lower level (dB from -200 to 0; full-scale samples have 0)
        count as silence, whatever the network finds.
    """

    _audio: NDArray[np.float32]

    def __init__(self, model: TorchModel, gate_db: float | None = None) -> None:
        if gate_db is not None:
            check_gate(gate_db)
        self._model, self._gate_db = model.copy(), gate_db
        self._silence = np.array([n == SILENCE for n in model.labels], "f")
        self.reset()

    @property
    def thinning(self) -> int:
        """The thinning; may be set at any time."""
        return self._model.thinning

    @thinning.setter
    def thinning(self, thinning: int) -> None:
        self._model.thinning = thinning

    def push(self, audio: ArrayLike) -> NDArray[np.float32]:
        """Takes more audio; returns posteriors [n][classes] of new windows."""
        model = self._model
        self._audio = np.append(self._audio, floats_of(audio))
        ready = 1 + (len(self._audio) - model.window_samples) // model.hop
        if ready <= 0:
            return np.zeros((0, len(model.labels)), np.float32)
        view = np.lib.stride_tricks.sliding_window_view
        windows = view(self._audio, model.window_samples)[:: model.hop][:ready]
        self._audio = self._audio[ready * model.hop :]
        parts = range(0, ready, BATCH)
        return np.concatenate(
            [self._posteriors(windows[k : k + BATCH]) for k in parts]
        )

    def _posteriors(self, windows):
        rows = self._model.classify_windows(windows)
        if self._gate_db is None:
            return rows
        levels = np.square(windows, dtype=np.float64).mean(axis=1)
        quiet = levels < 10 ** (self._gate_db / 10)
        return np.where(quiet[:, None], self._silence, rows)

    def reset(self) -> None:
        """Forgets all audio so far."""
        self._audio = np.zeros(0, np.float32)
