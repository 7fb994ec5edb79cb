"""The released code's networks, written plainly with torch's own operations.

The baseline of ``training.py``: weight scales as released, one network call for
each thinning, tensors laid out as (B, C, T), straight-through gradients by
autograd. Modules bear the names of ``speechbrain_bifsmn``'s, so that both
compute with the same weights.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Binarizer(nn.Module):
    """``scale * sign(alpha x)``; gradient ``alpha`` where ``|alpha x| < 1``."""

    def __init__(self):
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor, scale: Tensor | float = 1.0) -> Tensor:
        """Binarizes ``x`` of any shape."""
        through = torch.clamp(self.alpha * x, -1, 1)
        codes = torch.where(x < 0, -1.0, 1.0) * scale
        return codes.detach() - through.detach() + through


class Activation(nn.Module):
    """Two planes with thresholds per channel; the second scaled by a mean."""

    def __init__(self, channels: int, shape: tuple[int, ...]):
        super().__init__()
        self.shape = shape
        self.threshold1 = nn.Parameter(torch.zeros(channels))
        self.threshold2 = nn.Parameter(torch.zeros(channels))
        self.shift = nn.Parameter(torch.zeros(channels))
        self.binarizer1, self.binarizer2 = Binarizer(), Binarizer()

    def forward(self, x: Tensor) -> Tensor:
        """Quantises ``x``, whose channels are where ``shape`` has -1."""
        first = self.binarizer1(x - self.threshold1.view(self.shape))
        rest = x - first - self.threshold2.view(self.shape)
        mean = rest.abs().mean(-1, keepdim=True).detach()
        second = self.binarizer2(rest, mean)
        return first + second - self.shift.view(self.shape)


class _Binary:
    def _add_quantisers(self, channels, shape):
        self.activation = Activation(channels, shape)
        self.weight_binarizer = Binarizer()

    def _weight(self):
        scale = self.weight.abs().mean(-1, keepdim=True).detach()
        return self.weight_binarizer(self.weight, scale)


class Linear(_Binary, nn.Linear):
    """Linear layer on quantised activations and weights."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs)
        self._add_quantisers(inputs, (-1,))

    def forward(self, x: Tensor) -> Tensor:
        """Maps (..., inputs) to (..., outputs)."""
        return F.linear(self.activation(x), self._weight(), self.bias)


class Conv1d(_Binary, nn.Conv1d):
    """1-D convolution on quantised activations and weights."""

    def __init__(self, inputs: int, outputs: int, taps: int, groups: int = 1):
        super().__init__(inputs, outputs, taps, groups=groups)
        self._add_quantisers(inputs, (-1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, inputs, T) to (B, outputs, T')."""
        weight = self._weight()
        return F.conv1d(
            self.activation(x), weight, self.bias, groups=self.groups
        )


class Conv2d(_Binary, nn.Conv2d):
    """2-D convolution; the padding stays zero."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, 5, stride=2, padding=2)
        self._add_quantisers(inputs, (-1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, inputs, H, W) to (B, outputs, H', W')."""
        weight = self._weight()
        return F.conv2d(self.activation(x), weight, self.bias, 2, 2)


class Block(nn.Module):
    """Memory and two pointwise convolutions of (B, C, T)."""

    def __init__(self, binary: bool, thinnings: list[int], dropout: float):
        super().__init__()
        conv = Conv1d if binary else nn.Conv1d
        self.memory = conv(128, 128, 5, groups=128)
        self.memory_norms = nn.ModuleDict({"1": nn.BatchNorm1d(128)})
        self.memory_activation = nn.PReLU()
        self.expand = conv(128, 256, 1)
        self.expand_norms = nn.ModuleDict({"1": nn.BatchNorm1d(256)})
        self.expand_activation = nn.PReLU() if binary else nn.ReLU()
        self.dropout = nn.Dropout(dropout)
        self.project = conv(256, 128, 1)
        keys = [str(thinning) for thinning in thinnings]
        self.norms = nn.ModuleDict({k: nn.BatchNorm1d(128) for k in keys})
        self.activations = nn.ModuleDict({k: nn.PReLU() for k in keys})

    def forward(self, x: Tensor, thinning: int) -> Tensor:
        """Maps (B, 128, T) to (B, 128, T)."""
        y = self.memory_norms["1"](self.memory(F.pad(x, (2, 2))))
        x = self.memory_activation(y) + x
        y = self.expand_activation(self.expand_norms["1"](self.expand(x)))
        y = self.norms[str(thinning)](self.project(self.dropout(y)))
        return self.activations[str(thinning)](y) + x


class Network(nn.Module):
    """Student (``binary``) or teacher; one call runs one thinning."""

    def __init__(self, classes: int, binary: bool):
        super().__init__()
        activation = nn.PReLU if binary else nn.ReLU
        self.front_end = nn.Sequential(
            nn.Conv2d(1, 16, 5, stride=2, padding=2),
            nn.BatchNorm2d(16),
            activation(),
            Conv2d(16, 32) if binary else nn.Conv2d(16, 32, 5, 2, 2),
            nn.BatchNorm2d(32),
            activation(),
        )
        self.projection = Linear(256, 128) if binary else nn.Linear(256, 128)
        self.projection_activation = activation()
        dropout = 0.0 if binary else 0.2
        self.blocks = nn.ModuleList(
            Block(
                binary,
                [
                    n
                    for n in ((1, 2, 4) if binary else (1,))
                    if (b + 1) % n == 0
                ],
                dropout,
            )
            for b in range(8)
        )
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(1024, classes)

    def load(self, ours: nn.Module) -> "Network":
        """Takes the weights of ``speechbrain_bifsmn``'s network."""
        state, mine = ours.state_dict(), self.state_dict()
        self.load_state_dict({name: state[name] for name in mine})
        return self

    def forward(
        self, features: Tensor, thinning: int
    ) -> tuple[Tensor, list[Tensor]]:
        """Maps (B, mel, time) to logits and block outputs (B, 128, T)."""
        x = ((features + 20) / 30).clamp(-2.5, 3).unsqueeze(1)
        x = self.front_end(x).permute(0, 3, 1, 2).flatten(2)
        x = self.projection_activation(self.projection(x)).transpose(1, 2)
        hidden = []
        for index in range(thinning - 1, 8, thinning):
            x = self.blocks[index](x, thinning)
            hidden.append(x)
        return self.classifier(self.dropout(x.flatten(1))), hidden
