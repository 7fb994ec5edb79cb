"""Silence that is drawn anew: kinds, levels, repeatability."""

import pytest
import torch

from speechbrain_bifsmn.dataio.backgrounds import BACKGROUNDS
from speechbrain_bifsmn.dataio.noise_bank import made_up_noise
from speechbrain_bifsmn.dataio.silence import RandomSilence

SAMPLES = 800
PLAIN = {"zeros": 0.0, "babble": 0.0}


def noise():
    return [torch.randn(1000), torch.rand(2000) - 0.5]


def decibels(wav):
    return 10 * wav.square().mean(1).log10()


def test_speech_stays_and_silence_is_new():
    clips = torch.randn(40, SAMPLES)
    silent = torch.arange(40) % 3 == 0
    out = RandomSilence(noise())(clips, silent)
    assert torch.equal(out[~silent], clips[~silent])
    assert not (out[silent] == clips[silent]).all(1).any()


def test_levels_fill_their_range():
    clips, silent = torch.zeros(500, SAMPLES), torch.ones(500).bool()
    silence = RandomSilence(noise(), level=(-60, -20), **PLAIN)
    levels = decibels(silence(clips, silent))
    assert -60.01 < levels.min() < -59 and -21 < levels.max() < -19.99
    assert -42 < levels.mean() < -38


def test_loud_noise_is_overdriven():
    clips, silent = torch.zeros(9, SAMPLES), torch.ones(9).bool()
    silence = RandomSilence(noise(), level=(0, 0), **PLAIN)
    assert silence(clips, silent).abs().max() == 1


def test_a_share_is_digital_zeros():
    clips, silent = torch.ones(1000, SAMPLES), torch.ones(1000).bool()
    out = RandomSilence(noise(), zeros=0.3, babble=0.0)(clips, silent)
    assert 250 < (out == 0).all(1).sum() < 350


def test_babble_is_made_of_the_speech_at_its_level():
    clips = torch.zeros(300, SAMPLES)
    clips[:100, 17] = 1  # an impulse, which begins anywhere
    silent = torch.arange(300) >= 100
    silence = RandomSilence(
        noise(), zeros=0.0, babble=1.0, babble_level=(-40, -40)
    )
    out = silence(clips, silent)[silent]
    assert torch.allclose(decibels(out), torch.tensor(-40.0), atol=0.01)
    assert ((out > 0).sum(1) <= 4).all()
    assert out.argmax(1).unique().numel() > 100


@pytest.mark.parametrize("silent", [[True] * 4, [False] * 4])
def test_all_or_none_may_be_silence(silent):
    clips = torch.randn(4, SAMPLES)
    out = RandomSilence(noise(), babble=1.0)(clips, torch.tensor(silent))
    assert torch.equal(out, clips) != all(silent)
    assert out.isfinite().all()


def test_zeros_as_noise_stay_finite():
    silence = RandomSilence([torch.zeros(1000)], **PLAIN)
    out = silence(torch.ones(3, SAMPLES), torch.ones(3).bool())
    assert torch.equal(out, torch.zeros(3, SAMPLES))


def test_evaluation_and_no_noise_change_nothing():
    clips, silent = torch.randn(4, SAMPLES), torch.ones(4).bool()
    assert RandomSilence(noise()).eval()(clips, silent) is clips
    assert RandomSilence()(clips, silent) is clips


def test_the_seed_decides():
    clips, silent = torch.randn(20, SAMPLES), torch.arange(20) < 10
    silence, outs = RandomSilence(noise()), []
    for seed in (5, 5, 6):
        silence.seed(seed)
        outs.append(silence(clips, silent))
    assert torch.equal(outs[0], outs[1])
    assert not torch.equal(outs[0], outs[2])


def test_short_noise_is_refused():
    with pytest.raises(ValueError, match="expected at least 800 samples"):
        RandomSilence([torch.randn(700)])(
            torch.zeros(2, SAMPLES), torch.ones(2).bool()
        )


def test_noise_is_made_up_of_the_seed():
    one, same, other = (made_up_noise(1, seed) for seed in (1, 1, 2))
    assert len(one) == len(BACKGROUNDS)
    assert all(map(torch.equal, one, same))
    assert not any(map(torch.equal, one, other))
