"""A peer's network on a stream, behind the engine's front end.

    python -m benchmarks.backends.network_stream BACKEND LIBRARY FILE SCALE \\
        MODEL...

BACKEND is the name of a module with a ``Model``, LIBRARY ``libbifsmn.so``, FILE
a .bifsmn file, whose front end serves, SCALE an .npy file of ``FrontEnd``;
models are in order of their thinnings. "stream" computes
the features of the whole window at each hop; "network" takes features as given.
"""

import argparse
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import THINNINGS
from benchmarks.backends.front_end import FrontEnd
from benchmarks.harness import stream_runner
from benchmarks.harness.model_runner import MakeModel, Runnable
from benchmarks.harness.stream_runner import Take

MakeFrontEnd = Callable[[], FrontEnd]


class Stream:
    """Classifies the last window after each chunk."""

    def __init__(self, model: Runnable, front_end: FrontEnd):
        self.model, self.front_end = model, front_end
        self.window = np.zeros(front_end.window_samples, np.float32)

    def __call__(self, chunk: NDArray) -> NDArray:
        """Takes a chunk (samples,); returns logits."""
        self.window[: -len(chunk)] = self.window[len(chunk) :]
        self.window[-len(chunk) :] = chunk
        self.model.set_input(self.front_end(self.window))
        self.model.invoke()
        return self.model.logits()


def stream(make: MakeModel, front_end: MakeFrontEnd, path: Path) -> Take:
    """Returns a function of a chunk: the logits of the window that ends."""
    return Stream(make(path, 1), front_end())


def network(make: MakeModel, front_end: MakeFrontEnd, path: Path) -> Take:
    """Returns a function of a chunk that it leaves alone: one hop's logits."""
    model, compute = make(path, 1), front_end()
    features = compute(np.zeros(compute.window_samples, np.float32)).copy()

    def take(_):
        model.set_input(features)
        model.invoke()
        return model.logits()

    return take


def main() -> None:
    """Times or weighs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("backend")
    parser.add_argument("library")
    parser.add_argument("file")
    parser.add_argument("scale", type=Path)
    parser.add_argument("models", nargs="+", type=Path)
    options = stream_runner.options_of(parser)
    make = import_module(f"benchmarks.backends.{options.backend}").Model
    front_end = partial(FrontEnd, options.library, options.file, options.scale)
    parts = {
        part.__name__: {
            thinning: partial(part, make, front_end, path)
            for thinning, path in zip(THINNINGS, options.models, strict=True)
        }
        for part in (stream, network)
    }
    stream_runner.main(parts, options)


if __name__ == "__main__":
    main()
