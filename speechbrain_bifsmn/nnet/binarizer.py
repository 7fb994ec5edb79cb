"""Binarizers: full precision to one-bit codes that can still be trained.

One sign rule holds everywhere in this project: a code is negative where the
number is below its threshold, so ``sign(0) = +1`` (and ``sign(-0.0) = +1``).
"""

from __future__ import annotations

import torch
from torch import nn
from torch.autograd.function import once_differentiable

GRADIENTS = ("learned", "straight", "quadratic")


def below(
    x: torch.Tensor, threshold: torch.Tensor | float = 0.0
) -> torch.Tensor:
    """Returns the bits of ``x``: 1.0 where ``x < threshold``, else 0.0.

    Arguments
    ---------
    x : torch.Tensor
        Numbers of any shape.
    threshold : torch.Tensor | float
        Broadcastable to ``x``.

    Returns
    -------
    torch.Tensor
        Bits of the shape and type of ``x``.

    Example
    -------
    >>> below(torch.tensor([-0.5, -0.0, 0.0, 2.0]))
    tensor([1., 0., 0., 0.])
    """
    x = x.detach()
    if is_traced():  # graphs have no out=
        return torch.lt(x, threshold).to(x.dtype)
    # Compared into numbers: many times as fast on a CPU as torch.where.
    return torch.lt(x, threshold, out=torch.empty_like(x))


def is_traced() -> bool:
    """Whether torch is exporting, compiling or tracing what runs.

    Example
    -------
    >>> is_traced()
    False
    """
    return torch.compiler.is_compiling() or torch.jit.is_tracing()


def sign(x: torch.Tensor) -> torch.Tensor:
    """Returns -1 where ``x < 0`` and +1 elsewhere, zeros included.

    Arguments
    ---------
    x : torch.Tensor
        Numbers of any shape.

    Returns
    -------
    torch.Tensor
        Codes of the shape and type of ``x``.

    Example
    -------
    >>> sign(torch.tensor([-0.5, -0.0, 0.0, 2.0]))
    tensor([-1.,  1.,  1.,  1.])
    """
    return below(x).mul_(-2).add_(1)


def to_float32(x: torch.Tensor) -> torch.Tensor:
    """Turns half precision into single, and leaves all else as it is.

    Example
    -------
    >>> to_float32(torch.ones(1, dtype=torch.bfloat16)).dtype
    torch.float32
    """
    return x.to(torch.promote_types(x.dtype, torch.float32))


def positive(parameter: torch.Tensor) -> torch.Tensor:
    """Makes a learned width or scale positive, whatever an optimiser did."""
    return parameter.abs() + 1e-12


class _LearningPropagation(torch.autograd.Function):
    """``scale * sign(alpha x)``; gradient ``alpha * ste_mask(alpha x)``."""

    @staticmethod
    def forward(ctx, x, alpha, scale, gradient):
        ctx.save_for_backward(x, alpha)
        ctx.gradient = gradient
        return sign(x) if scale is None else sign(x) * scale

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        x, alpha = ctx.saved_tensors
        grad = grad * ste_mask(alpha * x, ctx.gradient)
        return alpha * grad, (grad * x).sum().to(alpha.dtype), None, None


def ste_mask(x: torch.Tensor, gradient: str) -> torch.Tensor:
    """Returns the share of a sign's gradient that passes; overwrites ``x``.

    Example
    -------
    >>> x = torch.tensor([-1.5, -0.5, 0.0, 0.75])
    >>> ste_mask(x.clone(), "straight").tolist()
    [0.0, 1.0, 1.0, 1.0]
    >>> ste_mask(x, "quadratic").tolist()
    [0.0, 1.0, 2.0, 0.5]
    """
    if gradient == "quadratic":
        return x.abs_().clamp_(max=1.0).mul_(-2.0).add_(2.0)
    return x.abs_().lt_(1.0)


class LearningPropagationBinarizer(nn.Module):
    """Sign with a learned width of the gradient (LPB).

    Forward ``scale * sign(alpha * x)``; backward a straight-through estimator
    that is open where ``|alpha x| < 1``: there ``d/dx = alpha`` and
    ``d/dalpha = x``, elsewhere 0. ``alpha`` is positive by construction, so it
    never changes the forward value. ``scale`` takes and scales no gradient.

    Two other gradients are there for comparison: ``"straight"``, the plain
    straight-through estimator, whose ``alpha`` stays 1; and ``"quadratic"``,
    which is ``2 - 2 |x|`` where ``|x| < 1``, that of a piecewise quadratic
    approximation of the sign.

    Source: Qin et al., "BiFSMNv2", section III (learning propagation);
    "quadratic": Liu et al., "Bi-Real Net", ECCV 2018 (ApproxSign).

    Arguments
    ---------
    alpha : float
        First value of the learned width.
    gradient : str
        "learned", "straight" or "quadratic".

    Example
    -------
    >>> binarizer = LearningPropagationBinarizer()
    >>> x = torch.tensor([-2.0, -0.5, 0.0, 0.5], requires_grad=True)
    >>> codes = binarizer(x)
    >>> codes.tolist()
    [-1.0, -1.0, 1.0, 1.0]
    >>> codes.sum().backward()
    >>> x.grad.tolist()
    [0.0, 1.0, 1.0, 1.0]
    """

    def __init__(self, alpha: float = 1.0, gradient: str = "learned") -> None:
        super().__init__()
        if alpha <= 0:
            raise ValueError(f"alpha: expected a number above 0, got {alpha}")
        if gradient not in GRADIENTS:
            raise ValueError(
                f"gradient: expected one of {', '.join(GRADIENTS)}, got "
                f"{gradient!r}"
            )
        self.gradient = gradient
        learned = gradient == "learned"
        width = torch.tensor(float(alpha) if learned else 1.0)
        self.alpha = nn.Parameter(width, requires_grad=learned)

    def forward(
        self, x: torch.Tensor, scale: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Binarizes ``x``.

        Arguments
        ---------
        x : torch.Tensor
            Numbers of any shape.
        scale : torch.Tensor, optional
            Factor of the codes, broadcastable to ``x``.

        Returns
        -------
        torch.Tensor
            ``scale * sign(x)``, of the shape of ``x``.
        """
        if scale is not None:
            scale = scale.detach()
        alpha = positive(self.alpha)
        return _LearningPropagation.apply(x, alpha, scale, self.gradient)
