"""A model file in its two implementations: torch, and the engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from bifsmn_engine.interface import AnyModel
from bifsmn_engine.loading import load_model


class System(NamedTuple):
    """A model file on one backend, from audio to posteriors."""

    name: str  # "torch" or "engine"
    model: AnyModel

    def classify(
        self, audio: Sequence[NDArray[np.float32]] | NDArray[np.float32]
    ) -> dict[int, NDArray[np.float32]]:
        """Classifies clips.

        Arguments
        ---------
        audio : sequence of numpy.ndarray
            [B][samples], at 16 kHz.

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


def systems_of(path: str | Path) -> list[System]:
    """Loads a model file in torch, and in the engine if that is installed.

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
