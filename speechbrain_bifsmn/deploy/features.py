"""The front end as devices compute it, in torch.

Shapes: B batch, T frames, F mel bands, N samples in a window, M = N / 8 rows.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from speechbrain_bifsmn.deploy.transforms import (
    combine,
    halve,
    in_order,
    sizes,
    square,
    times,
    transform_of_8,
)
from speechbrain_bifsmn.lobes.features import check_clips
from speechbrain_bifsmn.lobes.mel_bands import (
    LANES,
    MIN_FLOOR,
    corners,
    segments,
)
from speechbrain_bifsmn.nnet.chunks import in_chunks

MAX_POWER = 2.0**126  # a higher power counts as this one
ROOT_HALF = 0x3F3504F3  # the bits of sqrt(1/2) in single precision
# Of the C library, as the engine's; those of numpy may differ in the last bit.
cosines, sines = np.vectorize(math.cos), np.vectorize(math.sin)


class DeployedLogMel(nn.Module):
    """Log-mel features, bit-exact with the engine.

    Those of ``LogMel`` differ by rounding, which may turn the sign of a number
    that is next to a threshold: about one clip in 5,000 then has another
    prediction. Here every sum and product is rounded in the engine's order
    (``arm_kernel/src/frontend``): a real transform of every eighth sample, from
    each of the first eight on, transforms of eight points across them, powers,
    bands in 8 sums, and a series for the logarithm.

    Arguments
    ---------
    sample_rate : int
        Hz.
    n_mels : int
        Mel bands.
    n_fft : int
        Samples in a window, a power of 2.
    hop_length : int
        Samples from one frame to the next.
    f_min, f_max : float
        Where the bands begin and end, in Hz; None ends at half the rate.
    power_floor : float
        The least power of a band; quieter ones are raised to it.

    Example
    -------
    >>> DeployedLogMel()(torch.zeros(2, 16000)).shape
    torch.Size([2, 32, 32])
    """

    window: torch.Tensor
    turn_re: torch.Tensor
    turn_im: torch.Tensor
    index: torch.Tensor
    rising: torch.Tensor
    falling: torch.Tensor

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
        f_max = sample_rate / 2 if f_max is None else f_max
        # In single precision, as a model file has them.
        self.f_min, self.f_max, self.power_floor = (
            float(np.float32(value)) for value in (f_min, f_max, power_floor)
        )
        angles = 2 * np.pi * np.arange(n_fft) / n_fft
        window = (0.5 - 0.5 * cosines(angles)).astype(np.float32)
        self._buffer("window", window)
        for size in sizes(n_fft // LANES):
            self._turns(str(size), np.arange(1, 4), size // 8, size)
        self._turns("", np.arange(1, LANES), n_fft // LANES // 2 + 1, n_fft)
        # Added one by one, as the engine does.
        energy = np.cumsum(np.square(window, dtype=np.float64))[-1]
        self.scale = float(np.float32(1 / energy))
        edges = corners(n_mels, self.f_min, self.f_max)
        index, rising, falling = segments(
            edges, sample_rate / n_fft, n_fft // 2 + 1
        )
        self._buffer("rising", rising)
        self._buffer("falling", falling)
        self.register_buffer("index", torch.from_numpy(index), persistent=False)

    def _turns(self, name, inputs, ends, size):
        """Keeps cos and sin (ends, inputs) of -2 pi input k / size."""
        angles = np.outer(np.arange(ends), inputs) * (-2 * np.pi) / size
        self._buffer(f"turn_re{name}", cosines(angles))
        self._buffer(f"turn_im{name}", sines(angles))

    def _buffer(self, name, values):
        tensor = torch.from_numpy(np.asarray(values).astype(np.float32))
        self.register_buffer(name, tensor, persistent=False)

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
        return in_chunks(self._decibels, wav.float(), size=4)

    def _decibels(self, wav):
        padded = F.pad(wav, [self.n_fft // 2] * 2, mode="reflect")
        frames = padded.unfold(1, self.n_fft, self.hop_length) * self.window
        power = self._bands(self._powers(self._columns(frames))) * self.scale
        # As here, so that NaN, of audio beyond all bounds, becomes the floor.
        floor = max(self.power_floor, MIN_FLOOR)
        power = torch.where(power > floor, power, floor)
        return decibels(torch.where(power < MAX_POWER, power, MAX_POWER))

    def _columns(self, frames):
        """Real transforms (B, T, M, 8), as ``combine`` has them."""
        parts = frames.unflatten(-1, (1, -1, LANES))
        if math.log2(parts.size(-2)) % 2:
            parts = halve(parts)
        while parts.size(-2) > 1:
            size = 4 * parts.size(-3)
            parts = combine(
                parts,
                getattr(self, f"turn_re{size}", None),
                getattr(self, f"turn_im{size}", None),
            )
        return parts.squeeze(-2)

    def _powers(self, parts):
        """Powers (B, T, N / 2 + 1) of the bins of the samples."""
        re, im = parts[..., ::2, :], parts[..., 1::2, :]
        zero = torch.zeros_like(re[..., :1, :])
        re = torch.cat([re, im[..., :1, :]], dim=-2)
        im = torch.cat([zero, im[..., 1:, :], zero], dim=-2)
        re, im = re.unbind(-1), im.unbind(-1)
        cos, sin = self.turn_re.unbind(-1), self.turn_im.unbind(-1)
        lanes = [(re[0], im[0])]
        for lane in range(1, LANES):
            y = re[lane], im[lane]
            lanes.append(times(y, cos[lane - 1], sin[lane - 1]))
        powers = [square(bins) for bins in transform_of_8(lanes)]
        parts = [powers[0][..., :1]]
        for j in range(4):  # bins M j + k, and M (j + 1) - k
            parts += [powers[j][..., 1:-1], powers[7 - j].flip(-1)]
        return torch.cat(parts, dim=-1)

    def _bands(self, powers):
        """Sums (B, T, F) over the bands, in the engine's order."""
        # Of bins beyond the last, whose weights are 0.
        rows = F.pad(powers, (0, 1))[..., self.index]
        rising, falling = (
            in_order(rows * weights, -3)
            for weights in (self.rising, self.falling)
        )
        lanes = rising[..., :-1, :] + falling[..., 1:, :]
        one, two, three, four = (lanes[..., :4] + lanes[..., 4:]).unbind(-1)
        return (one + two) + (three + four)


def decibels(power: torch.Tensor) -> torch.Tensor:
    """Computes ``10 log10(power)``, to 2e-5.

    Power is a power of 2 times m, whose logarithm is a series.

    Arguments
    ---------
    power : torch.Tensor
        Normal positive numbers in single precision.

    Returns
    -------
    torch.Tensor
        The same shape, in decibels.

    Example
    -------
    >>> decibels(torch.tensor([1e-10, 1.0, 100.0])).round().tolist()
    [-100.0, 0.0, 20.0]
    """
    bits = power.view(torch.int32)
    exponent = (bits - ROOT_HALF) >> 23
    m = (bits - (exponent << 23)).view(torch.float32)
    s = (m - 1) / (m + 1)
    s2 = s * s
    series = s2 * 1.2408408 + 1.7371779
    series = (series * s2 + 2.8952965) * s2 + 8.6858896
    return exponent.float() * 3.01029996 + s * series
