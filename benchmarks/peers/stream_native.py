"""The engine's stream, by its C functions.

    BIFSMN_PATH=avx2 python stream_native.py libbifsmn.so MODEL [--seconds=N]

"stream" is audio to posteriors, "network" features to logits at each hop.
"""

import argparse
import ctypes
from ctypes import byref, c_int, c_size_t, c_void_p
from functools import partial

from native import DEPTHS, Engine
from stream_drive import drive, options_of


class Stream:
    """Takes chunks of audio; ``windows`` of them were classified."""

    def __init__(self, engine):
        self.engine, self.windows = engine, 0
        self.push = engine.library.bifsmn_push
        self.used, self.ready = c_size_t(), c_int()

    def __call__(self, chunk):
        at, left = chunk.ctypes.data, len(chunk)
        while left or self.ready.value:
            status = self.push(
                self.engine.state,
                c_void_p(at),
                c_size_t(left),
                byref(self.used),
                self.engine.scores,
                byref(self.ready),
            )
            self.engine.check(status)
            self.windows += self.ready.value
            at += self.used.value * ctypes.sizeof(ctypes.c_float)
            left -= self.used.value


def stream(options, depth):
    """Returns a function of a chunk: all posteriors that become ready."""
    engine = Engine(options.library, options.model)
    engine.set_depth(depth)
    return Stream(engine)


def network(options, depth):
    """Returns a function of a chunk that it leaves alone: one hop's logits."""
    engine = Engine(options.library, options.model)
    engine.set_depth(depth)
    features = engine.new_features()
    features[:] = -30
    run = engine.of_features(features)
    return lambda _: engine.check(run())


def main():
    """Times or weighs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library")
    parser.add_argument("model")
    options = options_of(parser)
    parts = {
        part.__name__: {
            depth: partial(part, options, depth) for depth in DEPTHS
        }
        for part in (stream, network)
    }
    drive(parts, options)


if __name__ == "__main__":
    main()
