"""The engine's stream, by its C functions.

    BIFSMN_ISA=avx2 python -m benchmarks.backends.native_stream LIBRARY MODEL

"stream" is audio to posteriors, "network" features to logits at each hop.
"""

import argparse
import ctypes
from ctypes import byref, c_int, c_size_t, c_void_p
from functools import partial

from numpy.typing import NDArray

from benchmarks import THINNINGS
from benchmarks.backends.native import Engine
from benchmarks.harness import stream_runner
from benchmarks.harness.stream_runner import Take


class Stream:
    """Takes chunks of audio; ``windows`` of them were classified."""

    def __init__(self, engine: Engine):
        self.engine, self.windows = engine, 0
        self.push = engine.library.bifsmn_push
        self.used, self.ready = c_size_t(), c_int()

    def __call__(self, chunk: NDArray) -> None:
        """Pushes a chunk (samples,) of contiguous FP32."""
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


def stream(options: argparse.Namespace, thinning: str) -> Take:
    """Returns a function of a chunk: all posteriors that become ready."""
    engine = Engine(options.library, options.model)
    engine.set_thinning(thinning)
    return Stream(engine)


def network(options: argparse.Namespace, thinning: str) -> Take:
    """Returns a function of a chunk that it leaves alone: one hop's logits."""
    engine = Engine(options.library, options.model)
    engine.set_thinning(thinning)
    features = engine.new_features()
    features[:] = -30
    run = engine.of_features(features)
    return lambda _: engine.check(run())


def main() -> None:
    """Times or weighs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library")
    parser.add_argument("model")
    options = stream_runner.options_of(parser)
    parts = {
        part.__name__: {
            thinning: partial(part, options, thinning) for thinning in THINNINGS
        }
        for part in (stream, network)
    }
    stream_runner.main(parts, options)


if __name__ == "__main__":
    main()
