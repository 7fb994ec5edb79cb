"""pymicro-wakeword: its own features and its own model, "Okay Nabu".

    python -m benchmarks.backends.micro_stream [--seconds=N]

Another network, of one keyword, and a decision each 30 ms. "stream" is its
interface in Python, 16-bit audio to probability; "front_end" its C++ function
for the features alone, and "network" the interpreter's call alone.
"""

import argparse

import numpy as np
from numpy.typing import NDArray
from pymicro_features import MicroFrontend
from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

from benchmarks.harness import stream_runner
from benchmarks.harness.stream_runner import HOP, Take

STEP = 160  # samples, 10 ms, that its front end takes at a time


def bytes_of(chunk: NDArray) -> bytes:
    """Returns the 16-bit samples of a chunk (samples,)."""
    return np.int16(np.clip(chunk, -1, 1) * 32767).tobytes()


def stream() -> Take:
    """Returns a function of a chunk: its last probability."""
    features = MicroWakeWordFeatures()
    model = MicroWakeWord.from_builtin(Model.OKAY_NABU)

    def take(chunk):
        probability = None
        for frame in features.process_streaming(chunk):
            probability = model.process_streaming_prob(frame)
        return probability

    return take


def front_end() -> Take:
    """Returns a function of a chunk: the features of each step in it."""
    front_end, rest = MicroFrontend(), b""

    def take(chunk):
        nonlocal rest
        rest += chunk
        while len(rest) >= 2 * STEP:
            done = front_end.process_samples(rest[: 2 * STEP])
            rest = rest[2 * done.samples_read :]

    return take


def network() -> Take:
    """Returns a function of a chunk that it leaves alone: runs the model.

    As often as it does on audio: each ``stride`` steps.
    """
    model = MicroWakeWord.from_builtin(Model.OKAY_NABU)
    invoke, left = model.lib.TfLiteInterpreterInvoke, 0

    def take(_):
        nonlocal left
        left += HOP
        while left >= model.stride * STEP:
            invoke(model.interpreter)
            left -= model.stride * STEP

    return take


def main() -> None:
    """Times or weighs."""
    parser = argparse.ArgumentParser(description=__doc__)
    options = stream_runner.options_of(parser)
    parts = {
        part.__name__: {"any": part} for part in (stream, front_end, network)
    }
    stream_runner.main(parts, options, bytes_of)


if __name__ == "__main__":
    main()
