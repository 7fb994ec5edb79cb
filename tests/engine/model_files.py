"""Any model file that the format allows, at random: headers and numbers.

Needs neither torch nor the engine.
"""

import math

import numpy as np

from bifsmn_engine.format.layout import (
    Config,
    ModelFile,
    StoredVector,
    fields,
)

LARGEST = 2.0**20
# Subnormal numbers, what is next to them, and the largest.
SPECIAL = [1e-45, 1e-38, 2.0**-126, 2.0**-20, 1.0, LARGEST]
TEXTS = ["word", "öff", "数", "😀", "a" * 300]
CODES = np.int8([-128, -127, -1, 0, 1, 126, 127])
# The smallest network that the format allows.
SMALLEST = Config(
    *(2, 4, 4, 1, 1, 8, 16, 16, 0, 0, 1, 1000, 224, 256, 64, 58, 0, 0),
    *(0.0, 500.0, 2.0**-33, -95.0, 0.75, 1),
)


def random_config(random, most=3):
    """Returns a valid header, of sizes up to so many of their steps.

    Arguments
    ---------
    random : numpy.random.Generator
        Where it comes from.
    most : int
        1 gives networks of a few kB.

    Returns
    -------
    Config
    """

    def steps(step, bound):
        return step * int(random.integers(1, 1 + min(most, bound // step)))

    thinnings = int(random.integers(1, 1 + min(most, 4)))
    sizes = {
        "classes": int(random.integers(2, 2 + 3 * most)),
        "mels": steps(4, 128),
        "layers": 2 ** (thinnings - 1) * int(random.integers(1, 3)),
        "thinnings": thinnings,
        "front_channels": steps(8, 64),
        "channels": steps(16, 512),
        "hidden": steps(16, 1024),
        "taps_before": int(random.integers(8)),
        "taps_after": int(random.integers(8)),
        "planes": int(random.integers(1, 3)),
        "smoothing": int(random.integers(1, 65)),
    }
    front = random_front_end(random, 4 * int(random.integers(1, 1 + 2 * most)))
    return Config(**sizes, **front, **random_input(random))


def random_front_end(random, frames):
    """Returns the fields of a front end that makes so many frames."""
    n_fft = 2 ** int(random.integers(8, 13))
    # The longest window must be longer than half a transform.
    hop = int(random.integers(max(16, n_fft // 2 // frames + 2), n_fft + 1))
    longest = frames * hop - 1
    smallest = max((frames - 1) * hop, n_fft // 2 + 1)
    rate = int(random.choice([1000, 8000, 11025, 16000, 44100, 192000]))
    f_min = random.choice([0.0, 1e-45, 20.0, random.uniform(0, rate / 4)])
    f_max = random.choice(
        [rate / 2, np.nextafter(np.float32(f_min), np.float32(rate))]
        + [random.uniform(f_min + 1, rate / 2) for _ in range(3)]
    )
    floors = [1e-10, 1e-45, 1e-38, 1.0, LARGEST, 10 ** random.uniform(-30, 3)]
    return {
        "frames": frames,
        "sample_rate": rate,
        "window_samples": int(random.integers(smallest, longest + 1)),
        "n_fft": n_fft,
        "hop": hop,
        "f_min": single(f_min),
        "f_max": single(f_max),
        "power_floor": single(random.choice(floors)),
    }


def random_input(random):
    """Returns the fields that make codes of features."""
    lows = [-95.0, 0.0, -LARGEST, LARGEST, 7.3]
    gains = [0.77, random.uniform(0.1, 5), *SPECIAL]
    return {
        "input_pad": int(random.choice([0, 58, 127, random.integers(128)])),
        "input_reference": int(random.integers(2)),
        "pooling": int(random.integers(2)),
        "input_low": single(random.choice(lows, p=[0.6, *[0.1] * 4])),
        "input_gain": single(random.choice(gains, p=[0.4, 0.3, *[0.05] * 6])),
    }


def single(number):
    """Returns a number as a file has it."""
    return float(np.float32(number))


def random_model(random, config, wild=0.0):
    """Returns a ``ModelFile`` of that header.

    Arguments
    ---------
    random : numpy.random.Generator
        Where it comes from.
    config : Config
        The header.
    wild : float
        The share of parts whose numbers are of any magnitude; the others suit
        one another, as training leaves them.

    Returns
    -------
    ModelFile
    """
    labels = [f"{random.choice(TEXTS)} {k}" for k in range(config.classes)]
    name, licence, provenance = random.choice(["", *TEXTS], 3).tolist()
    reach = 2.0 ** random.integers(5, 16)  # of the activations
    arrays = {}
    for field, kind, shape in fields(config):
        is_wild = random.random() < wild
        if kind in ("flags", "bits", "rows"):
            value = random.integers(0, 2, shape).astype(bool)
        elif kind in ("vector", "limits"):
            width = None if is_wild else width_of(config, field, reach)
            value = random_vector(random, shape, width)
            if field.endswith("gains"):
                value.codes.clip(-127, None, out=value.codes)
        elif field.startswith("conv1"):
            value = _first_convolution(random, field, shape, arrays, is_wild)
        else:
            value = _random_number(random, kind, shape, reach, is_wild)
        arrays[field] = value
    thresholds = random.random(config.classes, np.float32).tolist()
    texts = name, licence, provenance
    return ModelFile(config, labels, thresholds, *texts, arrays)


def width_of(config, field, reach):
    """Returns about the largest magnitude of a vector's values.

    Arguments
    ---------
    config : Config
        Of the network.
    field : str
        A name of ``layout.fields``.
    reach : float
        About the largest magnitude of activations.

    Returns
    -------
    float
    """
    c = config
    layer, part = field.split(".")[-2:]
    if part not in ("gains", "limits"):
        return reach
    inputs = {
        "conv2": 25 * c.front_channels,
        "projection": c.front_channels * c.mels // 2,
        "memory": c.taps_before + 1 + c.taps_after,
        "expand": c.channels,
        "project": c.hidden,
    }[layer]
    dots = math.sqrt(max(1, inputs) * (5 if c.planes == 2 else 1))
    if part == "limits":
        return dots / 2
    largest = (2**c.planes - 1) * inputs
    return reach / dots * 2 ** max(8, largest.bit_length())


def random_vector(random, shape, width=None):
    """Returns a ``StoredVector`` of values up to so many, or of any codes.

    Where there are three of each, they are a middle, low and high limit.
    """
    if width is None:
        exponent, codes = random.integers(9), random.choice(CODES, shape)
    else:
        exponent = min(8, max(0, math.ceil(math.log2(width / 127))))
        largest = min(127, math.ceil(width / 2**exponent))
        codes = random.integers(-largest, largest + 1, shape).astype(np.int8)
    if shape[0] == 3 and len(shape) == 2:
        codes = np.sort(codes, axis=0)[[1, 0, 2]]
    return StoredVector(int(exponent), codes)


def _first_convolution(random, field, shape, arrays, is_wild):
    """Weights whose magnitudes add up to at most 258, and ordered limits."""
    if field == "conv1.weight":
        largest = 2 ** random.integers(2, 8, (shape[0], 1))
        weights = random.integers(-largest, largest, shape)
        magnitudes = np.abs(weights)
        excess = (magnitudes.cumsum(1) - 258).clip(0)
        return np.sign(weights) * (magnitudes - excess).clip(0)
    width = 2**15 if is_wild else 4000
    if field == "conv1.middle":
        return random.integers(-width, width, shape)
    away = random.integers(0, width, shape)
    if field == "conv1.low":
        away = -away
    return (arrays["conv1.middle"] + away).clip(-(2**15), 2**15 - 1)


def _random_number(random, kind, shape, reach, is_wild):
    """Numbers of a slope, a spread or the classifier."""
    if kind == "i4":
        return random.integers(-7, 8, shape)
    if kind == "i8":  # a slope
        return random.choice([-127, 127] if is_wild else np.arange(-127, 128))
    if kind == "u8":  # a shift
        fitting = min(8, max(1, math.log2(reach / 64)))
        return int(random.integers(1, 9) if is_wild else fitting)
    if kind == "u16":  # a spread
        return random.integers(0, 65536 if is_wild else 2 * reach)
    if kind == "i32":  # biases
        largest = 2**30 if is_wild else 1000
        return random.choice(
            [-largest, random.integers(-largest, largest), largest], shape
        )
    unit = random.choice(SPECIAL) if is_wild else random.uniform(1e-5, 1e-2)
    return np.float32(unit)


def random_features(random, config, batch):
    """Returns features (batch, T, F) in dB: of all codes, halfway between two,
    and beyond all."""
    c = config
    shape = batch, c.frames, c.mels
    halves = random.integers(130, size=shape) + 0.5
    codes = np.where(random.random(shape) < 0.25, halves, 0)
    codes = np.where(codes == 0, random.uniform(-10, 140, shape), codes)
    x = c.input_low + codes / c.input_gain
    ends = random.choice([c.input_low, -100.0, 0.0, 3e38, -3e38], shape)
    x = np.where(random.random(shape) < 0.02, ends, x)
    x[0] = ends[0]
    x = x.clip(-3e38, 3e38).astype(np.float32)
    if c.input_reference:  # codes below that of the loudest
        loudest = random.uniform(-100, 50, (batch, 1, 1)).astype(np.float32)
        x = np.minimum(x + loudest, loudest)
        x[:, random.integers(c.frames), random.integers(c.mels)] = loudest[
            :, 0, 0
        ]
    return x


def random_audio(random, config, clips):
    """Returns windows of noise, from faint to as loud as may be."""
    levels = random.choice([1e-30, 1e-6, 0.01, 0.1, 1.0, 5.3], clips)
    levels[0] = 0.1
    noise = random.standard_normal((clips, config.window_samples))
    return (noise.clip(-3, 3) * levels[:, None]).astype(np.float32)
