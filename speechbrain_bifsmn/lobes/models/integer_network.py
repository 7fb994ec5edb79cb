"""BiDFSMN in whole numbers, as devices compute it.

Whole numbers are held in single precision, where all of it is exact: every
operation gives the integers of ``arm_kernel/FORMAT.md``, on any device.

Shapes: B batch, T frames, F mel bands, P channels of the first convolution,
U = T / 4 frames and C channels of the blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F

from speechbrain_bifsmn.lobes.models.input_scaling import loudest
from speechbrain_bifsmn.nnet.binarizer import below
from speechbrain_bifsmn.nnet.fixed_point import (
    INT16,
    UNIT,
    Shared,
    apply_affine,
)
from speechbrain_bifsmn.nnet.network_output import NetworkOutput
from speechbrain_bifsmn.nnet.separable import depthwise_conv1d

# Name, block, activations (None where only levels are passed on) and dot
# products (None of the first convolution, whose sums count as activations).
Trace = list[tuple[str, int, torch.Tensor | None, torch.Tensor | None]]


def levels(
    x: torch.Tensor, limits: Sequence[torch.Tensor] | torch.Tensor
) -> torch.Tensor:
    """Quantises: from the highest level, 2 less for each limit above ``x``.

    Arguments
    ---------
    x : torch.Tensor
        Whole numbers.
    limits : sequence of torch.Tensor
        Three or one, or a tensor of them, broadcastable to ``x``, in any order.

    Returns
    -------
    torch.Tensor
        3, 1, -1 or -3; with one limit, 1 or -1.

    Example
    -------
    >>> x = torch.tensor([-5.0, -1.0, 0.0, 1.0, 2.0])
    >>> levels(x, [torch.tensor(limit) for limit in (0.0, -2.0, 2.0)]).tolist()
    [-3.0, -1.0, 1.0, 1.0, 3.0]
    """
    count = below(x, limits[0])
    for limit in limits[1:]:
        count = count + below(x, limit)
    return len(limits) - 2 * count


class Header(NamedTuple):
    """What a file's header says of the network."""

    planes: int
    taps_before: int
    input_low: float  # in single precision, as the next one
    input_gain: float
    input_pad: int
    input_reference: int  # 1: input_low is relative to the loudest band


def as_numbers(name: str, value: Any) -> torch.Tensor:
    """Returns a number of a file as ``IntegerNetwork`` takes it.

    Arguments
    ---------
    name : str
        Its name in ``layout.fields``.
    value : torch.Tensor | Shared
        As ``model_integers.integers`` returns it.

    Returns
    -------
    torch.Tensor
        In single precision, biases, of up to 31 bits, in double; True is -1,
        False is 1.

    Example
    -------
    >>> as_numbers("conv2.pads1", torch.tensor([True, False])).tolist()
    [-1.0, 1.0]
    """
    if isinstance(value, Shared):
        value = value.values
    if value.dtype == torch.bool:
        return 1.0 - 2.0 * value.float()
    return value.double() if name == "classifier.biases" else value.float()


class IntegerNetwork:
    """A forward pass over the numbers of a model file.

    Arguments
    ---------
    get : callable
        Returns a number of the file by its name in ``layout.fields``, in single
        precision: values of shared exponents, signs as 1 and -1.
    header : Header
        The other numbers.
    trace : list, optional
        Filled with what every layer gives, in the order [B, frame, output].
    """

    def __init__(
        self,
        get: Callable[[str], torch.Tensor],
        header: Header,
        trace: Trace | None = None,
    ) -> None:
        self.get, self.header, self.trace = get, header, trace
        self.planes = header.planes

    def front(self, features: torch.Tensor) -> torch.Tensor:
        """Maps features (B, T, F) in dB to what the blocks take (B, U, C)."""
        x = self._second_convolution(self._first_convolution(features))
        return self._affine("projection", 0, self._dots("projection", x))

    def run(
        self, x: torch.Tensor, blocks: Sequence[int], thinning: int
    ) -> NetworkOutput:
        """Maps what ``front`` gave to logits and the outputs of blocks."""
        hidden = []
        for block in blocks:
            x = self._block(block, thinning, x)
            hidden.append(x * UNIT)
        return NetworkOutput(self._classify(x), hidden)

    def _note(self, name, block, x, dots=None):
        if self.trace is not None:
            self.trace.append((name, block, x, dots))

    def _first_convolution(self, features):
        h = self.header
        low: Any = h.input_low
        if h.input_reference:
            low = loudest(features) + low
        codes = ((features - low) * h.input_gain).clamp(0, 127).round()
        codes = codes.transpose(1, 2)
        padded = F.pad(codes, (2, 2, 2, 2), value=float(h.input_pad))
        weight = self.get("conv1.weight").view(-1, 1, 5, 5)
        x = F.conv2d(padded[:, None], weight, stride=2)  # (B, P, F / 2, T / 2)
        self._note("conv1", 0, x.permute(0, 2, 3, 1))
        names = ("middle", "low", "high")[: 2 * self.planes - 1]
        return levels(x, [self.get(f"conv1.{n}")[:, None, None] for n in names])

    def _second_convolution(self, x):
        planes = range(1, self.planes + 1)
        bits = [self.get(f"conv2.pads{plane}") for plane in planes]
        pad = bits[0] if len(bits) == 1 else 2 * bits[0] + bits[1]
        # What pads has a level of its own in each channel.
        padded = F.pad(x - pad[:, None, None], (2, 2, 2, 2))
        padded = padded + pad[:, None, None]
        signs = self.get("conv2.signs").unflatten(1, (5, 5, -1))
        dots = F.conv2d(padded, signs.permute(0, 3, 1, 2), stride=2)
        dots = dots.permute(0, 3, 2, 1).flatten(2)  # (B, U, bands)
        self._note("conv2", 0, None, dots)
        return levels(dots / 2, self.get("conv2.limits"))

    def _block(self, block, thinning, x):
        name = f"blocks.{block}"
        at = f"{name}.{thinning}"
        dots = self._memory(name, x)
        x = self._affine(f"{at}.memory", block, dots, x)
        y = self._quantise(f"{name}.expand", x)
        dots = self._dots(f"{name}.expand", y)
        self._note("expand", block, None, dots)
        y = levels(dots / 2, self.get(f"{at}.expand.limits"))
        dots = self._dots(f"{name}.project", y)
        return self._affine(f"{at}.project", block, dots, x)

    def _quantise(self, name, x):
        middle = self.get(f"{name}.middle")
        if self.planes == 1:
            return levels(x, [middle])
        centre, spread = self.get(f"{name}.centre"), self.get(f"{name}.spread")
        low = (centre - spread).clamp(*INT16).minimum(middle)
        high = (centre + spread).clamp(*INT16).maximum(middle)
        return levels(x, [middle, low, high])

    def _memory(self, name, x):
        taps = self.get(f"{name}.memory.signs").t()[:, None]  # (C, 1, K)
        before = self.header.taps_before
        padded = F.pad(x, (0, 0, before, taps.size(2) - 1 - before))
        seen = self._quantise(f"{name}.memory", padded).transpose(1, 2)
        return depthwise_conv1d(seen, taps).transpose(1, 2)

    def _dots(self, name, seen):
        return F.linear(seen, self.get(f"{name}.signs"))

    def _affine(self, name, block, dots, x=None):
        """What dot products become, added to ``x`` where there is one."""
        weights = "projection" if x is None else self._weights_of(name)
        inputs = self.get(f"{weights}.signs")
        count = inputs.size(0) if weights.endswith("memory") else inputs.size(1)
        z = apply_affine(
            dots,
            (2**self.planes - 1) * int(count),  # when traced, a tensor
            *(
                self.get(f"{name}.{part}")
                for part in ("gains", "shifts", "slope")
            ),
        )
        if x is not None:
            z = (z + x).clamp(*INT16)
        self._note(name.rpartition(".")[2], block, z, dots)
        return z

    @staticmethod
    def _weights_of(name):
        """``blocks.3.memory`` of ``blocks.3.2.memory``."""
        blocks, index, _, layer = name.split(".")
        return f"{blocks}.{index}.{layer}"

    def _classify(self, x):
        shift = self.get("classifier.shift")
        codes = torch.floor(x / 2.0**shift + 0.5).clamp(-128, 127)
        # In double precision, where the sums are exact.
        codes, weight = codes.flatten(1).double(), self.get("classifier.weight")
        of_all_frames = weight.repeat(1, codes.size(1) // weight.size(1))
        sums = F.linear(codes, of_all_frames.double())
        sums = sums + self.get("classifier.biases").double()
        return sums.to(x.dtype) * self.get("classifier.unit").to(x.dtype)
