"""Runs a .bifsmn model with the engine's C functions, called by ctypes.

    BIFSMN_ISA=avx2 python -m benchmarks.backends.native LIBRARY MODEL FEATURES

LIBRARY is ``libbifsmn.so``, MODEL a .bifsmn file, FEATURES an .npy file. Prints
a JSON object: the instruction sets that run here, and logits by thinning; with
--calls=N the median microseconds of a call; with --memory what the process
needs.
"""

import argparse
import ctypes
import json
import sys
from collections.abc import Callable
from ctypes import byref, c_float, c_size_t, c_uint32, c_void_p
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import THINNINGS
from benchmarks.harness.memory import needed
from benchmarks.harness.stopwatch import median_us

Call = Callable[[], int]  # returns a status


class Engine:
    """A loaded model and its arrays.

    Arguments
    ---------
    library, path : str
        ``libbifsmn.so`` and a .bifsmn file.
    """

    def __init__(self, library: str, path: str):
        self.library = ctypes.CDLL(library)
        self.library.bifsmn_status_text.restype = ctypes.c_char_p
        self.library.bifsmn_available_isa.restype = ctypes.c_char_p
        model, self.state = c_void_p(), c_void_p()
        self.file = path
        self.arrays: list[NDArray] = []
        self.check(self.library.bifsmn_load_file(path.encode(), byref(model)))
        self.check(self.library.bifsmn_state_new(model, byref(self.state)))
        info = (c_uint32 * 15)()  # bifsmn_info
        self.check(self.library.bifsmn_get_info(model, info))
        self.scores, self.window_samples = (c_float * info[0])(), info[10]
        self.frames, self.mels = info[2], info[1]

    def check(self, status: int) -> None:
        """Ends the program where a function failed."""
        if status:
            sys.exit(self.library.bifsmn_status_text(status).decode())

    def available_isas(self) -> list[str]:
        """Lists the instruction sets that run here, best first."""
        names: list[str] = []
        while name := self.library.bifsmn_available_isa(len(names)):
            names.append(name.decode())
        return names

    def set_thinning(self, thinning: str) -> None:
        """Chooses the thinning."""
        set_thinning = self.library.bifsmn_set_thinning
        self.check(set_thinning(self.state, c_uint32(int(thinning))))

    def address(self, array: NDArray) -> c_void_p:
        """Returns where an array is, and sees that it stays there."""
        self.arrays.append(array)
        return c_void_p(array.ctypes.data)

    def of_features(self, features: NDArray) -> Call:
        """Returns a function: one call, features (T, F) to logits."""
        x = self.address(features)
        return partial(self.library.bifsmn_logits, self.state, x, self.scores)

    def of_audio(self, audio: NDArray) -> Call:
        """Returns a function: one call, audio (samples,) to posteriors."""
        x, samples = self.address(audio), c_size_t(len(audio))
        classify = self.library.bifsmn_classify
        return partial(classify, self.state, x, samples, self.scores)

    def new_features(self) -> NDArray[np.float32]:
        """Returns room for the features (T, F) of a second of audio."""
        return np.empty((self.frames, self.mels), np.float32)

    def write_features(self, audio: NDArray, features: NDArray) -> None:
        """Computes features (T, F) of audio (samples,); contiguous FP32."""
        x, y = (c_void_p(array.ctypes.data) for array in (audio, features))
        samples, write = c_size_t(len(audio)), self.library.bifsmn_features
        self.check(write(self.state, x, samples, y))

    def time(self, function: Call, calls: int) -> float:
        """Times what ``of_features`` or ``of_audio`` returned."""
        us = median_us(function, calls)
        self.check(function())
        return us


def noise(samples: int) -> NDArray[np.float32]:
    """Returns audio (samples,) to time with."""
    generator = np.random.default_rng(0)
    return generator.normal(0, 0.05, samples).astype(np.float32)


def timings(
    engine: Engine, features: NDArray, calls: int
) -> dict[str, dict[str, float]]:
    """Returns medians by kind and thinning, of features (T, F)."""
    results: dict[str, Any] = {"us": {}, "audio_us": {}, "python_us": {}}
    audio = noise(engine.window_samples)
    functions = {
        "us": engine.of_features(features),
        "audio_us": engine.of_audio(audio),
    }
    for thinning in THINNINGS:
        engine.set_thinning(thinning)
        for kind, function in functions.items():
            results[kind][thinning] = engine.time(function, calls)
    get = partial(engine.library.bifsmn_get_thinning, engine.state)
    results["call_us"] = {"any": median_us(get, calls)}
    try:
        from bifsmn_engine import Model

        model = Model.load(engine.file)
    except (ImportError, ValueError):  # none is installed, or an older one
        return results
    for thinning in THINNINGS:
        model.thinning = int(thinning)
        run = partial(model.logits, features)
        results["python_us"][thinning] = median_us(run, calls)
    return results


def logits(engine: Engine, inputs: NDArray) -> dict[str, list[list[float]]]:
    """Returns logits of inputs (N, T, F) by thinning."""
    results: dict[str, list[list[float]]] = {}
    for thinning in THINNINGS:
        engine.set_thinning(thinning)
        rows = results[thinning] = []
        for features in inputs:
            engine.check(engine.of_features(features)())
            rows.append(engine.scores[:])
    return results


def main() -> None:
    """Runs or times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library")
    parser.add_argument("model")
    parser.add_argument("features")
    parser.add_argument("--calls", type=int, default=0)
    parser.add_argument("--memory", action="store_true")
    options = parser.parse_args()
    inputs = np.ascontiguousarray(np.load(options.features), np.float32)

    def load() -> Call:
        engine = Engine(options.library, options.model)
        return engine.of_features(inputs[0])

    results: dict[str, Any]
    if options.memory:
        results = needed(load)
    elif options.calls:
        engine = Engine(options.library, options.model)
        results = timings(engine, inputs[0], options.calls)
    else:
        engine = Engine(options.library, options.model)
        isas = engine.available_isas()
        results = {"isas": isas, "logits": logits(engine, inputs)}
    print(json.dumps(results))


if __name__ == "__main__":
    main()
