"""A peer's network on a stream, behind the engine's front end.

    python stream_peer.py DRIVER libbifsmn.so FILE SCALE.npy MODEL...

DRIVER is the name of a module with a ``Model``, FILE a .bifsmn file, whose
front end serves; models are in order of their depth settings. "stream" computes
the features of the whole window at each hop; "network" takes features as given.
"""

import argparse
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
from front_end import FrontEnd
from stream_drive import drive, options_of


class Stream:
    """Classifies the last window after each chunk."""

    def __init__(self, model, front_end):
        self.model, self.front_end = model, front_end
        self.window = np.zeros(front_end.window_samples, np.float32)

    def __call__(self, chunk):
        self.window[: -len(chunk)] = self.window[len(chunk) :]
        self.window[-len(chunk) :] = chunk
        self.model.set_input(self.front_end(self.window))
        self.model.invoke()
        return self.model.logits()


def stream(make, front_end, path):
    """Returns a function of a chunk: the logits of the window that ends."""
    return Stream(make(path, 1), front_end())


def network(make, front_end, path):
    """Returns a function of a chunk that it leaves alone: one hop's logits."""
    model, front_end = make(path, 1), front_end()
    features = front_end(np.zeros(front_end.window_samples, np.float32)).copy()

    def take(_):
        model.set_input(features)
        model.invoke()
        return model.logits()

    return take


def main():
    """Times or weighs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("driver")
    parser.add_argument("library")
    parser.add_argument("file")
    parser.add_argument("scale", type=Path)
    parser.add_argument("models", nargs="+", type=Path)
    options = options_of(parser)
    make = import_module(options.driver).Model
    front_end = partial(FrontEnd, options.library, options.file, options.scale)
    parts = {
        part.__name__: {
            depth: partial(part, make, front_end, path)
            for depth, path in enumerate(options.models)
        }
        for part in (stream, network)
    }
    drive(parts, options)


if __name__ == "__main__":
    main()
