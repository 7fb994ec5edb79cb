"""Averaged weights, and the statistics of their normalisations."""

import pytest
import torch
from torch import nn

from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
from speechbrain_bifsmn.nnet.averaging import (
    AveragedWeights,
    estimate_statistics,
)
from speechbrain_bifsmn.nnet.positive_norm import PositiveGainBatchNorm


def averaged(share, values):
    model = nn.Linear(1, 1, bias=False)
    mean = AveragedWeights(model, share)
    for value in values:
        nn.init.constant_(model.weight, value)
        mean.update_parameters(model)
    return mean.module.weight.item()


def test_without_a_share_the_last_weights_count():
    assert averaged(0.0, [3.0, 5.0, -1.0]) == -1.0


def test_a_share_of_one_is_the_mean_of_all():
    assert averaged(1.0, range(7)) == pytest.approx(3.0)


def test_the_mean_goes_back_over_a_share_of_the_steps():
    """Steps before it hardly count, those after the change do."""
    changed = [0.0] * 500 + [1.0] * 500
    assert averaged(1.0, changed) == pytest.approx(0.5, abs=0.01)
    assert averaged(0.1, changed) > 0.99
    assert 0.6 < averaged(0.1, changed[:550]) < 0.7


def test_weights_that_turn_over_have_the_sign_of_most_steps():
    assert averaged(0.2, [-0.1, 0.3] * 50) == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_what_is_no_share_is_refused(share):
    with pytest.raises(ValueError, match="averaged_share: expected"):
        AveragedWeights(nn.Linear(1, 1), share)


def test_the_average_does_not_learn():
    mean = AveragedWeights(nn.Linear(2, 2), 0.1)
    assert not any(p.requires_grad for p in mean.parameters())
    assert not mean.training


@pytest.mark.parametrize("norm", [nn.BatchNorm1d, PositiveGainBatchNorm])
def test_statistics_are_those_of_all_batches(norm):
    torch.manual_seed(0)
    layer = norm(3)
    layer.running_mean.fill_(99)
    batches = torch.randn(5, 64, 3) * 2 + 1
    estimate_statistics(layer, layer, batches)
    torch.testing.assert_close(layer.running_mean, batches.mean((0, 1)))
    expected = batches.var(1).mean(0)
    torch.testing.assert_close(layer.running_var, expected)
    assert layer.momentum == 0.1 and not layer.training


def test_without_batches_statistics_stay():
    layer = nn.BatchNorm1d(2)
    layer.running_mean.fill_(7)
    estimate_statistics(layer, layer, [])
    assert layer.running_mean.tolist() == [7, 7]


def test_every_thinning_has_its_own():
    torch.manual_seed(0)
    net = BiDFSMN(classes=3, layers=4, channels=8, hidden=8)
    before = {name: value.clone() for name, value in net.named_buffers()}
    features = torch.randn(4, 32, 32) * 20 - 30
    estimate_statistics(net, lambda x: net(x, thinnings=[1, 2, 4]), [features])
    running = [name for name in before if name.endswith("running_mean")]
    assert len(running) > 10
    after = dict(net.named_buffers())
    assert not any(torch.equal(before[n], after[n]) for n in running)
