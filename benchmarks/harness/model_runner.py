"""What every backend of a peer does with its ``Model``.

    python -m benchmarks.backends.BACKEND INPUTS.npy MODEL... [OPTIONS]

Prints a JSON object. Alone: the logits of all inputs by model. With --calls=N:
the median microseconds of an ``invoke()`` whose input was set before, and with
--audio LIBRARY FILE of all that leads from a second of audio to a decision,
where the front end is the engine's. With --memory: what the process needs.
"""

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.memory import needed
from benchmarks.harness.stopwatch import median_us


class Runnable(Protocol):
    """A model of a backend; made of a file and a number of threads."""

    def set_input(self, x: NDArray) -> None:
        """Takes the scaled features (T, F)."""

    def invoke(self) -> object:
        """Computes the logits; this is timed."""

    def logits(self) -> NDArray:
        """Returns the logits (classes,) or (1, classes)."""


MakeModel = Callable[[Path, int], Runnable]


def logits(model: Runnable, inputs: NDArray) -> list[list[float]]:
    """Returns the logits of each of the inputs (N, T, F)."""
    rows = []
    for x in inputs:
        model.set_input(x)
        model.invoke()
        rows.append(np.asarray(model.logits(), float).ravel().tolist())
    return rows


def to_decision(
    model: Runnable, front_end: Callable[[NDArray], NDArray], audio: NDArray
) -> Callable[[], int]:
    """Returns a function: one call, audio (samples,) to a class's index."""

    def decide() -> int:
        model.set_input(front_end(audio))
        model.invoke()
        return int(np.argmax(model.logits()))

    return decide


def load(make: MakeModel, path: Path, x: NDArray) -> Callable[[], object]:
    """Returns the ``invoke`` of a model whose input (T, F) is set."""
    model = make(path, 1)
    model.set_input(x)
    return model.invoke


def timings(
    make: MakeModel, options: argparse.Namespace, inputs: NDArray
) -> dict[str, dict[str, float]]:
    """Returns medians by kind and model; inputs are (N, T, F)."""
    results: dict[str, Any] = {"us": {}, "audio_us": {}}
    front_end = None
    if options.audio:  # needs the engine
        from benchmarks.backends.front_end import FrontEnd
        from benchmarks.backends.native import noise

        scale = options.inputs.with_name("scale.npy")
        front_end = FrontEnd(*options.audio, scale)
        audio = noise(front_end.window_samples)
    for path in options.models:
        model = make(path, options.threads)
        model.set_input(inputs[0])
        model.invoke()
        results["us"][path.name] = median_us(model.invoke, options.calls)
        if front_end:
            decide = to_decision(model, front_end, audio)
            results["audio_us"][path.name] = median_us(decide, options.calls)
    return results


def main(make: MakeModel) -> None:
    """Runs or times the models that the command line names.

    Arguments
    ---------
    make : type
        The ``Model`` of a backend.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("inputs", type=Path)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--calls", type=int, default=0)
    parser.add_argument("--audio", nargs=2, metavar=("LIBRARY", "FILE"))
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_intermixed_args()
    inputs = np.load(options.inputs)
    results: dict[str, Any]
    if options.memory:
        results = needed(partial(load, make, options.models[0], inputs[0]))
    elif options.calls:
        results = timings(make, options, inputs)
    else:
        results = {
            path.name: logits(make(path, options.threads), inputs)
            for path in options.models
        }
    print(json.dumps(results))
