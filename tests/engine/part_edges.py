"""Parts of a network at the ends of the bounds of FORMAT.md, and just beyond.

Each of ``PARTS`` is a kind or the end of a name, places (from a part's end if
negative), bytes that readers take there, and bytes that they refuse.
"""

import numpy as np
from format_edges import LARGEST, NOT_FINITE, TINY


def each(dtype, *numbers):
    """The bytes of some numbers."""
    return [np.array(number, dtype).tobytes() for number in numbers]


def row(*weights):
    """The bytes of an output's 25 weights in the first convolution."""
    return bytes(np.int8([*weights, *[0] * (25 - len(weights))]))


CODES, ENDS = each("i1", -128, 127), (1, -1)
EXPONENTS = (0,), each("u1", *range(9)), each("u1", 9, 127, 128, 255)
UNITS = each("<f4", TINY, 1.0, LARGEST)
NOT_UNITS = each("<f4", 0.0, -0.0, -TINY, -1.0, *NOT_FINITE)
BIAS = 2**30
ROWS = [
    *(row(127, 127, 4), row(-127, -127, -4), row(-128, -128, 2)),
    *(row(*[10] * 24, -18), row()),
]
NOT_ROWS = [
    *(row(127, 127, 5), row(-127, -127, -5), row(-128, -128, 3)),
    *(row(*[10] * 24, -19), row(*[-128] * 25)),
]
POSTERIORS = each("<f4", 0.0, -0.0, 1e-45, 0.5, 1.0)
NOT_POSTERIORS = each("<f4", -1e-45, 1 + 2**-23, 2.0, np.nan, np.inf, -np.inf)
PARTS = [
    ("thresholds", (0, -4), POSTERIORS, NOT_POSTERIORS),
    ("conv1.weight", (0, -25), ROWS, NOT_ROWS),
    ("flags", (0, -1), each("u1", 0, 255), []),
    ("vector", *EXPONENTS),
    ("limits", *EXPONENTS),
    (".gains", ENDS, each("i1", -127, 127), each("i1", -128)),
    (".shifts", ENDS, CODES, []),
    ("memory.middle", ENDS, CODES, []),
    ("expand.middle", ENDS, CODES, []),
    (".centre", ENDS, CODES, []),
    (".spread", (0,), each("<u2", 0, 65535), []),
    (".slope", (0,), each("i1", -127, 0, 127), each("i1", -128)),
    (".unit", (0,), UNITS, NOT_UNITS),
    (".shift", (0,), each("u1", 1, 8), each("u1", 0, 9, 128, 255)),
    (
        ".biases",
        (0, -4),
        each("<i4", -BIAS, BIAS),
        each("<i4", -BIAS - 1, BIAS + 1, -(2**31), 2**31 - 1),
    ),
    (
        "classifier.weight",
        (0, -1),
        each("u1", 0x77, 0x99, 0x79, 0x97),
        each("u1", 0x08, 0x80, 0x88, 0x78, 0x89),
    ),
]
# Low, middle and high limits, and whether readers take them.
ORDERS = [
    *((0, 0, 0, True), (-1, 0, 1, True), (-1, -1, 0, True), (0, 1, 1, True)),
    *((-128, -128, -128, True), (127, 127, 127, True), (-128, 0, 127, True)),
    *((1, 0, 1, False), (-1, 0, -1, False), (1, 0, -1, False)),
    *((127, -128, 127, False), (-128, 127, -128, False)),
]
