"""A model file in its two implementations: torch, and the engine."""

from typing import Any, NamedTuple

import numpy as np
import torch

from bifsmn_engine.loading import load_model


class System(NamedTuple):
    """A loaded model, from audio to posteriors.

    ``name`` is "torch" or "engine".
    """

    name: str
    model: Any  # bifsmn_engine.Model or TorchModel

    def classify(self, audio):
        """Classifies clips.

        Arguments
        ---------
        audio : array
            [B][samples], float32.

        Returns
        -------
        dict
            Posteriors [B][classes] by thinning.
        """
        classify = self._in_torch if self.name == "torch" else self._whole
        return dict(classify(audio))

    def _whole(self, audio):
        for thinning in self.model.thinnings:
            self.model.thinning = thinning
            rows = [self.model.classify(clip) for clip in audio]
            yield thinning, np.stack(rows)

    def _in_torch(self, audio):
        """The same, with features that are computed once for all thinnings."""
        features = np.stack([self.model.features(clip) for clip in audio])
        for thinning in self.model.thinnings:
            self.model.thinning = thinning
            logits = torch.from_numpy(self.model.logits(features))
            yield thinning, logits.softmax(-1).numpy()


def systems_of(path):
    """Returns what can run a file here: torch, and the engine if installed.

    Arguments
    ---------
    path : str | Path
        A ``.bifsmn`` file.

    Returns
    -------
    list of System
        The engine last.
    """
    systems = [System("torch", load_model(path, "torch"))]
    try:
        systems.append(System("engine", load_model(path, "native")))
    except ImportError:
        pass  # The caller sees that there is one only.
    return systems
