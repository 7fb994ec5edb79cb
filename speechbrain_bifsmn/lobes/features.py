"""The log-mel front end of the paper's released code, as a feature lobe."""

import torch
import torchaudio
from torch import nn

from speechbrain_bifsmn.lobes.mel_bands import MIN_FLOOR
from speechbrain_bifsmn.nnet.chunks import in_chunks


class LogMel(nn.Module):
    """Log-mel spectrogram in decibels.

    Centred Hann windows, power spectrum divided by the window's energy, HTK mel
    bands, ``10 log10(max(x, power_floor))``; no bound relative to the clip's
    maximum, so a frame's value never depends on other frames.

    Arguments
    ---------
    sample_rate : int
        Hz.
    n_mels : int
        Mel bands.
    n_fft : int
        Samples in a window.
    hop_length : int
        Samples from one frame to the next.
    f_min, f_max : float
        Where the bands begin and end, in Hz; None ends at half the rate.
    power_floor : float
        To which quieter bands are raised.

    Example
    -------
    >>> LogMel()(torch.zeros(2, 16000)).shape
    torch.Size([2, 32, 32])
    """

    def __init__(
        self,
        sample_rate=16000,
        n_mels=32,
        n_fft=2048,
        hop_length=512,
        f_min=0.0,
        f_max=None,
        power_floor=1e-10,
    ):
        super().__init__()
        self.sample_rate, self.n_mels = sample_rate, n_mels
        self.n_fft, self.hop_length = n_fft, hop_length
        self.f_min = f_min
        self.f_max = sample_rate / 2 if f_max is None else f_max
        self.power_floor = power_floor
        self.mel = torchaudio.transforms.MelSpectrogram(
            sample_rate,
            n_fft=n_fft,
            hop_length=hop_length,
            f_min=self.f_min,
            f_max=self.f_max,
            n_mels=n_mels,
            normalized=True,
        )

    @torch.no_grad()
    def forward(self, wav):
        """Computes features.

        Arguments
        ---------
        wav : torch.Tensor
            (B, samples), from -1 to 1, longer than half a window.

        Returns
        -------
        torch.Tensor
            (B, time, mel) in decibels; ``1 + samples // hop_length`` frames.
        """
        if wav.dim() != 2 or wav.size(1) <= self.n_fft // 2:
            raise ValueError(
                f"wav: expected (batch, more than {self.n_fft // 2} samples), "
                f"got {tuple(wav.shape)}; pad shorter clips with zeros"
            )
        with torch.autocast(wav.device.type, enabled=False):
            return in_chunks(self._decibels, wav.float())

    def _decibels(self, wav):
        floor = max(self.power_floor, MIN_FLOOR)
        power = self.mel(wav).clamp(min=floor)
        return 10 * torch.log10(power).transpose(1, 2)
