"""The front end as devices compute it, in torch.

Shapes: B batch, T frames, F mel bands, N points of the transform.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from speechbrain_bifsmn.lobes.features import check_clips
from speechbrain_bifsmn.lobes.mel_bands import (
    LANES,
    MIN_FLOOR,
    corners,
    triangles,
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
    (``arm_kernel/src``: ``fft.h``, ``log_mel.h``): a complex Stockham transform
    of radix 4 over pairs of samples, powers, bands in 16 sums, and a series for
    the logarithm.

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
    weights: torch.Tensor
    index: torch.Tensor

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
        points = n_fft // 2
        angles = 2 * np.pi * np.arange(n_fft) / n_fft
        window = (0.5 - 0.5 * cosines(angles)).astype(np.float32)
        self._buffer("window", window)
        for stride in strides(points):
            p = np.arange(points // 4) // stride * stride
            turned = np.outer([1, 2, 3], p) * (-2 * np.pi) / points
            self._buffer(f"cos{stride}", cosines(turned))
            self._buffer(f"sin{stride}", sines(turned))
        half = np.pi * np.arange(points // 2) / points
        self._buffer("turn_re", -sines(half))
        self._buffer("turn_im", -cosines(half))
        # Added one by one, as the engine does.
        energy = np.cumsum(np.square(window, dtype=np.float64))[-1]
        edges = corners(n_mels, self.f_min, self.f_max)
        weights, index = triangles(edges, sample_rate / n_fft, points)
        self._buffer("weights", weights / (4 * energy))
        self.register_buffer("index", torch.from_numpy(index), persistent=False)

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
        z = self._transform(frames[..., ::2], frames[..., 1::2])
        # Of bins beyond the last, whose weights are 0.
        powers = F.pad(self._powers(*z), (0, 2 * LANES))
        power = self._bands(powers)
        # As here, so that NaN, of audio beyond all bounds, becomes the floor.
        floor = max(self.power_floor, MIN_FLOOR)
        power = torch.where(power > floor, power, floor)
        return decibels(torch.where(power < MAX_POWER, power, MAX_POWER))

    def _transform(self, re, im):
        """The complex transform (B, T, N) of z = (re, im)."""
        points = re.size(-1)
        for stride in strides(points):
            cos, sin = (
                getattr(self, f"cos{stride}"),
                getattr(self, f"sin{stride}"),
            )
            a, b, c, d = zip(
                *(part.unflatten(-1, (4, -1)).unbind(-2) for part in (re, im)),
                strict=True,
            )
            total, difference = _add(a, c), _subtract(a, c)
            other, (turned_im, turned_re) = _add(b, d), _subtract(b, d)
            turned = turned_re, -turned_im  # times -i
            outputs = [
                _add(total, other),
                _times(_add(difference, turned), cos[0], sin[0]),
                _times(_subtract(total, other), cos[1], sin[1]),
                _times(_subtract(difference, turned), cos[2], sin[2]),
            ]
            # Output m of butterfly p stride + q is point (4 p + m) stride + q.
            re, im = (
                torch.stack(
                    [o.unflatten(-1, (-1, stride)) for o in parts], dim=-2
                ).flatten(-3)
                for parts in zip(*outputs, strict=True)
            )
        if math.log2(points) % 2:  # a stage of radix 2 comes last
            re, im = (
                torch.cat([x[0] + x[1], x[0] - x[1]], dim=-1)
                for x in (z.chunk(2, dim=-1) for z in (re, im))
            )
        return re, im

    def _powers(self, re, im):
        """Powers (B, T, N + 1) of the samples' bins, times 4."""
        half = re.size(-1) // 2
        a = re[..., :half], im[..., :half]
        mirrored = (torch.roll(z.flip(-1), 1, -1)[..., :half] for z in (re, im))
        b_re, b_im = mirrored
        b = b_re, -b_im
        total = _add(a, b)
        turned = _times(_subtract(a, b), self.turn_re, self.turn_im)
        low = _square(_add(total, turned))
        high = _square(_subtract(total, turned))
        middle = 4 * _square((re[..., half, None], im[..., half, None]))
        return torch.cat([low, middle, high.flip(-1)], dim=-1)

    def _bands(self, powers):
        """Sums (B, T, F) over the bands, in the engine's order."""
        products = powers[..., self.index] * self.weights  # (.., F, rows, 16)
        sums = products[..., 0, :]
        for row in range(1, products.size(-2)):
            sums = sums + products[..., row, :]
        one, two, three, four = sums.unflatten(-1, (4, 4)).unbind(-2)
        one, two, three, four = ((one + three) + (two + four)).unbind(-1)
        return (one + two) + (three + four)


def strides(points: int) -> list[int]:
    """Returns the strides of a transform's stages of radix 4.

    Example
    -------
    >>> strides(1024), strides(512)
    ([1, 4, 16, 64, 256], [1, 4, 16, 64])
    """
    return [4**k for k in range(int(math.log2(points)) // 2)]


def _add(a, b):
    return a[0] + b[0], a[1] + b[1]


def _subtract(a, b):
    return a[0] - b[0], a[1] - b[1]


def _times(a, re, im):
    return a[0] * re - a[1] * im, a[0] * im + a[1] * re


def _square(a):
    return a[0] * a[0] + a[1] * a[1]


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
