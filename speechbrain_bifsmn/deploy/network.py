"""The network as devices run it, in torch.

Shapes: B batch, T frames, F mel bands, P channels of the first convolution,
U = T / 4 frames and C channels of the blocks.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from bifsmn_engine.format.layout import (
    ModelFile,
    StoredVector,
    all_thinnings,
    thinnings_of,
)
from speechbrain_bifsmn.lobes.models.dfsmn import fill_frames
from speechbrain_bifsmn.nnet.binarizer import below, is_traced

QUANTA = 16383  # of the classifier's inputs, to either side
MIN_PEAK = 2.0**-64  # inputs of a lower peak count as zeros

# Name, block, sums of plane 1 and of plane 2, values of a layer.
Trace = list[
    tuple[str, int, torch.Tensor | None, torch.Tensor | None, torch.Tensor]
]


class DeployedBiDFSMN(nn.Module):
    """BiDFSMN as a model file stores it: batch norms folded, numbers rounded.

    Dot products are sums of signs, exact in floating point; every operation
    after them is rounded in the order that ``arm_kernel/FORMAT.md`` gives.
    Hence the logits are bit-exact with the engine's.

    Arguments
    ---------
    model : ModelFile
        What ``folding.fold`` or ``model_file.read`` returns.
    dtype : torch.dtype
        Of the computation; devices compute in single precision.

    Example
    -------
    >>> from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
    >>> from speechbrain_bifsmn.deploy.folding import fold
    >>> labels = ["yes", "no"]
    >>> net = DeployedBiDFSMN(fold(BiDFSMN(classes=2).eval(), labels))
    >>> net.thinning = 4
    >>> net(torch.zeros(4, 32, 32)).shape
    torch.Size([4, 2])
    """

    def __init__(
        self, model: ModelFile, dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__()
        self.config, self.labels = model.config, list(model.labels)
        self.thinnings = all_thinnings(self.config)
        self.thinning = 1
        for name, value in model.arrays.items():
            if isinstance(value, StoredVector):
                value = value.values
            value = np.asarray(value)
            if value.dtype == bool:
                value = 1.0 - 2.0 * value
            key = name.replace(".", "_")
            self.register_buffer(key, torch.tensor(value, dtype=dtype))

    def forward(
        self,
        features: torch.Tensor,
        lengths: torch.Tensor | None = None,
        trace: Trace | None = None,
    ) -> torch.Tensor:
        """Classifies log-mel features.

        Arguments
        ---------
        features : torch.Tensor
            (B, T, F) in decibels.
        lengths : torch.Tensor, optional
            (B,), relative lengths in (0, 1]; what lies beyond is silence.
        trace : list, optional
            Filled with (name, block, dots of plane 1, dots of plane 2, values)
            of every layer, in the order [B, frame, output].

        Returns
        -------
        torch.Tensor
            Logits (B, classes).
        """
        c = self.config
        if (weight := self._get("conv1.weight")).element_size() < 4:
            raise TypeError(
                "DeployedBiDFSMN: expected single precision, as the engine "
                f"has, got {weight.dtype}; leave it as it was loaded"
            )
        features = fill_frames(features, lengths, c.frames, c.mels)
        # (A graph has no exceptions.)
        if not is_traced() and not features.isfinite().all():
            raise ValueError(
                "features: expected finite numbers, got NaN or infinity; check "
                "where they come from"
            )
        trace = [] if trace is None else trace
        with torch.autocast(features.device.type, enabled=False):
            x = self._first_convolution(features, trace)
            x = self._second_convolution(x, trace)
            x = self._pointwise("projection", x, trace)
            for block in range(c.layers):
                if self.thinning in thinnings_of(c, block):
                    x = self._block(block, x, trace)
            return self._classify(x)

    def _get(self, name):
        return getattr(self, name.replace(".", "_"))

    def _first_convolution(self, features, trace):
        c, w = self.config, self._get("conv1.weight")
        # (GPUs divide by a number, which is no tensor, by its reciprocal.)
        std = torch.full_like(features, c.input_std)
        scaled = (features - c.input_mean) / std
        scaled = scaled.clamp(c.input_low, c.input_high).transpose(1, 2)
        padded = F.pad(scaled, (2, 2, 2, 2))  # (B, F + 4, T + 4)
        sums = self._get("conv1.shifts")
        for tap in range(25):
            a, b = divmod(tap, 5)
            seen = padded[:, a : a + c.mels : 2, b : b + c.frames : 2, None]
            sums = sums + w[:, tap] * seen  # (B, F / 2, T / 2, P)
        x = self._prelu(sums, self._get("conv1.slope"))
        trace.append(("conv1", 0, None, None, x))
        return x

    def _second_convolution(self, x, trace):
        c = self.config
        padded = F.pad(x, (0, 0, 2, 2, 2, 2))
        mels, frames = c.mels // 2, c.frames // 2
        taps = [
            padded[:, a : a + mels : 2, b : b + frames : 2]
            for a in range(5)
            for b in range(5)
        ]
        seen = torch.stack(taps, 3)  # (B, F / 4, T / 4, 25, P)
        seen = seen.transpose(1, 2)
        codes = [plane.flatten(3) for plane in self._planes("conv2", seen)]
        x = self._binary("conv2", codes, "conv2", trace)
        return x.flatten(2)  # (B, U, bands)

    def _pointwise(self, name, x, trace):
        return self._binary(name, self._planes(name, x), name, trace)

    def _block(self, block, x, trace):
        c, name = self.config, f"blocks.{block}"
        at = f"{name}.{self.thinning}"
        padded = F.pad(x, (0, 0, c.taps_before, c.taps_after))
        signs = self._get(f"{name}.memory.signs")
        dots = []
        for plane in self._planes(f"{name}.memory", padded):
            windows = plane.unfold(1, len(signs), 1)  # (B, U, C, K)
            dots.append((windows * signs.T).sum(-1))
        y = self._epilogue(f"{name}.memory", dots, f"{at}.memory")
        x = self._prelu(y, self._get(f"{name}.memory.slope")) + x
        trace.append(("memory", block, *_two(dots), x))
        codes = self._planes(f"{name}.expand", x)
        y = self._binary(f"{name}.expand", codes, f"{at}.expand", trace, block)
        dots = self._dots(f"{name}.project", self._planes(f"{name}.project", y))
        y = self._epilogue(f"{name}.project", dots, f"{at}.project")
        x = self._prelu(y, self._get(f"{at}.slope")) + x
        trace.append(("project", block, *_two(dots), x))
        return x

    def _planes(self, name, x):
        """Codes of the bit planes of ``x``, whose last axis is channels."""
        bit = below(x, self._get(f"{name}.theta1"))
        planes = [1 - 2 * bit]
        if self.config.planes == 2:
            s1 = self._get(f"{name}.s1")
            high = self._get(f"{name}.theta2") + s1
            low = high - 2 * s1
            planes.append(1 - 2 * below(x, torch.where(bit > 0, low, high)))
        return planes

    def _dots(self, name, codes):
        signs = self._get(f"{name}.signs")
        return [F.linear(plane, signs) for plane in codes]

    def _epilogue(self, name, dots, affine):
        v = dots[0]
        if len(dots) == 2:
            ratio = self._get(f"{name}.s2") / self._get(f"{name}.s1")
            v = v + ratio * dots[1]
        scaled = v * self._get(f"{affine}.gains")
        return scaled + self._get(f"{affine}.shifts")

    def _binary(self, name, codes, affine, trace, block=0):
        dots = self._dots(name, codes)
        y = self._epilogue(name, dots, affine)
        y = self._prelu(y, self._get(f"{name}.slope"))
        trace.append((name.rpartition(".")[2], block, *_two(dots), y))
        return y

    @staticmethod
    def _prelu(y, slope):
        return torch.where(y > 0, y, y * slope)

    def _classify(self, x):
        x = x.flatten(1)
        peak = x.abs().amax(1, keepdim=True)
        # (torch divides a number by a tensor by the tensor's reciprocal.)
        quanta = torch.full_like(peak, QUANTA)
        inverse = quanta / peak
        inverse = torch.where(peak < MIN_PEAK, 0, inverse)
        # In double precision, where these sums are exact.
        codes = torch.round(x * inverse).double()
        sums = codes @ self._get("classifier.weight").double().T
        scales = self._get("classifier.scales").double()
        scale = scales * (peak.double() / quanta.double())
        biases = self._get("classifier.biases").double()
        return (sums * scale + biases).to(x.dtype)


def _two(dots):
    return dots if len(dots) == 2 else (dots[0], None)
