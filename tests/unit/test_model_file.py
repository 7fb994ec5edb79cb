import os
import struct
import time
import tracemalloc
import zlib

import numpy as np
import pytest
from random_networks import random_network

from bifsmn_engine.format import model_file
from bifsmn_engine.format.layout import StoredVector
from bifsmn_engine.pretrained import MODEL
from speechbrain_bifsmn.deploy.folding import fold
from speechbrain_bifsmn.deploy.writer import write_model

LABELS = ["on", "öff"]


@pytest.fixture(scope="module")
def model():
    net = random_network(2, layers=4, channels=16, hidden=48)
    return fold(net, LABELS, name="pair")


def test_reading_gives_what_was_written(model, tmp_path):
    size = write_model(model, tmp_path / "a.bifsmn")
    assert size == (tmp_path / "a.bifsmn").stat().st_size
    back = model_file.read(tmp_path / "a.bifsmn")
    assert back.labels == LABELS
    assert back.name == "pair"
    assert list(back.arrays) == list(model.arrays)
    for name, value in model.arrays.items():
        found = back.arrays[name]
        if isinstance(value, StoredVector):
            value, found = value.values, found.values
        np.testing.assert_array_equal(
            np.asarray(value, found.dtype), found, err_msg=name
        )
    assert model_file.to_bytes(back) == model_file.to_bytes(model)
    assert [p.name for p in tmp_path.iterdir()] == ["a.bifsmn"]


def test_signs_are_packed_least_significant_first(model):
    """A set bit is -1; rows are padded with clear bits."""
    content = model_file.to_bytes(model)
    signs = model.arrays["blocks.0.project.signs"]  # 16 x 48
    rows = np.zeros((16, 16), np.uint8)
    for n, k in np.argwhere(signs):
        rows[n, k // 8] |= 1 << k % 8
    assert content.count(rows.tobytes()) == 1


def test_blocks_of_8_outputs_follow_one_another(model):
    """Inputs first: all inputs of 8 outputs, before the next 8."""
    content = model_file.to_bytes(model)
    signs = model.arrays["projection.signs"]  # 16 x 256
    chunks = np.packbits(signs, axis=1, bitorder="little").reshape(16, 2, 16)
    expected = b"".join(
        chunks[first : first + 8, chunk].tobytes()
        for first in (0, 8)
        for chunk in (0, 1)
    )
    assert content.count(expected) == 1


def test_weights_of_the_classifier_are_two_in_a_byte(model):
    """The first of two in the lower half; they end the file."""
    content = model_file.to_bytes(model)
    even, odd = model.arrays["classifier.weight"].reshape(-1, 2).T
    packed = (even % 16 + odd % 16 * 16).astype(np.uint8)
    assert content.endswith(packed.tobytes())


def test_values_of_a_vector_are_codes_with_their_exponent(model):
    name = "blocks.3.4.memory.shifts"
    stored = StoredVector(8, np.arange(-8, 8, dtype=np.int8))
    changed = model._replace(arrays=model.arrays | {name: stored})
    content = model_file.to_bytes(changed)
    assert content.count(b"\x08" + stored.codes.tobytes()) == 1
    back = model_file.from_bytes(content).arrays[name]
    assert back.values.tolist() == list(range(-2048, 2048, 256))


def test_default_network_is_23_times_smaller_than_real_weights():
    labels = [f"word{index}" for index in range(12)]
    content = model_file.to_bytes(fold(random_network(), labels))
    assert len(content) <= 97_200


def sealed(content):
    """The bytes with the length and the checksum that fit them."""
    check = zlib.crc32(content[20:])
    return content[:12] + struct.pack("<2I", len(content), check) + content[20:]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda b: b"", "expected a .bifsmn file, found another"),
        (lambda b: b"RIFF" + b[4:], "expected a .bifsmn file, found another"),
        (lambda b: b[:8], "expected 116 bytes or more, found 8; copy"),
        (lambda b: b[:115], "expected 116 bytes or more, found 115; copy"),
        (lambda b: b[:8] + b"\x01" + b[9:], "expected format version 4, found"),
        (lambda b: b[:-1], r"expected \d+ bytes, found \d+; copy the file"),
        (lambda b: b + b"\0", r"expected \d+ bytes, found \d+; copy the file"),
        (lambda b: b[:-1] + bytes([b[-1] ^ 1]), "expected the checksum"),
        (
            lambda b: b[:20] + b"\1" + b[21:],
            r"classes: .* found 1 \(byte 20\);",
        ),
        (
            lambda b: sealed(b[:118] + b"\0" + b[119:]),
            r"label 0: expected text, found NUL in it \(byte 118\); export",
        ),
        (
            lambda b: sealed(b[:-20]),
            r"expected \d+ to \d+ bytes for its header, found \d+; export",
        ),
        (
            lambda b: sealed(b[:116] + b"\xff\xff" + b[118:]),
            r"label 0: expected 65535 bytes, found \d+ \(byte 118\); export",
        ),
        (
            lambda b: sealed(b + bytes(9)),
            r"expected the end, found 9 more bytes \(byte \d+\); export",
        ),
    ],
)
def test_damage_is_named(model, tmp_path, damage, message):
    path = tmp_path / "a.bifsmn"
    path.write_bytes(damage(model_file.to_bytes(model)))
    with pytest.raises(ValueError, match=message) as error:
        model_file.read(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def make_folder(path):
    path.mkdir()


def make_link_to_device(path):
    path.symlink_to("/dev/zero")


def make_large(path):
    """10 GB, of which the disk holds the start of a good file."""
    path.write_bytes(MODEL.read_bytes())
    os.truncate(path, 10 * 2**30)


def make_stated(path):
    """2^28 bytes, which the file says of itself, and a good header."""
    content = MODEL.read_bytes()
    path.write_bytes(content[:12] + struct.pack("<I", 2**28) + content[16:])
    os.truncate(path, 2**28)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda path: None, FileNotFoundError, "found none; check the path"),
        (make_folder, OSError, "expected a .bifsmn file, found a folder"),
        (
            os.mkfifo,
            OSError,
            "expected a .bifsmn file, found a device or a pipe",
        ),
        (make_link_to_device, OSError, "found a device or a pipe"),
        (make_large, ValueError, "bytes, found 10737418240; copy the file"),
        (make_stated, ValueError, "for its header, found 268435456; export"),
        (lambda path: path.symlink_to(path), OSError, "m.bifsmn"),
        (
            lambda path: path.symlink_to("nowhere"),
            FileNotFoundError,
            "found none",
        ),
    ],
)
def test_what_is_no_such_file_is_refused_at_once(
    tmp_path, make, error, message
):
    path = tmp_path / "m.bifsmn"
    make(path)
    tracemalloc.start()
    began = time.monotonic()
    with pytest.raises(error, match=message) as raised:
        model_file.read(path)
    assert time.monotonic() - began < 1
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def vector(model, **fields):
    return model.arrays["projection.gains"]._replace(**fields)


def limits(model, *codes):
    """A middle, low and high limit, for all outputs of an expand."""
    codes = np.repeat(np.int8(codes), 48).reshape(3, 48)
    return StoredVector(0, codes)


SLOPE, UNIT, GAINS = "projection.slope", "classifier.unit", "projection.gains"
PADS, WEIGHT, BIASES = "conv2.pads1", "classifier.weight", "classifier.biases"
LIMITS, FIRST = "blocks.0.1.expand.limits", "conv1.weight"
WRONG_ARRAYS = [
    (SLOPE, lambda m: -128, "a slope of -127 or more, found -128"),
    (SLOPE, lambda m: 128, "from -128 to 127, found 128"),
    (SLOPE, lambda m: np.float32("nan"), "whole numbers from .* found nan"),
    (SLOPE, lambda m: 0.5, "whole numbers from -128 to 127, found 0.5"),
    (UNIT, lambda m: np.float32("nan"), "above 0, up to 2.20, found nan"),
    (UNIT, lambda m: 1e300, "found inf"),
    (UNIT, lambda m: 0.0, "a number above 0, up to 2.20, found 0.0"),
    (UNIT, lambda m: 1e-60, "a number above 0, up to 2.20, found 0.0"),
    (UNIT, lambda m: 2**20 + 1, "found 1048577.0"),
    (BIASES, lambda m: np.zeros(3, int), r"numbers of shape \(2,\), found"),
    (BIASES, lambda m: np.zeros(2, bool), "numbers of shape"),
    (BIASES, lambda m: ["a"] * 2, "numbers of shape"),
    (BIASES, lambda m: None, "numbers of shape"),
    (BIASES, lambda m: [0, 2**30 + 1], "at most 2.30 .* found 1073741825"),
    (BIASES, lambda m: [2**31, 0], "to 2147483647, found 2147483648"),
    (PADS, lambda m: np.zeros(16), "signs of shape .* found float64"),
    ("conv2.signs", lambda m: np.zeros((32, 400)), "signs of shape .* float64"),
    (GAINS, lambda m: vector(m, exponent=9), "an exponent of 0 to 8, found 9"),
    (GAINS, lambda m: vector(m, exponent=-1), "0 to 255, found -1"),
    (GAINS, lambda m: vector(m, exponent=2.5), "0 to 255, found 2.5"),
    (GAINS, lambda m: vector(m, codes=np.full(16, -128)), "-127 .*found -128"),
    (GAINS, lambda m: vector(m, codes=np.full(16, 128)), "found 128"),
    (GAINS, lambda m: vector(m, codes=np.zeros(8, int)), "numbers of shape"),
    (GAINS, lambda m: np.zeros(16), "a StoredVector, found ndarray"),
    (LIMITS, lambda m: limits(m, 0, 1, 2), "low <= middle <= high, found"),
    (LIMITS, lambda m: limits(m, 2, 1, 0), "low <= middle <= high, found"),
    ("conv1.low", lambda m: m.arrays["conv1.middle"] + 1, "low <= middle"),
    ("conv1.high", lambda m: m.arrays["conv1.middle"] - 1, "low <= middle"),
    ("conv1.middle", lambda m: np.full(16, 2**15), "found 32768"),
    (FIRST, lambda m: np.full((16, 25), 11), "at most 258, found 275"),
    (FIRST, lambda m: np.full((16, 25), -128), "at most 258, found 3200"),
    ("classifier.shift", lambda m: 0, "a shift of 1 to 8, found 0"),
    ("classifier.shift", lambda m: 9, "a shift of 1 to 8, found 9"),
    (WEIGHT, lambda m: np.full((2, 16), -8), "from -7 to 7, found -8"),
    (WEIGHT, lambda m: np.full((2, 16), 8), "-8 to 7, found 8"),
    (WEIGHT, lambda m: np.full((2, 16), np.nan), "whole numbers"),
    ("blocks.0.memory.spread", lambda m: 2**16, "to 65535, found 65536"),
    ("blocks.0.memory.spread", lambda m: -1, "0 to 65535, found -1"),
]


@pytest.mark.parametrize(("name", "make", "message"), WRONG_ARRAYS)
def test_no_array_is_written_that_readers_refuse(model, name, make, message):
    arrays = model.arrays | {name: make(model)}
    with pytest.raises(ValueError, match=f"^{name}: expected .*{message}"):
        model_file.to_bytes(model._replace(arrays=arrays))


def test_a_missing_array_is_named(model):
    arrays = {k: v for k, v in model.arrays.items() if k != GAINS}
    with pytest.raises(ValueError, match=f"^{GAINS}: expected .* found none"):
        model_file.to_bytes(model._replace(arrays=arrays))


WRONG_TEXTS = [
    ({"labels": ["on", ""]}, "label 1: expected text, found none"),
    ({"labels": ["on", "o\0"]}, "label 1: expected text, found NUL in it"),
    (
        {"labels": ["\ud800", "off"]},
        "label 0: expected UTF-8, found other bytes",
    ),
    ({"labels": ["on", "ö" * 32768]}, "label 1: expected at most 65535 bytes"),
    ({"labels": ["on", 1]}, "label 1: expected text, found 1"),
    ({"labels": ["on", None]}, "label 1: expected text, found None"),
    ({"labels": ["on"]}, "labels: expected 2, one for each output, found 1"),
    ({"name": "a\0"}, "name: expected text, found NUL in it"),
    ({"licence": b"CC0"}, "licence: expected text, found b'CC0'"),
    ({"provenance": "x" * 65536}, "provenance: .* found 65536"),
]


@pytest.mark.parametrize(("fields", "message"), WRONG_TEXTS)
def test_no_text_is_written_that_readers_refuse(model, fields, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        model_file.to_bytes(model._replace(**fields))


WRONG_CONFIGS = [
    ({"classes": 2.0}, "classes: the engine takes 2 to 1024, found 2.0"),
    ({"smoothing": 65}, r"smoothing: .* found 65 \(byte 112\)"),
    ({"sample_rate": 16000.5}, "sample_rate: the engine takes"),
    ({"f_max": 1e300}, "f_max: the engine takes finite numbers up to"),
    ({"power_floor": 1e-60}, "power_floor: expected more than 0, found 1e-60"),
    ({"input_gain": float("nan")}, "input_gain: the engine takes finite"),
]


@pytest.mark.parametrize(("fields", "message"), WRONG_CONFIGS)
def test_no_header_is_written_that_readers_refuse(model, fields, message):
    config = model.config._replace(**fields)
    with pytest.raises(ValueError, match=f"^{message}"):
        model_file.to_bytes(model._replace(config=config))


def test_headers_are_compared_in_single_precision(model):
    """What is written is 8000."""
    config = model.config._replace(f_max=8000 + 1e-5)
    back = model_file.from_bytes(
        model_file.to_bytes(model._replace(config=config))
    )
    assert back.config.f_max == 8000.0


@pytest.mark.parametrize(
    ("thresholds", "message"),
    [
        ([0.5], "thresholds: expected 2, one for each label, found 1"),
        ([0.5, 1.1], "threshold 1: expected 0 to 1, found 1.1"),
        ([-0.1, 0.5], "threshold 0: expected 0 to 1, found -0.1"),
        ([float("nan"), 0.5], "threshold 0: expected 0 to 1, found nan"),
        ([None, 0.5], "threshold 0: expected 0 to 1, found None"),
        (["0.5", 0.5], "threshold 0: expected 0 to 1, found 0.5"),
    ],
)
def test_no_thresholds_are_written_that_readers_refuse(
    model, thresholds, message
):
    with pytest.raises(ValueError, match=f"^{message}"):
        model_file.to_bytes(model._replace(thresholds=thresholds))


def test_thresholds_are_kept(model):
    for thresholds in ([0.0, 1.0], [0.25, 0.875]):
        written = model_file.to_bytes(model._replace(thresholds=thresholds))
        assert model_file.from_bytes(written).thresholds == thresholds


def test_nothing_is_written_of_what_is_refused(model, tmp_path):
    path = tmp_path / "a.bifsmn"
    path.write_bytes(b"before")
    with pytest.raises(ValueError, match="label 0"):
        write_model(model._replace(labels=["", "b"]), path)
    assert path.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["a.bifsmn"]
