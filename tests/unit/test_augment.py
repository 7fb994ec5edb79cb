"""Augmentation: each effect by itself, repeatability, borders."""

import pytest
import torch

from speechbrain_bifsmn.dataio.augment import KeywordAugment

OFF = {
    "probability": 0.0,
    "noise_probability": 0.0,
    "neighbour_probability": 0.0,
}


def only(**options):
    return KeywordAugment(
        **{**OFF, "gain": (1, 1), "speed": 0, "shift": 0} | options
    )


def test_off_changes_nothing():
    wav = torch.randn(5, 1000)
    assert torch.equal(KeywordAugment(**OFF)(wav), wav)
    augment = KeywordAugment([torch.randn(2000)]).eval()
    assert augment(wav) is wav


def test_gain_stays_in_its_range():
    wav = torch.ones(500, 16)
    out = only(probability=1, gain=(0.7, 1.1))(wav)
    assert torch.equal(out, out[:, :1].expand_as(out))
    assert 0.7 <= out.min() < 0.72 and 1.08 < out.max() <= 1.1


def test_shift_moves_and_fills_with_zeros():
    wav = torch.zeros(200, 101)
    wav[:, 50] = 1
    out = only(probability=1, shift=20)(wav)
    places = out.argmax(1)
    assert places.min() >= 30 and places.max() <= 70
    assert places.unique().numel() > 20
    assert torch.equal(out.sum(1), torch.ones(200))


def test_speed_scales_about_the_middle():
    wav = torch.zeros(300, 401)
    wav[:, 300:303] = 1  # 100 samples after the middle
    out = only(probability=1, speed=0.2)(wav)
    away = out.argmax(1) - 200
    assert 82 <= away.min() < 90 and 115 < away.max() <= 126


def test_speed_of_a_constant_is_constant():
    out = only(probability=1, speed=0.2)(torch.ones(50, 400))
    assert torch.allclose(out[:, 50:350], torch.ones(50, 300))


def test_noise_is_a_stretch_of_a_recording():
    noise = [torch.arange(1.0, 51.0), torch.arange(101.0, 201.0)]
    quiet = torch.full((400, 10), 1e-3)
    out = only(noise=noise, noise_probability=1, noise_snr=(-60, -60))(quiet)
    out = (out - quiet).double()
    steps = out.diff(dim=1)
    gain = steps.mean(1, keepdim=True)
    assert torch.allclose(steps, gain.expand_as(steps), atol=1e-4)
    starts = (out[:, 0] / gain[:, 0]).round()
    assert starts.min() >= 1 and starts.max() <= 191
    assert not ((starts > 41) & (starts < 101)).any()  # never across two


def test_noise_is_at_the_ratio():
    torch.manual_seed(0)
    wav = torch.randn(300, 800) * torch.rand(300, 1)
    wav[0] = 0
    augment = only(
        noise=[torch.randn(900)], noise_probability=1, noise_snr=(5, 20)
    )
    noise = augment(wav) - wav
    assert torch.equal(noise[0], wav[0])
    ratio = wav[1:].square().mean(1) / noise[1:].square().mean(1)
    snr = 10 * ratio.log10()
    assert 4.99 < snr.min() < 5.5 and 19.5 < snr.max() < 20.01


def test_neighbours_are_other_clips_around():
    wav = torch.zeros(200, 101)
    wav[:, 50] = torch.arange(1.0, 201.0)
    augment = only(neighbour_probability=0.5, neighbour_distance=(30, 40))
    around = augment(wav) - wav
    before, after = around[:, :50], around[:, 51:]
    assert torch.equal(around[:, 50], torch.zeros(200))
    for side, near in ((before.flip(1), 29), (after, 29)):
        heard = side.amax(1)
        assert 60 < (heard > 0).sum() < 140
        there = side[heard > 0].argmax(1)
        assert there.min() >= near and there.max() <= near + 10
        assert (heard[heard > 0].unique() == heard[heard > 0].sort()[0]).all()


def test_probabilities_are_shares():
    augment = only(probability=0.5, gain=(0.5, 0.5))
    changed = (augment(torch.ones(4000, 2))[:, 0] != 1).float().mean()
    assert 0.46 < changed < 0.54


def test_a_seed_repeats_an_epoch():
    augment = KeywordAugment([torch.randn(300)], noise_probability=1)
    wav = torch.randn(6, 200)
    augment.seed(7)
    first = augment(wav)
    assert not torch.equal(first, augment(wav))
    augment.seed(7)
    assert torch.equal(first, augment(wav))


def test_the_global_generator_is_left_alone():
    state = torch.get_rng_state()
    KeywordAugment([torch.randn(300)])
    before = torch.get_rng_state()
    KeywordAugment()(torch.randn(2, 9).fill_(1))
    torch.set_rng_state(before)
    KeywordAugment()(torch.ones(2, 9))
    assert torch.equal(before, torch.get_rng_state())
    torch.set_rng_state(state)


def test_noise_shorter_than_a_clip():
    augment = KeywordAugment([torch.randn(5)])
    with pytest.raises(ValueError, match="noise: expected at least 9 samples"):
        augment(torch.zeros(2, 9))
