"""The front end as devices compute it, in torch.

Shapes: B batch, T frames, F mel bands, N samples in a window, M = N / 8 rows.
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
    segments,
)
from speechbrain_bifsmn.nnet.chunks import in_chunks

MAX_POWER = 2.0**126  # a higher power counts as this one
ROOT_HALF = 0x3F3504F3  # the bits of sqrt(1/2) in single precision
EIGHTH = float(np.float32(math.sqrt(0.5)))  # cos and sin of an eighth turn
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
        """Real transforms (B, T, M, 8), halved: see ``combine``."""
        parts = frames.unflatten(-1, (1, -1, LANES))
        if math.log2(parts.size(-2)) % 2:
            a, b = parts.chunk(2, dim=-2)
            parts = torch.cat([a + b, a - b], dim=-3)
        while parts.size(-2) > 1:
            size = 4 * parts.size(-3)
            cos, sin = (
                getattr(self, f"turn_{part}{size}", None)
                for part in ("re", "im")
            )
            parts = combine(parts, cos, sin)
        return parts.squeeze(-2)

    def _powers(self, parts):
        """Powers (B, T, N / 2 + 1) of the bins of the samples."""
        re, im = parts[..., ::2, :], parts[..., 1::2, :]
        zero = torch.zeros_like(re[..., :1, :])
        re = torch.cat([re, im[..., :1, :]], dim=-2)
        im = torch.cat([zero, im[..., 1:, :], zero], dim=-2)
        first = re[..., 0], im[..., 0]
        turned = _times((re[..., 1:], im[..., 1:]), self.turn_re, self.turn_im)
        lanes = [first, *zip(*(part.unbind(-1) for part in turned))]
        powers = [_square(bins) for bins in transform_of_8(lanes)]
        # Bins k + M j of the first half, and those that mirror the second.
        ascending = [power[..., 1:-1] for power in powers[:4]]
        mirrored = [power.flip(-1) for power in powers[:3:-1]]
        blocks = [x for pair in zip(ascending, mirrored) for x in pair]
        return torch.cat([powers[0][..., :1], *blocks], dim=-1)

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


def sizes(points: int) -> list[int]:
    """Returns the sizes that transforms of 4 are combined to, with turns.

    Example
    -------
    >>> sizes(256), sizes(128)
    ([16, 64, 256], [32, 128])
    """
    smallest = 32 if math.log2(points) % 2 else 16
    return [n for n in (smallest * 4**k for k in range(5)) if n <= points]


def combine(
    parts: torch.Tensor, cos: torch.Tensor | None, sin: torch.Tensor | None
) -> torch.Tensor:
    """Combines four real transforms of m points to one of 4 m.

    The transform of real numbers is as long as they are: bin k, of less than m /
    2, has its real part at 2 k and its imaginary part at 2 k + 1, where bin m / 2
    is, whose imaginary part is 0 as that of bin 0.

    Arguments
    ---------
    parts : torch.Tensor
        (..., m, 4 s, lanes): transforms r s + q, of every fourth number from the
        r-th on, make transform q.
    cos, sin : torch.Tensor
        (m / 2, 3): of the angles by which bin k of transforms 1 to 3 is turned.

    Returns
    -------
    torch.Tensor
        (..., 4 m, s, lanes).

    Example
    -------
    >>> combine(torch.tensor([[[1.0], [2], [3], [4]]]), None, None).flatten()
    tensor([10., -2., -2.,  2.])
    """
    m = parts.size(-3)
    parts = parts.unflatten(-2, (4, -1))
    out = parts.new_empty(*parts.shape[:-4], 4 * m, *parts.shape[-2:])
    a, b, c, d = parts[..., 0, :, :, :].unbind(-3)
    e, f = a + c, b + d
    _put(out, [(0, e + f), (1, e - f), (2 * m, a - c), (2 * m + 1, d - b)])
    if m > 1:
        a, b, c, d = parts[..., 1, :, :, :].unbind(-3)
        u, v = (b - d) * EIGHTH, (b + d) * -EIGHTH
        _put(out, [(m, a + u), (m + 1, v - c), (3 * m, a - u)])
        _put(out, [(3 * m + 1, c + v)])
    if m > 2:
        re, im = (
            parts[..., first::2, :, :, :].unbind(-3) for first in (2, 3)
        )
        cos, sin = (
            turn[1:, :, None, None].unbind(1) for turn in (cos, sin)
        )
        y0, y1, y2, y3 = zip(re, im)
        t1, t2, t3 = (
            _times(y, *turn)
            for y, turn in zip((y1, y2, y3), zip(cos, sin))
        )
        e, f = _add(y0, t2), _subtract(y0, t2)
        g, h = _add(t1, t3), (t3[0] - t1[0], t1[1] - t3[1])
        _put_bins(out[..., 2:m, :, :], _add(e, g))
        _put_bins(out[..., 2 * m + 2 : 3 * m, :, :], (f[0] + h[1], f[1] + h[0]))
        low = f[0] - h[1], h[0] - f[1]
        _put_bins(out[..., m + 2 : 2 * m, :, :], [x.flip(-3) for x in low])
        high = e[0] - g[0], g[1] - e[1]
        _put_bins(out[..., 3 * m + 2 :, :, :], [x.flip(-3) for x in high])
    return out


def in_order(terms: torch.Tensor, dim: int) -> torch.Tensor:
    """Adds up one by one, from the first.

    Arguments
    ---------
    terms : torch.Tensor
        Any shape.
    dim : int
        The dimension that goes.

    Returns
    -------
    torch.Tensor

    Example
    -------
    >>> in_order(torch.ones(3, 2), 0)
    tensor([3., 3.])
    """
    total, *others = terms.unbind(dim)
    for other in others:
        total = total + other
    return total


def _put(out, rows):
    for at, row in rows:
        out[..., at, :, :] = row


def _put_bins(out, bins):
    out[..., ::2, :, :], out[..., 1::2, :, :] = bins


def transform_of_8(y):
    """The complex transform of y, 8 pairs (re, im) of tensors."""
    even, odd = (_transform_of_4(*y[first::2]) for first in (0, 1))
    re, im = odd[1]
    odd[1] = (re + im) * EIGHTH, (im - re) * EIGHTH
    odd[2] = odd[2][1], -odd[2][0]
    re, im = odd[3]
    odd[3] = (im - re) * EIGHTH, (re + im) * -EIGHTH
    pairs = list(zip(even, odd))
    return [_add(*pair) for pair in pairs] + [_subtract(*pair) for pair in pairs]


def _transform_of_4(a, b, c, d):
    e, f = _add(a, c), _subtract(a, c)
    g, (h_im, h_re) = _add(b, d), _subtract(b, d)
    h = h_re, -h_im  # times -i
    return [_add(e, g), _add(f, h), _subtract(e, g), _subtract(f, h)]


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
