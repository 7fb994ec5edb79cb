"""What every driver of a peer does with its ``Model``.

    python DRIVER INPUTS.npy MODEL... [--calls=N [--audio LIBRARY FILE]]
    python DRIVER INPUTS.npy MODEL --memory

Prints a JSON object. Alone: the logits of all inputs by model. With --calls:
the median microseconds of an ``invoke()`` whose input was set before, and with
--audio of all that leads from a second of audio to a decision, where the front
end is the engine's. With --memory: what the process needs.

A ``Model(path, threads)`` has ``set_input(x)``, which takes the scaled features
(T, F); ``invoke()``, which is timed; and ``logits()``, which returns an array.
"""

import argparse
import json
from functools import partial
from pathlib import Path

import numpy as np
from memory import needed
from stopwatch import median_us


def logits(model, inputs):
    """Returns the logits of each input."""
    rows = []
    for x in inputs:
        model.set_input(x)
        model.invoke()
        rows.append(np.asarray(model.logits(), float).ravel().tolist())
    return rows


def to_decision(model, front_end, audio):
    """Returns a function: one call, audio to the index of a class."""

    def decide():
        model.set_input(front_end(audio))
        model.invoke()
        return int(np.argmax(model.logits()))

    return decide


def load(make, path, x):
    """Returns the ``invoke`` of a model whose input is set."""
    model = make(path, 1)
    model.set_input(x)
    return model.invoke


def timings(make, options, inputs):
    """Returns medians by model."""
    results, front_end = {"us": {}, "audio_us": {}}, None
    if options.audio:
        from front_end import FrontEnd  # needs the engine
        from native import noise

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


def drive(make):
    """Runs or times the models that the command line names.

    Arguments
    ---------
    make : type
        The ``Model`` of a driver.
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
