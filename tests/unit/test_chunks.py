"""Parts of a batch give what the whole gives."""

import pytest
import torch

from speechbrain_bifsmn.nnet.chunks import in_chunks


@pytest.mark.parametrize("batch", [1, 2, 15, 16, 17, 32, 33])
def test_any_batch(batch):
    x, factor = torch.randn(batch, 3), torch.randn(batch, 1)
    assert torch.equal(in_chunks(torch.mul, x, factor), x * factor)


def test_parts_are_small():
    sizes = []

    def record(x):
        sizes.append(len(x))
        return x

    in_chunks(record, torch.zeros(7, 1), size=3)
    assert sizes == [3, 3, 1]
