"""The log-mel front end of the paper's released code, as a feature lobe.

Shapes: B batch, T frames, F mel bands.
"""

from __future__ import annotations

import math
import warnings

import torch
from torch import nn
from torchaudio.functional import melscale_fbanks

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
        The least power of a band; quieter ones are raised to it.

    Example
    -------
    >>> LogMel()(torch.zeros(2, 16000)).shape
    torch.Size([2, 32, 32])
    """

    window: torch.Tensor
    mel_filters: torch.Tensor

    def __init__(
        self,
        sample_rate: int = 16000,
        n_mels: int = 32,
        n_fft: int = 2048,
        hop_length: int = 512,
        f_min: float = 0.0,
        f_max: float | None = None,
        power_floor: float = 1e-10,
    ) -> None:
        super().__init__()
        self.sample_rate, self.n_mels = sample_rate, n_mels
        self.n_fft, self.hop_length = n_fft, hop_length
        self.f_min = f_min
        self.f_max = sample_rate / 2 if f_max is None else f_max
        self.power_floor = power_floor
        # Functions of the arguments, which no checkpoint needs to hold.
        self.register_buffer("window", self._window(), persistent=False)
        self.register_buffer("mel_filters", self._filters(), persistent=False)

    def _window(self):
        return torch.hann_window(self.n_fft)

    def _filters(self):
        bins = self.n_fft // 2 + 1
        return mel_filters(
            self.n_mels, self.f_min, self.f_max, bins, self.sample_rate
        )

    @torch.no_grad()
    def forward(self, wav: torch.Tensor) -> torch.Tensor:
        """Computes features.

        Arguments
        ---------
        wav : torch.Tensor
            (B, samples), from -1 to 1, longer than half a window.

        Returns
        -------
        torch.Tensor
            (B, T, F) in decibels; ``1 + samples // hop_length`` frames.
        """
        check_clips(wav, self.n_fft)
        with torch.autocast(wav.device.type, enabled=False):
            return in_chunks(self._decibels, wav.float())

    def _decibels(self, wav):
        spectrum = torch.stft(
            wav,
            self.n_fft,
            self.hop_length,
            len(self.window),
            self.window,
            return_complex=True,
        )
        spectrum /= self.window.square().sum().sqrt()
        power = spectrum.abs().square().transpose(1, 2) @ self.mel_filters
        floor = max(self.power_floor, MIN_FLOOR)
        return 10 * torch.log10(power.clamp(min=floor))


class SlaneyLogMel(LogMel):
    """Log-mel spectrogram as Google's speech embedding takes it.

    Windows of 25 ms each 10 ms, and Slaney's mel bands, each of area 1. It is
    for teachers: no device computes it.

    Arguments
    ---------
    n_mels : int
        Mel bands.
    f_min, f_max : float
        Where the bands begin and end, in Hz.

    Example
    -------
    >>> SlaneyLogMel()(torch.zeros(2, 16000)).shape
    torch.Size([2, 101, 32])
    """

    def __init__(
        self, n_mels: int = 32, f_min: float = 60.0, f_max: float = 3800.0
    ) -> None:
        super().__init__(16000, n_mels, 512, 160, f_min, f_max)

    def _window(self):
        return torch.hann_window(400)

    def _filters(self):
        return melscale_fbanks(
            self.n_fft // 2 + 1,
            self.f_min,
            self.f_max,
            self.n_mels,
            self.sample_rate,
            norm="slaney",
            mel_scale="slaney",
        )


def check_clips(wav: torch.Tensor, n_fft: int) -> None:
    """Raises ValueError for clips that windows of ``n_fft`` do not fit.

    Arguments
    ---------
    wav : torch.Tensor
        (B, samples), longer than half a window.
    n_fft : int
        Samples in a window.

    Example
    -------
    >>> check_clips(torch.zeros(2, 100), 2048)
    Traceback (most recent call last):
        ...
    ValueError: wav: expected (batch, more than 1024 samples), got (2, 100); ...
    """
    if wav.dim() != 2 or wav.size(1) <= n_fft // 2:
        raise ValueError(
            f"wav: expected (batch, more than {n_fft // 2} samples), got "
            f"{tuple(wav.shape)}; pad shorter clips with zeros"
        )


def mel_filters(
    n_mels: int, f_min: float, f_max: float, bins: int, sample_rate: int
) -> torch.Tensor:
    """Returns triangles of height 1, equally spaced on the HTK mel scale.

    They are computed in single precision, which rounds them other than
    ``mel_bands.segments``, those of the engine.

    Arguments
    ---------
    n_mels : int
        F.
    f_min, f_max : float
        Where the first triangle begins and the last one ends, in Hz.
    bins : int
        Bins of a spectrum, from 0 to half the sample rate.
    sample_rate : int
        Hz.

    Returns
    -------
    torch.Tensor
        (bins, F).

    Example
    -------
    >>> mel_filters(32, 0.0, 8000.0, 1025, 16000).shape
    torch.Size([1025, 32])
    """
    if f_min > f_max:
        raise ValueError(
            f"f_min: expected at most f_max, {f_max} Hz, got {f_min}"
        )
    low, high = (2595 * math.log10(1 + f / 700) for f in (f_min, f_max))
    mels = torch.linspace(low, high, n_mels + 2)
    corners = 700 * (10 ** (mels / 2595) - 1)
    hertz = torch.linspace(0, sample_rate // 2, bins)[:, None]
    widths = corners.diff()
    rising = (hertz - corners[:-2]) / widths[:-1]
    falling = (corners[2:] - hertz) / widths[1:]
    filters = torch.minimum(rising, falling).clamp(min=0)
    empty = int((filters.amax(0) == 0).sum())
    if empty:
        warnings.warn(
            f"expected a bin in each of {n_mels} mel bands, found none in "
            f"{empty}; choose a smaller n_mels or a larger n_fft",
            stacklevel=3,
        )
    return filters
