"""The engine, for ``scaling_runner``: clip by clip, by its C functions."""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.backends.native import Engine


class Model:
    """A .bifsmn model, with a state of its own; an engine has one thread."""

    def __init__(self, path: Path, threads: int):
        self.engine = Engine(os.environ["BIFSMN_LIBRARY"], str(path))
        self.function = self.engine.library.bifsmn_logits

    def set_input(self, x: NDArray) -> None:
        """Takes features in decibels, (T, F) or (B, T, F)."""
        x = np.ascontiguousarray(x, np.float32)
        self.clips = x.reshape(-1, *x.shape[-2:])
        rows = len(self.clips), len(self.engine.scores)
        self.scores = np.empty(rows, np.float32)
        at = self.engine.address
        self.calls = [
            (self.engine.state, at(clip), at(row))
            for clip, row in zip(self.clips, self.scores, strict=True)
        ]
        if len(self.calls) == 1:
            self.engine.check(self.function(*self.calls[0]))
            self.invoke = lambda: self.function(*self.calls[0])
        else:
            self.invoke = self.invoke_all

    def invoke_all(self) -> None:
        """Classifies each clip of a batch."""
        for arguments in self.calls:
            self.function(*arguments)

    def logits(self) -> NDArray:
        """Returns the logits (B, classes)."""
        return self.scores
