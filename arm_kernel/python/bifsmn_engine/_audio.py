"""Audio as the engine wants it."""

import numpy as np


def samples_of(audio):
    """Returns audio as an array of int16 or float [samples], or refuses it."""
    audio = np.asarray(audio)
    if audio.ndim != 1:
        raise ValueError(
            f"audio: expected one channel, [samples], got {audio.shape}; pass "
            "one channel at a time"
        )
    if audio.dtype.kind != "f" and audio.dtype.newbyteorder("=") != np.int16:
        raise ValueError(
            f"audio: expected int16 or float samples, got {audio.dtype}; "
            "convert them to floats from -1 to 1"
        )
    return audio


def write_floats(samples, floats):
    """Writes samples as float32 from -1 to 1."""
    if samples.dtype.kind == "f":
        floats[...] = samples
    else:
        np.multiply(samples, np.float32(1 / 32768), out=floats)
