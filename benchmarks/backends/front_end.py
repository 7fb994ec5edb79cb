"""The engine's front end, in front of a peer's network."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.backends.native import Engine


class FrontEnd:
    """Turns a second of audio (samples,) into the network's input (T, F).

    Arguments
    ---------
    library : str
        ``libbifsmn.so``.
    file : str
        A .bifsmn file; of it only the front end is used.
    scale : Path
        .npy file: whether the input is relative to the loudest band, mean,
        deviation, smallest and largest input of the network.
    """

    def __init__(self, library: str, file: str, scale: Path):
        self.engine = Engine(library, file)
        self.window_samples = self.engine.window_samples
        self.features = self.engine.new_features()
        relative, self.mean, self.deviation, *self.range = np.load(scale)
        self.is_relative = bool(relative)

    def __call__(self, audio: NDArray) -> NDArray:
        x = self.features
        self.engine.write_features(audio, x)
        mean = self.mean + x.max() if self.is_relative else self.mean
        np.subtract(x, mean, out=x)
        np.divide(x, self.deviation, out=x)
        return np.clip(x, *self.range, out=x)
