import numpy as np
import pytest
from random_networks import random_network

from speechbrain_bifsmn.lobes.models.folding import fold
from speechbrain_bifsmn.utils import model_file
from speechbrain_bifsmn.utils.model_file import StoredVector

LABELS = ["on", "öff"]


@pytest.fixture(scope="module")
def model():
    net = random_network(2, layers=4, channels=16, hidden=48)
    return fold(net, LABELS, name="pair", affine_bits=5)


def test_reading_gives_what_was_written(model, tmp_path):
    size = model_file.write(model, tmp_path / "a.bifsmn")
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


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda b: b"RIFF" + b[4:], "expected a .bifsmn file"),
        (lambda b: b[:8] + b"\x02" + b[9:], "expected format version 1, found"),
        (lambda b: b[:-1], "bytes of check sum"),
        (lambda b: b + b"\0", "bytes of check sum"),
        (lambda b: b[:-1] + bytes([b[-1] ^ 1]), "bytes of check sum"),
    ],
)
def test_damage_is_named(model, tmp_path, damage, message):
    path = tmp_path / "a.bifsmn"
    path.write_bytes(damage(model_file.to_bytes(model)))
    with pytest.raises(ValueError, match=message):
        model_file.read(path)


def test_numbers_without_bounds_are_refused(model):
    arrays = model.arrays | {"conv1.slope": np.float32("nan")}
    with pytest.raises(ValueError, match=r"conv1\.slope: expected finite"):
        model_file.to_bytes(model._replace(arrays=arrays))
