"""Devices that torch can use on this machine."""

from __future__ import annotations

import torch


def usable_device(device: str | torch.device) -> str:
    """Returns the name of a device; ValueError where torch cannot use it.

    Arguments
    ---------
    device : str | torch.device
        Such as "cpu", "cuda" or "cuda:1".

    Returns
    -------
    str

    Example
    -------
    >>> usable_device("cpu")
    'cpu'
    """
    try:
        found = torch.empty(0, device=device)
        found.cpu()  # of "meta", this fails
    except (
        AssertionError,  # torch's build knows no such device
        AttributeError,
        NotImplementedError,
        RuntimeError,
        TypeError,
    ) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"device: expected one of this machine, got {device} ({reason}); "
            "use cpu"
        ) from None
    return str(found.device)
