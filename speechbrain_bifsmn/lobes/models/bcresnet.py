"""BC-ResNet: residual blocks whose costly part runs over time alone.

Shapes: B batch, T frames, F mel bands, C channels, S sub-bands.

Source: Kim et al., "Broadcasted Residual Learning for Efficient Keyword
Spotting", Interspeech 2021.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from speechbrain_bifsmn.lobes.models.reference_network import ReferenceNetwork

STEM, HEAD = 16, 32  # channels at scale 1
STAGES = (  # channels at scale 1, blocks, stride over frequency, dilation
    (8, 2, 1, 1),
    (12, 2, 2, 2),
    (16, 4, 2, 4),
    (20, 4, 1, 8),
)
MAX_SUB_BANDS = 5


class SubSpectralNorm(nn.BatchNorm2d):
    """Batch normalisation of each channel in each of S bands of frequency.

    Source: Chang et al., "SubSpectral Normalization for Neural Audio Data
    Processing", ICASSP 2021.

    Arguments
    ---------
    channels : int
        C.
    sub_bands : int
        S, a divisor of the bands of an input.

    Example
    -------
    >>> SubSpectralNorm(8, sub_bands=4)(torch.randn(2, 8, 16, 32)).shape
    torch.Size([2, 8, 16, 32])
    """

    def __init__(self, channels: int, sub_bands: int) -> None:
        super().__init__(channels * sub_bands)
        self.sub_bands = sub_bands

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalises (B, C, F, T)."""
        bands = x.unflatten(2, (self.sub_bands, -1)).flatten(1, 2)
        return super().forward(bands).view_as(x)


class TimeConv2d(nn.Conv2d):
    """A depthwise convolution of three taps over time, with dilation.

    Frames that are ``step`` apart lie side by side in (T / step, step). On a
    CPU, convolving them there is several times as fast as torch's dilation.

    Arguments
    ---------
    channels : int
        C.
    step : int
        The dilation: frames from one tap to the next.

    Example
    -------
    >>> TimeConv2d(8, step=4)(torch.randn(2, 8, 1, 101)).shape
    torch.Size([2, 8, 1, 101])
    """

    def __init__(self, channels: int, step: int) -> None:
        super().__init__(
            channels,
            channels,
            (3, 1),
            padding=(1, 0),
            groups=channels,
            bias=False,
        )
        self.step = step

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (B, C, 1, T) to the same shape."""
        frames = x.size(3)
        x = F.pad(x.squeeze(2), (0, -frames % self.step))
        x = super().forward(x.unflatten(2, (-1, self.step)))
        return x.flatten(2)[:, :, None, :frames]


class BCResBlock(nn.Module):
    """``relu(x + y + f1(mean of y over frequency))`` with ``y = f2(x)``.

    ``f2`` is a depthwise convolution over frequency; ``f1`` a depthwise
    convolution over time and a pointwise one, whose output is added to every
    band. The first block of a stage (``inputs`` given) begins with a pointwise
    convolution that changes the channels, and adds no ``x``.

    Arguments
    ---------
    channels : int
        C, of the output.
    sub_bands : int
        S of the normalisation after ``f2``.
    dilation : int
        Of the convolution over time.
    dropout : float
        Probability that a channel of ``f1`` is left out.
    inputs : int, optional
        Channels of the input of a stage's first block.
    stride : int
        Over frequency.

    Example
    -------
    >>> block = BCResBlock(8, sub_bands=5, dilation=2, inputs=16, stride=2)
    >>> block(torch.randn(2, 16, 20, 101)).shape
    torch.Size([2, 8, 10, 101])
    """

    def __init__(
        self,
        channels: int,
        sub_bands: int,
        dilation: int,
        dropout: float = 0.1,
        inputs: int | None = None,
        stride: int = 1,
    ) -> None:
        super().__init__()
        self.transition = None
        if inputs is not None:
            self.transition = nn.Sequential(
                nn.Conv2d(inputs, channels, 1, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU(),
            )
        self.over_frequency = nn.Sequential(
            nn.Conv2d(
                channels,
                channels,
                (3, 1),
                stride=(stride, 1),
                padding=(1, 0),
                groups=channels,
                bias=False,
            ),
            SubSpectralNorm(channels, sub_bands),
        )
        self.over_time = nn.Sequential(
            TimeConv2d(channels, dilation),
            nn.BatchNorm2d(channels),
            nn.SiLU(),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.Dropout2d(dropout),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (B, inputs, F, T) to (B, C, F / stride, T)."""
        if self.transition is None:
            y = self.over_frequency(x)
            rest = x + y
        else:
            y = rest = self.over_frequency(self.transition(x))
        return (rest + self.over_time(y.mean(2, keepdim=True))).relu()


class BCResNet(ReferenceNetwork):
    """BC-ResNet of any scale; the paper's are 1, 1.5, 2, 3, 6 and 8.

    The paper's input is 40 mel bands every 10 ms: ``n_mels=40, frames=101``.
    With fewer than 40 bands the last depthwise convolution is as high as the
    bands that are left; with more, the average is over frequency too.

    Arguments
    ---------
    classes : int
        Outputs.
    n_mels : int
        F, at least 8.
    scale : float
        The paper's tau, by which all channels are multiplied.
    sub_bands : int, optional
        S of the sub-spectral normalisations, a divisor of the bands of each
        stage. By default the largest one up to 5, the paper's: 5 of 40 and 80
        mel bands, 4 of 32 and 64.
    dropout : float
        Probability that a channel of a block is left out.
    frames : int
        T of a whole input, at least 8. Shorter inputs are filled with silence.
    input_reference : str
        What decibels are relative to: "loudest", the loudest band of the input,
        or "absolute", full scale.

    Example
    -------
    >>> net = BCResNet(classes=12, scale=3).eval()
    >>> net(torch.randn(2, 32, 32) * 20 - 30).shape
    torch.Size([2, 12])
    """

    def __init__(
        self,
        classes: int,
        n_mels: int = 32,
        scale: float = 1.0,
        sub_bands: int | None = None,
        dropout: float = 0.1,
        frames: int = 32,
        input_reference: str = "loudest",
    ) -> None:
        super().__init__(classes, n_mels, frames, input_reference)
        bands = _bands(n_mels)
        sub_bands = _sub_bands(sub_bands, bands)
        inputs, head = (_scaled(channels, scale) for channels in (STEM, HEAD))
        self.stem = nn.Sequential(
            nn.Conv2d(1, inputs, 5, stride=(2, 1), padding=2, bias=False),
            nn.BatchNorm2d(inputs),
            nn.ReLU(),
        )
        stages = []
        for channels, blocks, stride, dilation in STAGES:
            channels = _scaled(channels, scale)
            shared = (channels, sub_bands, dilation, dropout)
            stages.append(BCResBlock(*shared, inputs, stride))
            stages += [BCResBlock(*shared) for _ in range(blocks - 1)]
            inputs = channels
        self.blocks = nn.Sequential(*stages)
        self.head = nn.Sequential(
            nn.Conv2d(
                inputs,
                inputs,
                (min(5, bands[-1]), 5),
                padding=(0, 2),
                groups=inputs,
                bias=False,
            ),
            nn.Conv2d(inputs, head, 1, bias=False),
            nn.BatchNorm2d(head),
            nn.ReLU(),
        )
        self.classifier = nn.Linear(head, classes)

    def classify(self, x: torch.Tensor) -> torch.Tensor:
        """Maps scaled features (B, frames, F) to logits (B, classes)."""
        x = self.stem(x.transpose(1, 2).unsqueeze(1))  # (B, C, F / 2, T)
        return self.classifier(self.head(self.blocks(x)).mean((2, 3)))


def _scaled(channels, scale):
    if channels * scale < 1:
        raise ValueError(f"scale: expected at least 1/8, got {scale}")
    return round(channels * scale)


def _bands(n_mels):
    """Returns the bands of each stage; a stride rounds up."""
    bands = [-(-n_mels // 2)]
    for _, _, stride, _ in STAGES:
        bands.append(-(-bands[-1] // stride))
    return bands[1:]


def _sub_bands(sub_bands, bands):
    """Returns those asked for, or the largest number that divides all."""

    def divides(number):
        return all(count % number == 0 for count in bands)

    if sub_bands is None:
        return next(s for s in range(MAX_SUB_BANDS, 0, -1) if divides(s))
    if sub_bands < 1 or not divides(sub_bands):
        raise ValueError(
            f"sub_bands: expected a divisor of the bands of each stage, "
            f"{bands}, got {sub_bands}"
        )
    return sub_bands
