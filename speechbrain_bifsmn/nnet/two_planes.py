"""The sum of two one-bit planes, with its gradient.

Shapes: N rows (batch and frames), C channels.
"""

from __future__ import annotations

import torch
from torch.autograd.function import once_differentiable

from speechbrain_bifsmn.nnet.binarizer import below, ste_mask


def two_planes(
    x: torch.Tensor,
    theta1: torch.Tensor,
    theta2: torch.Tensor,
    s1: torch.Tensor,
    s2: torch.Tensor,
    alpha1: torch.Tensor,
    alpha2: torch.Tensor,
    gradient: str,
) -> torch.Tensor:
    """Computes ``s1 b1 + s2 b2``, as ``DualScaleActivation`` defines it.

    Both bits are comparisons of ``x`` with constants of its channel:
    ``theta1``, then ``theta2 + s1`` or ``theta2 + s1 - 2 s1``. A kernel that
    stores these three takes the same decision on every float.

    Arguments
    ---------
    x : torch.Tensor
        Activations (N, C).
    theta1, theta2 : torch.Tensor
        Thresholds (C,).
    s1, s2 : torch.Tensor
        Scales, above 0: () or (N, 1).
    alpha1, alpha2 : torch.Tensor
        Widths (), above 0, where each sign passes a gradient.
    gradient : str
        Which gradient a sign has, as in ``ste_mask``.

    Returns
    -------
    torch.Tensor
        (N, C).

    Example
    -------
    >>> x, theta = torch.tensor([[-2.0, -0.1, 0.1, 2.0]]), torch.zeros(4)
    >>> one = torch.tensor(1.0)
    >>> options = one, one / 2, one, one, "straight"
    >>> two_planes(x, theta, theta, *options).tolist()
    [[-1.5, -0.5, 0.5, 1.5]]
    """
    return _TwoPlanes.apply(x, theta1, theta2, s1, s2, alpha1, alpha2, gradient)


class _TwoPlanes(torch.autograd.Function):
    """``s1 b1 + s2 b2``, and its gradient."""

    @staticmethod
    def forward(ctx, x, theta1, theta2, s1, s2, alpha1, alpha2, gradient):
        bit1 = below(x, theta1)
        center = torch.addcmul(theta2 + s1, bit1, s1, value=-2)
        bit2 = below(x, center)
        ctx.save_for_backward(
            x, bit1, bit2, center, theta1, s1, s2, alpha1, alpha2
        )
        ctx.gradient = gradient
        # As a tensor of (C,): with a single number, addcmul is 3 times slower.
        highest = s1 + s2 + torch.zeros_like(theta1)
        y = torch.addcmul(highest, bit1, s1, value=-2)
        return y.addcmul_(bit2, s2, value=-2)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        x, bit1, bit2, center, theta1, s1, s2, alpha1, alpha2 = (
            ctx.saved_tensors
        )
        above, residual = x - theta1, x - center
        through2 = ste_mask(alpha2 * residual, ctx.gradient).mul_(grad).mul_(s2)
        from2 = alpha2 * through2
        grad1 = grad - from2
        through1 = ste_mask(alpha1 * above, ctx.gradient).mul_(grad1).mul_(s1)
        to_alpha1, to_alpha2 = _dot(through1, above), _dot(through2, residual)
        from1 = through1.mul_(alpha1)
        to_s1 = to_s2 = None
        if ctx.needs_input_grad[3]:
            to_s1 = grad1.sum() - 2 * _dot(grad1, bit1)
            to_s2 = grad.sum() - 2 * _dot(grad, bit2)
        to_theta1, to_theta2 = -from1.sum(0), -from2.sum(0)
        to_alphas, to_x = (to_alpha1, to_alpha2), from1.add_(from2)
        return to_x, to_theta1, to_theta2, to_s1, to_s2, *to_alphas, None


def _dot(a, b):
    return torch.dot(a.reshape(-1), b.reshape(-1))
