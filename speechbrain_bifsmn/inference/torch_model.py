"""The engine's interface, computed by torch where the engine is missing."""

import copy

import numpy as np
import torch

from speechbrain_bifsmn.lobes.deployed_features import DeployedLogMel
from speechbrain_bifsmn.lobes.models.deployed import DeployedBiDFSMN
from speechbrain_bifsmn.utils import model_file

BATCH = 64  # windows at a time


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
        front = features.n_fft, features.hop_length, features.n_mels
        if front != (c.n_fft, c.hop, c.mels):
            raise ValueError(
                f"features: expected n_fft, hop and mel bands {front} to be "
                f"those of the model file, {(c.n_fft, c.hop, c.mels)}"
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
        audio = np.asarray(audio, np.float32)
        missing = self.window_samples - len(audio)
        if audio.ndim != 1 or missing < 0:
            raise ValueError(
                f"audio: expected at most {self.window_samples} samples of one "
                f"channel, got {audio.shape}; use a stream for longer audio"
            )
        return self.classify_windows(np.pad(audio, (0, missing))[None])[0]

    def features(self, audio):
        """Computes the features [T][F] of a window."""
        windows = torch.tensor(np.asarray(audio, np.float32))[None]
        return self._features(windows.to(self._device))[0].cpu().numpy()

    @torch.no_grad()
    def logits(self, features):
        """Classifies features: [T][F], or a batch [B][T][F]."""
        features = torch.tensor(np.asarray(features, np.float32))
        batch = features.view(-1, *features.shape[-2:]).to(self._device)
        logits = self._network(batch).cpu().numpy()
        return logits.reshape(*features.shape[:-2], -1)

    def classify_windows(self, windows):
        """Returns posteriors [n][classes] of windows [n][window_samples]."""
        return self.window_logits(windows).softmax(-1).cpu().numpy()

    @torch.no_grad()
    def window_logits(self, windows):
        """Returns logits (n, classes) of windows [n][window_samples]."""
        parts = torch.tensor(windows).float().to(self._device).split(BATCH)
        logits = [self._network(self._features(part)) for part in parts]
        return torch.cat(logits)

    @property
    def _device(self):
        return self._features.window.device


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
    c = config
    return DeployedLogMel(
        c.sample_rate, c.mels, n_fft=c.n_fft, hop_length=c.hop
    )


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
        audio = np.asarray(audio, np.float32)
        if audio.ndim != 1 or not np.isfinite(audio).all():
            raise ValueError(
                "audio: expected finite samples of one channel, got "
                f"{audio.shape}; check where they come from"
            )
        model, self._audio = self._model, np.append(self._audio, audio)
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
