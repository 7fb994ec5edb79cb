"""Work on a batch in parts that fit a CPU's cache."""

from __future__ import annotations

from collections.abc import Callable

import torch


def in_chunks(
    function: Callable[..., torch.Tensor],
    *batch: torch.Tensor,
    size: int = 16,
) -> torch.Tensor:
    """Applies a function that treats each entry of a batch by itself.

    On a CPU, where tensors of a whole batch of audio do not fit the cache, this
    is two to four times as fast as one call; on other devices it is one call.

    Arguments
    ---------
    function : callable
        Maps tensors (b, ...) to one tensor (b, ...), for any b.
    *batch : torch.Tensor
        Each (B, ...).
    size : int
        The largest b on a CPU.

    Returns
    -------
    torch.Tensor
        (B, ...).

    Example
    -------
    >>> in_chunks(torch.add, torch.ones(5, 2), torch.ones(5, 1), size=2).sum()
    tensor(20.)
    """
    if batch[0].device.type != "cpu" or len(batch[0]) <= size:
        return function(*batch)
    parts = zip(*(tensor.split(size) for tensor in batch), strict=True)
    return torch.cat([function(*part) for part in parts])
