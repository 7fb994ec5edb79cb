"""Any model file that the format allows, at random: headers and numbers.

Needs neither torch nor the engine.
"""

import numpy as np

from bifsmn_engine.format.layout import (
    Config,
    ModelFile,
    StoredVector,
    fields,
)

LARGEST = 2.0**20
# Zeros, subnormal numbers, where squares vanish, and both ends.
SPECIAL = [0.0, 1e-45, 2.0**-126, 2.0**-64, 2.0**-20, 1.0, 3.0, LARGEST]
SPECIAL += [-number for number in SPECIAL]
TEXTS = ["word", "öff", "数", "😀", "a" * 300]
# The smallest network that the format allows.
SMALLEST = Config(
    *(2, 4, 4, 1, 1, 8, 16, 16, 0, 0, 1, 1, 1, 1000, 224, 256, 64),
    *(0.0, 500.0, 2.0**-33, -20.0, 30.0, -2.5, 3.0, 0.5, 1),
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
        "threshold_bits": int(random.integers(1, 17)),
        "affine_bits": int(random.integers(1, 17)),
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
    """Returns the fields that scale features, and those of the decision."""
    low, high = np.sort(random.uniform(-4, 4, 2).astype(np.float32))
    ends = [(low, high), (0.0, 1e-45), (-LARGEST, LARGEST), (-0.0, 3.0)]
    low, high = ends[random.choice(4, p=[0.7, 0.1, 0.1, 0.1])]
    stds = [30.0, random.uniform(0.1, 50), 1e-45, 2.0**-126, LARGEST]
    return {
        "input_mean": single(random.choice([-20.0, 0.0, -LARGEST, 7.3])),
        "input_std": single(random.choice(stds, p=[0.4, 0.45, *[0.05] * 3])),
        "input_low": single(low),
        "input_high": single(high),
        "threshold": single(random.choice([0.0, 0.5, 1.0, random.uniform()])),
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
        The share of parts whose numbers are of any magnitude; the others are as
        training leaves them.

    Returns
    -------
    ModelFile
    """
    labels = [f"{random.choice(TEXTS)} {k}" for k in range(config.classes)]
    name, licence, provenance = random.choice(["", *TEXTS], 3).tolist()
    arrays = {}
    for field, kind, shape in fields(config):
        value = _random_array(random, kind, shape, config, wild)
        if field.endswith(".s2"):  # at most 2^20 times s1
            value = min(value, np.float32(2**19) * arrays[f"{field[:-1]}1"])
            value = max(value, np.float32(1e-45))
        arrays[field] = value
    return ModelFile(config, labels, name, licence, provenance, arrays)


def _random_array(random, kind, shape, config, wild):
    if kind in ("bits", "rows"):
        return random.integers(0, 2, shape).astype(bool)
    if kind == "i8":
        return random.integers(-128, 128, shape).astype(np.int8)
    is_wild = random.random() < wild
    if kind == "scale":
        scale = random.choice([n for n in SPECIAL if n > 0])
        return np.float32(scale if is_wild else random.uniform(0.2, 1))
    if kind == "f32":
        numbers = random.choice(SPECIAL, shape)
        numbers = numbers if is_wild else random.uniform(-0.5, 0.5, shape)
        return np.asarray(numbers, np.float32)
    bits = getattr(config, f"{kind}_bits")
    codes = random.integers(0, 2**bits, shape).astype(np.uint16)
    if not is_wild:
        return StoredVector(*np.float32([-0.4, 0.8 / 2**bits]), codes)
    offset, span = random.choice(SPECIAL, 2)
    if abs(offset + span) > LARGEST:
        span = -span
    return StoredVector(*np.float32([offset, span / 2**bits]), codes)


def random_features(random, config, batch):
    """Returns features (batch, T, F) in dB: within the input's range, beyond
    it, and at its ends."""
    c = config
    shape = batch, c.frames, c.mels
    x = random.uniform(-4, 4, shape) * c.input_std + c.input_mean
    special = random.choice(
        [*SPECIAL, c.input_mean, -100.0, 3e38, -3e38], shape
    )
    x[0] = special[0]
    return x.clip(-3e38, 3e38).astype(np.float32)


def random_audio(random, config, clips):
    """Returns windows of noise, from faint to as loud as may be."""
    levels = random.choice([1e-30, 1e-6, 0.01, 0.1, 1.0, 5.3], clips)
    levels[0] = 0.1
    noise = random.standard_normal((clips, config.window_samples))
    return (noise.clip(-3, 3) * levels[:, None]).astype(np.float32)
