"""The engine's interface, computed by torch where the engine is missing."""

import copy
import os

import numpy as np
import torch

from speechbrain_bifsmn.devices import usable_device
from speechbrain_bifsmn.inference.waveform import as_array, check_range
from speechbrain_bifsmn.lobes.deployed_features import DeployedLogMel
from speechbrain_bifsmn.lobes.models.deployed import DeployedBiDFSMN
from speechbrain_bifsmn.utils import model_file
from speechbrain_bifsmn.utils.model_format import front_end_options

BATCH = 64  # windows at a time


# OpenMP's threads do not exist in a child of fork, which would wait for them.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))


class TorchModel:
    """A ``.bifsmn`` file as ``bifsmn_engine.Model`` runs it, on any device.

    Features and logits are the same bits.

    Arguments
    ---------
    network : DeployedBiDFSMN
        On its device.
    features : DeployedLogMel
        The front end, there as well.

    Example
    -------
    >>> from speechbrain_bifsmn.pretrained import MODEL
    >>> model = TorchModel.load(MODEL)
    >>> model.classify(np.zeros(16000, np.float32)).shape
    (12,)
    """

    path = "torch"  # in place of an instruction set

    def __init__(self, network, features):
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
        self.threshold, self.smoothing = c.threshold, c.smoothing
        self.labels, self.depths = list(network.labels), network.depths

    @classmethod
    def load(cls, path, device="cpu"):
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
    def depth(self):
        """The depth setting; may be set at any time."""
        return self._network.depth

    @depth.setter
    def depth(self, depth):
        if depth not in self.depths:
            raise ValueError(
                f"depth: expected one of {list(self.depths)}, got {depth!r}"
            )
        self._network.depth = depth

    def copy(self):
        """Returns a model of its own depth setting; the weights are shared."""
        return TorchModel(copy.copy(self._network), self._features)

    def stream(self):
        """Returns a stream at the present depth setting."""
        return TorchStream(self)

    def classify(self, audio):
        """Classifies a clip: posteriors [classes] of at most a window."""
        return self.classify_windows(self._window(audio)[None])[0]

    def features(self, audio):
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
    def logits(self, features):
        """Classifies features: [T][F], or a batch [B][T][F]."""
        features = torch.tensor(np.asarray(features, np.float32))
        c = self._network.config
        expected, found = (c.frames, c.mels), tuple(features.shape)
        if found[-2:] != expected or len(found) > 3:
            raise ValueError(
                f"features: expected {list(expected)}, frames by mel bands, or "
                f"a batch of them, got {found}"
            )
        batch = features.view(-1, *expected).to(self._device)
        logits = self._network(batch).cpu().numpy()
        return logits.reshape(*features.shape[:-2], -1)

    def classify_windows(self, windows):
        """Returns posteriors [n][classes] of windows [n][window_samples]."""
        # In double precision, as the engine does.
        logits = self.window_logits(windows).cpu().double()
        return logits.softmax(-1).float().numpy()

    @torch.no_grad()
    def window_logits(self, windows):
        """Returns logits (n, classes) of windows [n][window_samples]."""
        windows = np.asarray(windows, np.float32)
        check_range(windows)
        windows = torch.tensor(windows)
        parts = windows.to(self._device).split(BATCH)
        logits = [self._network(self._features(part)) for part in parts]
        return torch.cat(logits)

    @property
    def _device(self):
        return next(self._network.buffers()).device


def front_end(config):
    """Returns the features of a model file's header.

    Arguments
    ---------
    config : Config
        The header.

    Returns
    -------
    DeployedLogMel
    """
    return DeployedLogMel(**front_end_options(config))


def floats_of(audio):
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
    audio = as_array(audio)
    if audio.ndim != 1:
        raise ValueError(
            f"audio: expected one channel, [samples], got {audio.shape}; pass "
            "one channel at a time"
        )
    if audio.dtype == np.int16:
        return audio.astype(np.float32) / 32768
    with np.errstate(over="ignore"):  # infinity is refused
        audio = audio.astype(np.float32)
    check_range(audio)
    return audio


class TorchStream:
    """Classifies a stream, whatever the length of its chunks.

    Arguments
    ---------
    model : TorchModel
        Its depth setting is where the stream's own starts.
    """

    def __init__(self, model):
        self._model = model.copy()
        self.reset()

    @property
    def depth(self):
        """The depth setting; may be set at any time."""
        return self._model.depth

    @depth.setter
    def depth(self, depth):
        self._model.depth = depth

    def push(self, audio):
        """Takes more audio; returns posteriors [n][classes], as the engine."""
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
            [model.classify_windows(windows[k : k + BATCH]) for k in parts]
        )

    def reset(self):
        """Forgets all audio so far."""
        self._audio = np.zeros(0, np.float32)
