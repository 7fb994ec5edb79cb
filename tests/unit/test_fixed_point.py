import numpy as np
import pytest
import torch

from speechbrain_bifsmn.nnet.fixed_point import (
    INT16,
    apply_affine,
    multiply_high,
    share_exponent,
    shift_of,
    straight_through,
)


def test_products_are_those_of_whole_numbers_in_single_precision():
    """Operands of 16 bits, one of them 8 bits times a power of 2."""
    random = np.random.default_rng(0)
    a = random.integers(-32767, 32768, 20000)
    a[:4] = -32767, 32767, 0, -1
    codes, exponents = (
        random.integers(low, high, len(a))
        for low, high in ((-127, 128), (0, 9))
    )
    codes[:4] = 127, -127, 127, 127
    b = codes << exponents
    # A dot product of 12 bits, shifted, or 16 bits times 7 bits.
    for pair in ((a >> 4 << 4, b), (a, codes << 8)):
        found = multiply_high(*(torch.from_numpy(v).float() for v in pair))
        assert found.tolist() == (pair[0] * pair[1] + 2**14 >> 15).tolist()


@pytest.mark.parametrize("largest", [1, 15, 45, 384, 768, 1200, 4800, 12288])
def test_a_shifted_dot_product_fits_16_bits(largest):
    shift = shift_of(largest)
    assert largest << shift < 2**15
    assert shift == 7 or largest << shift + 1 >= 2**15


def test_exponents_are_the_cheapest():
    values = torch.tensor([-127.0, 3.0, 127.0])
    found = share_exponent(values)
    assert torch.equal(found.codes, values)
    assert found.exponent == 0
    # What lies far out is clipped where its error costs nothing.
    values, weights = torch.tensor([1e6, 3.0, -7.0]), torch.tensor([0.0, 1, 1])
    found = share_exponent(values, lambda x: (x - values).square() * weights)
    assert found.values.tolist() == [127, 3, -7]
    # The largest exponent clips as well.
    assert share_exponent(torch.tensor([1e6])).values == 127 * 2**8


def test_sums_saturate_and_slopes_bend():
    dots = torch.tensor([-15.0, -1.0, 0.0, 1.0, 15.0])
    gain, shift = torch.tensor(127.0 * 2**8), torch.tensor(127.0 * 2**8)
    found = apply_affine(dots, 15, gain, shift, torch.tensor(64.0))
    assert found.max() == INT16[1]
    low = apply_affine(dots, 15, gain, -shift, torch.tensor(64.0))
    assert low.tolist()[0] == -(2**14)  # half of the lowest
    flat = apply_affine(dots, 15, gain, 0 * gain, torch.tensor(-127.0))
    assert (flat >= 0).all()


def test_what_is_rounded_is_exact():
    x = torch.randn(1000, requires_grad=True)
    rounded = (x.detach() * 128).round() / 128
    y = straight_through(x, rounded)
    assert torch.equal(y.detach(), rounded)
    y.sum().backward()
    assert torch.equal(x.grad, torch.ones(1000))
