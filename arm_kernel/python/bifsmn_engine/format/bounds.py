"""What a model file may hold: the bounds of ``arm_kernel/FORMAT.md``.

Who writes a file checks them here, and so does who reads one; the engine checks
the same in ``arm_kernel/src/format/format.cpp``. Needs numpy only.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np

from bifsmn_engine.detection import SMOOTHINGS
from bifsmn_engine.format.layout import Config
from bifsmn_engine.numeric import is_within

HEADER_AT = 20  # where the fields of a header begin, 4 bytes each
LARGEST = 2**20  # magnitude of any f32
LARGEST_BIAS = 2**30
MAX_EXPONENT = 8
MAX_L1 = 258  # magnitudes of an output's weights in the first convolution
MAX_TEXT_BYTES = 2**16 - 1  # bytes
# What each whole number of a header may be.
WHOLE = {
    "classes": range(2, 1025),
    "mels": range(4, 129, 4),
    "frames": range(4, 257, 4),
    "layers": range(1, 65),
    "thinnings": range(1, 8),
    "front_channels": range(8, 65, 8),
    "channels": range(16, 513, 16),
    "hidden": range(16, 1025, 16),
    "taps_before": range(8),
    "taps_after": range(8),
    "planes": range(1, 3),
    "sample_rate": range(1000, 192001),
    "window_samples": range(1, 2**20 + 1),
    "n_fft": range(256, 4097, 256),
    "hop": range(16, 4097),
    "input_pad": range(128),
    "input_reference": range(2),
    "pooling": range(2),
    "smoothing": SMOOTHINGS,
}


def check_config(config: Config) -> None:
    """Raises ValueError where the engine would refuse a header.

    Example
    -------
    >>> sizes = dict.fromkeys(Config._fields, 1)
    >>> check_config(Config(**{**sizes, "classes": 4, "mels": 6}))
    Traceback (most recent call last):
        ...
    ValueError: mels: the engine takes 4 to 128 in steps of 4, found 6 (byte 24)
    """
    for name, holds, words in _rules(config):
        if not holds:
            at = HEADER_AT + 4 * Config._fields.index(name)
            found = getattr(config, name)
            raise ValueError(f"{name}: {words} {found} (byte {at})")


def _rules(config):
    """Yields what must hold: a field, whether it does, words before its value.

    A rule may count on all before it.
    """
    for name, value in config._asdict().items():
        if name in WHOLE:
            allowed = WHOLE[name]
            holds = isinstance(value, Integral) and int(value) in allowed
            words = f"{allowed[0]} to {allowed[-1]}"
            if allowed.step > 1:
                words += f" in steps of {allowed.step}"
        else:
            holds = is_within(value, -LARGEST, LARGEST)
            words = f"finite numbers up to {LARGEST} in magnitude"
        yield name, holds, f"the engine takes {words}, found"
    yield from _rules_of_sizes(config)
    yield from _rules_of_singles(config)


def _rules_of_sizes(c):
    step, half = 2 ** (c.thinnings - 1), c.n_fft // 2
    words = f"expected a multiple of {step} for {c.thinnings} thinnings, found"
    yield "layers", c.layers % step == 0, words
    words = "expected a power of two, found"
    yield "n_fft", c.n_fft & (c.n_fft - 1) == 0, words
    yield "hop", c.hop <= c.n_fft, f"expected at most n_fft, {c.n_fft}, found"
    words = f"expected more than half of n_fft, {half}, found"
    yield "window_samples", c.window_samples > half, words
    frames = 1 + c.window_samples // c.hop
    words = (
        f"expected the {frames} that the front end makes of {c.window_samples} "
        "samples, found a network of"
    )
    yield "frames", c.frames == frames, words


def _rules_of_singles(config):
    # As a file has them, and as the engine compares them.
    c = config._replace(
        **{
            name: np.float32(value)
            for name, value in config._asdict().items()
            if name not in WHOLE
        }
    )
    above, nyquist = "expected more than", np.float32(c.sample_rate) / 2
    yield "f_min", c.f_min >= 0, "expected 0 or more, found"
    words = f"{above} f_min, {c.f_min}, up to half the sample rate, found"
    yield "f_max", c.f_min < c.f_max <= nyquist, words
    yield "power_floor", c.power_floor > 0, f"{above} 0, found"
    yield "input_gain", c.input_gain > 0, f"{above} 0, found"


def check_thresholds(thresholds: Sequence[float], classes: int) -> None:
    """Raises ValueError where the engine would refuse thresholds of detection.

    Example
    -------
    >>> check_thresholds([0.5, 1.5], 2)
    Traceback (most recent call last):
        ...
    ValueError: threshold 1: expected 0 to 1, found 1.5
    """
    if len(thresholds) != classes:
        raise ValueError(
            f"thresholds: expected {classes}, one for each label, found "
            f"{len(thresholds)}"
        )
    for index, threshold in enumerate(thresholds):
        if not is_within(threshold, 0, 1):
            raise ValueError(
                f"threshold {index}: expected 0 to 1, found {threshold}"
            )


def text_of(content: bytes, what: str, may_be_empty: bool = True) -> str:
    """Returns the text that bytes are, or raises ValueError.

    Arguments
    ---------
    content : bytes
        Of UTF-8.
    what : str
        Its name, for people.
    may_be_empty : bool
        Labels are not.

    Returns
    -------
    str

    Example
    -------
    >>> text_of(b"\\xc3\\xb6ff", "label 1")
    'öff'
    """
    if len(content) > MAX_TEXT_BYTES:
        raise ValueError(
            f"{what}: expected at most {MAX_TEXT_BYTES} bytes, found "
            f"{len(content)}"
        )
    if not content and not may_be_empty:
        raise ValueError(f"{what}: expected text, found none")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{what}: expected UTF-8, found other bytes from {error.start} on"
        ) from None
    if "\0" in text:
        raise ValueError(f"{what}: expected text, found NUL in it")
    return text


def bytes_of(text: str, what: str, may_be_empty: bool = True) -> bytes:
    """Returns text as bytes of UTF-8, or raises ValueError.

    Arguments
    ---------
    text : str
        As a label, or a model's name.
    what : str
        Its name, for people.
    may_be_empty : bool
        Labels are not.

    Returns
    -------
    bytes

    Example
    -------
    >>> bytes_of("off\\0", "label 1")
    Traceback (most recent call last):
        ...
    ValueError: label 1: expected text, found NUL in it
    """
    if not isinstance(text, str):  # of an untyped caller
        raise ValueError(f"{what}: expected text, found {text!r}")
    content = text.encode(errors="surrogatepass")  # which no reader passes
    text_of(content, what, may_be_empty)
    return content


def check_array(name: str, kind: str, arrays: dict[str, Any]) -> None:
    """Raises ValueError where the engine would refuse a part of a network.

    Arguments
    ---------
    name, kind : str
        Of ``layout.fields``.
    arrays : dict
        This part, and all before it, by name.

    Example
    -------
    >>> check_array("a.unit", "scale", {"a.unit": np.float32(-1)})
    Traceback (most recent call last):
        ...
    ValueError: a.unit: expected a number above 0, up to 2^20, found -1.0
    """
    for wrong, words in _wrong(name, kind, arrays):
        if len(wrong):
            raise ValueError(f"{name}: expected {words}, found {wrong[0]}")


def _wrong(name, kind, arrays):
    """Yields what breaks a rule, and the rule in words."""
    value = arrays[name]
    if kind in ("vector", "limits"):
        yield _beyond(value.exponent, 0, MAX_EXPONENT), "an exponent of 0 to 8"
    if kind == "scale":
        words = "a number above 0, up to 2^20"
        yield np.extract(~((value > 0) & (value <= LARGEST)), value), words
    last = name.rpartition(".")[2]
    if last == "gains":
        yield _beyond(value.codes, -127, 127), "codes of -127 or more"
    if last == "slope":
        yield _beyond(value, -127, 127), "a slope of -127 or more"
    if last == "shift":
        yield _beyond(value, 1, 8), "a shift of 1 to 8"
    if kind == "i4":
        yield _beyond(value, -7, 7), "weights from -7 to 7"
    if kind == "i32":
        words = "biases of at most 2^30 in magnitude"
        yield _beyond(value, -LARGEST_BIAS, LARGEST_BIAS), words
    if name == "conv1.weight":
        sums = np.abs(value.astype(int)).sum(1)
        words = f"weights whose magnitudes add up to at most {MAX_L1}"
        yield sums[sums > MAX_L1], words
    yield from _disordered(name, kind, arrays)


def _beyond(values, low, high):
    values = np.atleast_1d(np.asarray(values, np.int64))
    return values[(values < low) | (values > high)]


def _disordered(name, kind, arrays):
    """Yields limits that are not in their order."""
    if name in ("conv1.low", "conv1.high"):
        first = arrays["conv1.middle"]
        pairs = [(arrays[name], first)]
        if name == "conv1.high":
            pairs = [(first, arrays[name])]
    elif kind == "limits" and len(arrays[name].codes) == 3:
        middle, low, high = arrays[name].codes
        pairs = [(low, middle), (middle, high)]
    else:
        return
    for below, above in pairs:
        yield above[below > above], "limits with low <= middle <= high"
