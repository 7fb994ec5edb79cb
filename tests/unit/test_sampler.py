"""Each epoch's draw of unknown words."""

import pytest

from speechbrain_bifsmn.dataio.sampler import UnknownSampler

LABELS = ["yes"] * 30 + ["unknown"] * 50 + ["no"] * 10 + ["silence"] * 5


def unknown(order):
    return {i for i in order if LABELS[i] == "unknown"}


def test_an_epoch_has_every_other_clip_and_its_share_of_unknown_words():
    sampler = UnknownSampler(LABELS, percentage=10, seed=3)
    order = list(sampler)
    assert len(order) == len(set(order)) == len(sampler) == 45 + 4
    assert set(order) >= {i for i, x in enumerate(LABELS) if x != "unknown"}
    assert len(unknown(order)) == 4


def test_epochs_differ_repeat_and_see_all_unknown_words_in_the_end():
    sampler, seen = UnknownSampler(LABELS, percentage=10, seed=3), set()
    orders = []
    for epoch in range(100):
        sampler.set_epoch(epoch)
        orders.append(list(sampler))
        seen |= unknown(orders[-1])
    assert len(seen) == 50
    assert orders[0] != orders[1]
    again = UnknownSampler(LABELS, percentage=10, seed=3)
    again.set_epoch(57)
    assert list(again) == orders[57]
    other_seed = UnknownSampler(LABELS, percentage=10, seed=4)
    other_seed.set_epoch(57)
    assert list(other_seed) != orders[57]


@pytest.mark.parametrize("percentage", [200, 1000])
def test_no_clip_is_drawn_twice(percentage):
    order = list(UnknownSampler(LABELS, percentage))
    assert len(order) == len(set(order)) == min(95, 45 + 80)


def test_without_unknown_words_it_only_shuffles():
    sampler = UnknownSampler(["yes"] * 9, percentage=10)
    assert sorted(sampler) == list(range(9)) and len(sampler) == 9
    assert all(isinstance(index, int) for index in sampler)
