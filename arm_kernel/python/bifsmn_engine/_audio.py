"""Audio as the engine wants it."""

import numpy as np

TOO_LOUD = 16  # as in the C interface


def samples_of(audio):
    """Returns audio as an array of int16 or float [samples], or refuses it."""
    try:
        audio = np.asarray(audio)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ValueError(
            f"audio: expected an array of samples, got another thing ({error})"
        ) from None
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


def check_range(floats):
    """Refuses samples that are no audio from -1 to 1."""
    peak = np.abs(floats).max(initial=0)
    if peak < TOO_LOUD:
        return
    if not np.isfinite(floats).all():
        raise ValueError(
            "audio: expected finite samples, found NaN or infinity; check "
            "where they come from"
        )
    raise ValueError(
        f"audio: expected samples from -1 to 1, found {peak:.5g}; divide those "
        "of 16-bit integers by 32768"
    )


def write_floats(samples, floats):
    """Writes samples as float32 from -1 to 1."""
    if samples.dtype.kind == "f":
        floats[...] = samples
    else:
        np.multiply(samples, np.float32(1 / 32768), out=floats)
