"""Runs a .bifsmn model with the engine's C functions, called by ctypes.

    BIFSMN_PATH=avx2 python native.py libbifsmn.so MODEL FEATURES.npy

Prints a JSON object: the paths that run here, and logits by depth setting; with
--calls the median microseconds of a call; with --memory what the process needs.
"""

import argparse
import ctypes
import json
import sys
from ctypes import byref, c_float, c_size_t, c_uint32, c_void_p
from functools import partial

import numpy as np
from memory import needed
from stopwatch import median_us

DEPTHS = range(3)


class Engine:
    """A loaded model and its arrays."""

    def __init__(self, library, path):
        self.library = ctypes.CDLL(library)
        self.library.bifsmn_status_text.restype = ctypes.c_char_p
        self.library.bifsmn_available_path.restype = ctypes.c_char_p
        model, self.state = c_void_p(), c_void_p()
        self.file, self.arrays = path, []
        self.check(self.library.bifsmn_load_file(path.encode(), byref(model)))
        self.check(self.library.bifsmn_state_new(model, byref(self.state)))
        info = (c_uint32 * 15)()  # bifsmn_info
        self.check(self.library.bifsmn_get_info(model, info))
        self.scores, self.window_samples = (c_float * info[0])(), info[10]
        self.frames, self.mels = info[2], info[1]

    def check(self, status):
        """Ends the program where a function failed."""
        if status:
            sys.exit(self.library.bifsmn_status_text(status).decode())

    def available_paths(self):
        """Lists the instruction sets that run here, best first."""
        names = []
        while name := self.library.bifsmn_available_path(len(names)):
            names.append(name.decode())
        return names

    def set_depth(self, depth):
        """Chooses the depth setting."""
        self.check(self.library.bifsmn_set_depth(self.state, c_uint32(depth)))

    def address(self, array):
        """Returns where an array is, and sees that it stays there."""
        self.arrays.append(array)
        return c_void_p(array.ctypes.data)

    def of_features(self, features):
        """Returns a function: one call, features to logits."""
        x = self.address(features)
        return partial(self.library.bifsmn_logits, self.state, x, self.scores)

    def of_audio(self, audio):
        """Returns a function: one call, audio to posteriors."""
        x, samples = self.address(audio), c_size_t(len(audio))
        classify = self.library.bifsmn_classify
        return partial(classify, self.state, x, samples, self.scores)

    def new_features(self):
        """Returns room for the features of a second of audio."""
        return np.empty((self.frames, self.mels), np.float32)

    def write_features(self, audio, features):
        """Computes the features of audio; both are contiguous FP32."""
        x, y = (c_void_p(array.ctypes.data) for array in (audio, features))
        samples, write = c_size_t(len(audio)), self.library.bifsmn_features
        self.check(write(self.state, x, samples, y))

    def time(self, function, calls):
        """Times what one of the two above returned."""
        us = median_us(function, calls)
        self.check(function())
        return us


def noise(samples):
    """Returns audio to time with."""
    generator = np.random.default_rng(0)
    return generator.normal(0, 0.05, samples).astype(np.float32)


def timings(engine, features, calls):
    """Returns medians by kind and depth setting."""
    results = {"us": {}, "audio_us": {}, "python_us": {}}
    audio = noise(engine.window_samples)
    functions = {
        "us": engine.of_features(features),
        "audio_us": engine.of_audio(audio),
    }
    for depth in DEPTHS:
        engine.set_depth(depth)
        for kind, function in functions.items():
            results[kind][depth] = engine.time(function, calls)
    depth = partial(engine.library.bifsmn_get_depth, engine.state)
    results["call_us"] = {"any": median_us(depth, calls)}
    try:
        from bifsmn_engine import Model
    except ImportError:
        return results
    model = Model.load(engine.file)
    for model.depth in DEPTHS:
        run = partial(model.logits, features)
        results["python_us"][model.depth] = median_us(run, calls)
    return results


def logits(engine, inputs):
    """Returns logits by depth setting."""
    results = {}
    for depth in DEPTHS:
        engine.set_depth(depth)
        rows = results[depth] = []
        for features in inputs:
            engine.check(engine.of_features(features)())
            rows.append(engine.scores[:])
    return results


def main():
    """Runs or times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library")
    parser.add_argument("model")
    parser.add_argument("features")
    parser.add_argument("--calls", type=int, default=0)
    parser.add_argument("--memory", action="store_true")
    options = parser.parse_args()
    inputs = np.ascontiguousarray(np.load(options.features), np.float32)

    def load():
        engine = Engine(options.library, options.model)
        return engine.of_features(inputs[0])

    if options.memory:
        results = needed(load)
    elif options.calls:
        engine = Engine(options.library, options.model)
        results = timings(engine, inputs[0], options.calls)
    else:
        engine = Engine(options.library, options.model)
        paths = engine.available_paths()
        results = {"paths": paths, "logits": logits(engine, inputs)}
    print(json.dumps(results))


if __name__ == "__main__":
    main()
