"""The log-mel front end of training: torchaudio's features, without it."""

import pytest
import torch
import torchaudio

from speechbrain_bifsmn.lobes.features import LogMel


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"n_mels": 20},
        {"n_mels": 40, "n_fft": 512, "hop_length": 160},
        {"sample_rate": 8000, "f_min": 60.0, "f_max": 3800.0},
        {"sample_rate": 11025, "n_fft": 401, "hop_length": 100, "n_mels": 12},
    ],
)
@pytest.mark.parametrize("batch", [1, 19])
def test_bit_equal_to_torchaudio(options, batch):
    features = LogMel(**options)
    reference = torchaudio.transforms.MelSpectrogram(
        features.sample_rate,
        n_fft=features.n_fft,
        hop_length=features.hop_length,
        f_min=features.f_min,
        f_max=features.f_max,
        n_mels=features.n_mels,
        normalized=True,
    )
    torch.manual_seed(batch)
    wav = 0.1 * torch.randn(batch, 16000)
    # In parts, since the rounding of a matrix product depends on its size.
    power = torch.cat([reference(part) for part in wav.split(16)])
    expected = 10 * torch.log10(power.clamp(min=1e-10)).transpose(1, 2)
    assert torch.equal(features(wav), expected)


def test_checkpoints_do_not_hold_it():
    assert not LogMel().state_dict()
    LogMel(n_mels=20).load_state_dict(LogMel().state_dict())


def test_bands_that_cannot_be():
    with pytest.raises(ValueError, match=r"f_min: .* 100.0 Hz, got 200"):
        LogMel(f_min=200.0, f_max=100.0)
    with pytest.warns(UserWarning, match="32 mel bands, found none in"):
        LogMel(n_fft=128)
