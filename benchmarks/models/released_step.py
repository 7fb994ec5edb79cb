"""The released code's training step and data, written plainly.

What it does in each step: for every thinning it runs the student *and* the
teacher; the teacher's graph is built and its gradients are computed; each
block output goes through a general wavelet transform, once for each band. Each
waveform is augmented and turned into features by itself, in the data set.
"""

from collections.abc import Sequence
from typing import Any

import pywt
import soundfile
import torch
import torch.nn.functional as F
import torchaudio
from torch import Tensor, nn

from benchmarks.models.released_network import Network


class Wavelet(nn.Module):
    """One level of a separable 2-D wavelet transform, and its inverse.

    For any wavelet of PyWavelets, with zeros beyond the border.
    """

    def __init__(self, name: str = "haar"):
        super().__init__()
        wavelet = pywt.Wavelet(name)
        for kind in ("dec", "rec"):
            for band in ("lo", "hi"):
                taps = getattr(wavelet, f"{kind}_{band}")
                taps = torch.tensor(taps, dtype=torch.float64)
                taps = taps.flip(0) if kind == "dec" else taps
                self.register_buffer(f"{kind}_{band}", taps)

    def _filters(self, kind, axis, channels):
        """(2 channels, 1, ...): low and high pass of each channel."""
        bands = [getattr(self, f"{kind}_{band}") for band in ("lo", "hi")]
        taps = torch.stack(bands)[:, None]
        taps = taps[..., None] if axis == 2 else taps[..., None, :]
        return taps.repeat(channels, 1, 1, 1)

    def _analyse(self, x, axis):
        filters = self._filters("dec", axis, x.size(1))
        size, taps = x.size(axis), len(self.dec_lo)
        pad = 2 * ((size + taps - 1) // 2 - 1) - size + taps
        sides = (pad // 2, pad - pad // 2)
        x = F.pad(x, (0, 0, *sides) if axis == 2 else (*sides, 0, 0))
        stride = (2, 1) if axis == 2 else (1, 2)
        return F.conv2d(x, filters, stride=stride, groups=x.size(1))

    def _synthesise(self, low, high, axis):
        filters = self._filters("rec", axis, low.size(1))
        stride = (2, 1) if axis == 2 else (1, 2)
        taps = len(self.rec_lo) - 2
        padding = (taps, 0) if axis == 2 else (0, taps)
        channels = low.size(1)
        low = F.conv_transpose2d(
            low, filters[::2], stride=stride, padding=padding, groups=channels
        )
        high = F.conv_transpose2d(
            high, filters[1::2], stride=stride, padding=padding, groups=channels
        )
        return low + high

    def analyse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Splits (B, C, H, W) into LL (B, C, ...) and (B, C, 3, ...)."""
        rows = self._analyse(x, axis=3)
        bands = self._analyse(rows, axis=2)
        bands = bands.view(x.size(0), x.size(1), 4, *bands.shape[2:])
        return bands[:, :, 0].contiguous(), bands[:, :, 1:].contiguous()

    def synthesise(self, low: Tensor, high: Tensor) -> Tensor:
        """Joins what ``analyse`` gives to (B, C, H, W)."""
        left = self._synthesise(low, high[:, :, 0], axis=2)
        right = self._synthesise(high[:, :, 1], high[:, :, 2], axis=2)
        return self._synthesise(left, right, axis=3)

    def high(self, x: Tensor) -> Tensor:
        """Leaves out, of (B, C, H, W), what the approximation alone gives."""
        low, high = self.analyse(x)
        return self.synthesise(torch.zeros_like(low), high)

    def low(self, x: Tensor) -> Tensor:
        """Keeps, of (B, C, H, W), what the approximation alone gives."""
        low, high = self.analyse(x)
        return self.synthesise(low, torch.zeros_like(high))


def emphasis(part: Tensor) -> Tensor:
    """``part**2`` over its norm."""
    return part**2 / torch.norm(part**2)


class Objective:
    """Loss of one batch over all thinnings, the networks' calls included."""

    def __init__(self, student: Network, teacher: Network, gamma: float = 0.01):
        self.student, self.teacher, self.gamma = student, teacher, gamma
        self.wavelet = Wavelet().to(next(student.parameters()).dtype)

    def distance(
        self, student: Sequence[Tensor], teacher: Sequence[Tensor]
    ) -> Tensor:
        """FID of two lists of block outputs (B, C, T)."""
        total: Any = 0.0
        for ours, theirs in zip(student, teacher, strict=True):
            for band in (self.wavelet.high, self.wavelet.low):
                left = emphasis(band(theirs.unsqueeze(1)))
                right = emphasis(band(ours.unsqueeze(1)))
                total = total + torch.norm(left - right)
        return total

    def __call__(self, features: Tensor, labels: Tensor) -> Tensor:
        """Features (B, mel, time) and labels (B,) to the loss."""
        total: Any = 0.0
        for step in (1, 2, 4):
            logits, hidden = self.student(features, step)
            target, their_hidden = self.teacher(features, 1)
            distance = self.distance(hidden, their_hidden[step - 1 :: step])
            loss = F.cross_entropy(logits, labels)
            loss = loss + self.gamma * (distance + F.mse_loss(logits, target))
            total = total + loss / step
        return total


class Clips(torch.utils.data.Dataset):
    """Clips read, augmented and turned into features one by one."""

    def __init__(
        self,
        clips: Sequence[tuple[str, int, int, float, int]],
        noise: Sequence[Any],
    ):
        self.clips, self.noise = clips, noise
        self.mel = torchaudio.transforms.MelSpectrogram(
            16000, n_fft=2048, hop_length=512, n_mels=32, normalized=True
        )
        self.decibels = torchaudio.transforms.AmplitudeToDB()

    def __len__(self):
        return len(self.clips)

    def __getitem__(self, index):
        path, start, stop, gain, label = self.clips[index]
        wav, _ = soundfile.read(path, start=start, stop=stop, dtype="float32")
        wav = torch.from_numpy(wav)[:16000] * gain
        wav = self.augment(F.pad(wav, (0, 16000 - len(wav))))
        return self.decibels(self.mel(wav)), label

    def augment(self, wav: Tensor) -> Tensor:
        """Changes (samples,): gain, speed by nearest sample, shift, noise."""
        if torch.rand(()) < 0.5:
            wav = wav * torch.empty(()).uniform_(0.7, 1.1)
        if torch.rand(()) < 0.5:
            speed = float(torch.empty(()).uniform_(0.8, 1.2))
            wav = wav[torch.arange(0, len(wav) - 1, speed).long()]
            wav = F.pad(wav[:16000], (0, max(0, 16000 - len(wav))))
        if torch.rand(()) < 0.5:
            shift = int(torch.randint(-3200, 3201, ()))
            padded = F.pad(wav, (max(shift, 0), max(-shift, 0)))
            wav = padded[-shift:][:16000] if shift < 0 else padded[:16000]
        if torch.rand(()) < 0.3:
            noise = self.noise[int(torch.randint(len(self.noise), ()))]
            start = int(torch.randint(len(noise) - 16000 + 1, ()))
            part = noise[start : start + 16000]
            wav = wav + part * torch.empty(()).uniform_(0, 0.3)
        return wav
