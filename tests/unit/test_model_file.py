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
    return fold(net, LABELS, name="pair", affine_bits=5)


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


@pytest.mark.parametrize("bits", [1, 2, 7, 8, 12, 16])
def test_rounding_is_to_the_nearest(bits):
    values = np.random.default_rng(0).normal(size=100)
    stored = StoredVector.of(values, bits)
    step = (values.max() - values.min()) / (2**bits - 1)
    assert np.abs(stored.values - values).max() <= 0.5001 * step + 1e-6
    assert stored.codes.max() == 2**bits - 1


def test_equal_values_are_kept():
    assert StoredVector.of(np.full(3, 0.25), 8).values.tolist() == [0.25] * 3


def test_default_network_is_20_times_smaller_than_real_weights():
    labels = [f"word{index}" for index in range(12)]
    content = model_file.to_bytes(fold(random_network(), labels))
    assert len(content) <= 117_000


def sealed(content):
    """The bytes with the length and the checksum that fit them."""
    check = zlib.crc32(content[20:])
    return content[:12] + struct.pack("<2I", len(content), check) + content[20:]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda b: b"", "expected a .bifsmn file, found another"),
        (lambda b: b"RIFF" + b[4:], "expected a .bifsmn file, found another"),
        (lambda b: b[:8], "expected 124 bytes or more, found 8; copy"),
        (lambda b: b[:123], "expected 124 bytes or more, found 123; copy"),
        (lambda b: b[:8] + b"\x02" + b[9:], "expected format version 1, found"),
        (lambda b: b[:-1], r"expected \d+ bytes, found \d+; copy the file"),
        (lambda b: b + b"\0", r"expected \d+ bytes, found \d+; copy the file"),
        (lambda b: b[:-1] + bytes([b[-1] ^ 1]), "expected the checksum"),
        (
            lambda b: b[:20] + b"\1" + b[21:],
            r"classes: .* found 1 \(byte 20\);",
        ),
        (
            lambda b: sealed(b[:126] + b"\0" + b[127:]),
            r"label 0: expected text, found NUL in it \(byte 126\); export",
        ),
        (
            lambda b: sealed(b[:-20]),
            r"expected \d+ to \d+ bytes for its header, found \d+; export",
        ),
        (
            lambda b: sealed(b[:124] + b"\xff\xff" + b[126:]),
            r"label 0: expected 65535 bytes, found \d+ \(byte 126\); export",
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


def test_numbers_without_bounds_are_refused(model):
    arrays = model.arrays | {"conv1.slope": np.float32("nan")}
    with pytest.raises(ValueError, match=r"conv1\.slope: expected finite"):
        model_file.to_bytes(model._replace(arrays=arrays))


def vector(model, **fields):
    return model.arrays["conv2.gains"]._replace(**fields)


WRONG_ARRAYS = [
    (
        "conv1.slope",
        lambda m: np.float32(2**20 + 1),
        "finite numbers of at most",
    ),
    (
        "conv1.slope",
        lambda m: 1e300,
        "finite numbers of at most 2.20, found inf",
    ),
    ("conv1.shifts", lambda m: np.zeros(3), r"numbers of shape \(16,\), found"),
    ("conv1.shifts", lambda m: np.zeros(16, bool), "numbers of shape"),
    ("conv1.shifts", lambda m: ["a"] * 16, "numbers of shape"),
    ("conv1.shifts", lambda m: None, "numbers of shape"),
    ("conv2.s1", lambda m: 0.0, "a number above 0, found 0.0"),
    ("conv2.s1", lambda m: 1e-60, "a number above 0, found 0.0"),
    ("conv2.s1", lambda m: -1.0, "a number above 0, found -1.0"),
    ("conv2.s2", lambda m: 2.0**20, "at most 2.20 times s1, found"),
    ("conv2.signs", lambda m: np.zeros((32, 400)), "signs of shape .* float64"),
    ("conv2.gains", lambda m: vector(m, step=np.inf), "finite numbers"),
    ("conv2.gains", lambda m: vector(m, offset=2**20, step=1.0), "finite"),
    ("conv2.gains", lambda m: vector(m, codes=np.arange(1, 33)), "found 32"),
    (
        "conv2.gains",
        lambda m: vector(m, codes=np.full(32, 32)),
        "0 to 31, found 32",
    ),
    ("conv2.gains", lambda m: vector(m, codes=np.full(32, -1)), "found -1"),
    (
        "conv2.gains",
        lambda m: vector(m, codes=np.zeros(8, int)),
        "codes of shape",
    ),
    ("conv2.gains", lambda m: np.zeros(32), "a StoredVector, found ndarray"),
    (
        "classifier.weight",
        lambda m: np.full((2, 128), 128),
        "-128 to 127, found 128",
    ),
    ("classifier.weight", lambda m: np.full((2, 128), 0.5), "whole numbers"),
    ("classifier.weight", lambda m: np.full((2, 128), np.nan), "whole numbers"),
]


@pytest.mark.parametrize(("name", "make", "message"), WRONG_ARRAYS)
def test_no_array_is_written_that_readers_refuse(model, name, make, message):
    arrays = model.arrays | {name: make(model)}
    with pytest.raises(ValueError, match=f"^{name}: expected .*{message}"):
        model_file.to_bytes(model._replace(arrays=arrays))


def test_a_missing_array_is_named(model):
    arrays = {k: v for k, v in model.arrays.items() if k != "conv2.s2"}
    with pytest.raises(ValueError, match=r"^conv2\.s2: expected .* found none"):
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
    ({"smoothing": 65}, r"smoothing: .* found 65 \(byte 120\)"),
    ({"sample_rate": 16000.5}, "sample_rate: the engine takes"),
    ({"threshold": 1.1}, "threshold: expected 0 to 1, found 1.1"),
    ({"threshold": None}, "threshold: the engine takes finite numbers"),
    ({"threshold": "0.5"}, "threshold: the engine takes finite numbers"),
    ({"f_max": 1e300}, "f_max: the engine takes finite numbers up to"),
    ({"power_floor": 1e-60}, "power_floor: expected more than 0, found 1e-60"),
    ({"input_std": float("nan")}, "input_std: the engine takes finite numbers"),
]


@pytest.mark.parametrize(("fields", "message"), WRONG_CONFIGS)
def test_no_header_is_written_that_readers_refuse(model, fields, message):
    config = model.config._replace(**fields)
    with pytest.raises(ValueError, match=f"^{message}"):
        model_file.to_bytes(model._replace(config=config))


def test_headers_are_compared_in_single_precision(model):
    """What is written is 1, and 8000."""
    config = model.config._replace(threshold=1 + 1e-9, f_max=8000 + 1e-5)
    back = model_file.from_bytes(
        model_file.to_bytes(model._replace(config=config))
    )
    assert (back.config.threshold, back.config.f_max) == (1.0, 8000.0)


def test_nothing_is_written_of_what_is_refused(model, tmp_path):
    path = tmp_path / "a.bifsmn"
    path.write_bytes(b"before")
    with pytest.raises(ValueError, match="label 0"):
        write_model(model._replace(labels=["", "b"]), path)
    assert path.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["a.bifsmn"]
