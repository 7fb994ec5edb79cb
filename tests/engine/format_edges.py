"""Headers at the ends of the bounds of FORMAT.md, and just beyond them.

Each is what it has in place of ``SMALLEST``'s fields; of those beyond, the
first field is the one that is wrong.
"""

import numpy as np

TINY, LARGEST = 1e-45, 2.0**20  # the least single above 0; the largest of all


def above(number):
    """The next single."""
    return float(np.nextafter(np.float32(number), np.float32("inf")))


def below(number):
    """The single before."""
    return float(np.nextafter(np.float32(number), np.float32("-inf")))


def each(name, *values, **others):
    """Headers with each of some values."""
    return [{name: value, **others} for value in values]


def frames(number, hop=128, **others):
    """A front end that makes so many frames."""
    samples = (number - 1) * hop + hop // 2
    return {"frames": number, "hop": hop, "window_samples": samples, **others}


GOOD = [
    *each("classes", 2, 1024),
    *each("mels", 4, 128),
    *(frames(4), frames(256)),
    *each("layers", 1, 3, 64),
    *({"layers": 2**k, "thinnings": k + 1} for k in (1, 6)),
    *each("layers", 4, 12, thinnings=3),
    *each("front_channels", 8, 64),
    *each("channels", 16, 512),
    *each("hidden", 16, 1024),
    *each("taps_before", 0, 7),
    *each("taps_after", 0, 7),
    {"taps_before": 7, "taps_after": 7},
    *each("planes", 1, 2),
    *each("sample_rate", 1000, 192000),
    *each("window_samples", 192, 255, hop=64),
    *each("window_samples", 129, 159, hop=40),
    {"n_fft": 256, **frames(4)},
    {"n_fft": 4096, **frames(256, hop=4096)},
    frames(12, hop=16),
    frames(4, hop=256),
    *each("f_min", 0.0, -0.0, TINY, below(500.0)),
    *each("f_max", 500.0, TINY),
    *each("f_max", above(100.0), f_min=100.0),
    *each("f_max", 96000.0, sample_rate=192000),
    *each("f_max", 500.5, sample_rate=1001),
    *each("power_floor", TINY, LARGEST),
    *each("input_pad", 0, 127),
    *each("input_reference", 0, 1),
    *each("pooling", 0, 1),
    *each("input_low", -LARGEST, -0.0, LARGEST),
    *each("input_gain", TINY, LARGEST),
    *each("smoothing", 1, 64),
]
FRONT = ("f_min", "f_max", "power_floor")
REALS = (*FRONT, "input_low", "input_gain")
NOT_FINITE = float("nan"), float("inf"), -float("inf"), above(LARGEST)
BAD = [
    *each("classes", 0, 1, 1025),
    *each("mels", 0, 2, 6, 132),
    *(frames(2), frames(6), frames(260)),
    {"frames": 8},
    *each("layers", 0, 65),
    *each("layers", 1, 3, thinnings=2),
    *each("layers", 6, 63, thinnings=3),
    *each("thinnings", 0),
    *each("thinnings", 8, layers=64),
    *each("front_channels", 0, 4, 12, 72),
    *each("channels", 0, 8, 24, 528),
    *each("hidden", 0, 8, 24, 1040),
    *each("taps_before", 8),
    *each("taps_after", 8),
    *each("planes", 0, 3),
    *each("sample_rate", 999, 192001, f_max=400.0),
    *each("window_samples", 128, hop=40),
    *each("window_samples", 2**20 + 1, 2**32 - 1, n_fft=4096, hop=4096),
    *({"n_fft": n, **frames(4, hop=64)} for n in (0, 128, 257, 320, 384)),
    *({"n_fft": n, **frames(4, hop=768)} for n in (768, 1280, 4095)),
    {"n_fft": 8192, **frames(4, hop=2048)},
    *({"hop": n, **frames(12, hop=n)} for n in (1, 15)),
    {"hop": 257, **frames(4, hop=257)},
    *each("hop", 0, 2**32 - 1),
    *each("f_min", -TINY, -1.0),
    *each("f_max", 0.0, above(500.0), 1000.0),
    *each("f_max", 100.0, below(100.0), f_min=100.0),
    *each("f_max", above(500.5), sample_rate=1001),
    *each("power_floor", 0.0, -0.0, -TINY, -1.0),
    *each("input_pad", 128, 255, 2**32 - 1),
    *each("input_reference", 2, 2**32 - 1),
    *each("pooling", 2, 2**32 - 1),
    *each("input_gain", 0.0, -0.0, -TINY),
    *each("smoothing", 0, 65),
    *({name: value} for name in REALS for value in NOT_FINITE),
]
