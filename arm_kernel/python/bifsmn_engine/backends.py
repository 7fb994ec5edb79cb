"""Finds what runs a model file: the library, or torch."""

from __future__ import annotations

import functools
import logging
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bifsmn_engine.model import Model

BACKENDS = ("auto", "native", "torch")
GROUP = "bifsmn.backends"  # of entry points: a name, and a class with load()

logger = logging.getLogger(__name__)


def find_native(backend: str) -> type[Model] | None:
    """Returns the class that runs models in the library, None to use torch.

    Arguments
    ---------
    backend : str
        "native" for the library, "torch", or "auto": the library where it is
        built, and otherwise torch, which is logged once.

    Returns
    -------
    type | None

    Example
    -------
    >>> find_native("torch") is None
    True
    """
    if backend not in BACKENDS:
        raise ValueError(
            f"backend: expected one of {list(BACKENDS)}, got {backend!r}"
        )
    if backend == "torch":
        return None
    try:
        from bifsmn_engine.model import Model

        return Model
    except Exception as error:  # absent, or broken in whatever way
        why = (
            "expected the package bifsmn-engine with its library, found none "
            f"that works ({error!r}); install it with `pip install "
            "./arm_kernel`"
        )
    if backend == "native":
        raise ImportError(f"backend='native': {why}, or use 'torch'")
    warn_once(f"BiDFSMN runs in torch: {why} for its speed")
    return None


def find_backend(backend: str) -> Any:
    """Returns the class that runs models, which has ``load(path)``.

    Arguments
    ---------
    backend : str
        "native", "torch" or "auto", as for ``find_native``. What runs models in
        torch is the class that the package speechbrain-bifsmn registers.

    Returns
    -------
    type
    """
    if native := find_native(backend):
        return native
    for found in entry_points(group=GROUP, name="torch"):
        return found.load()
    raise ImportError(
        f"backend={backend!r}: expected the package speechbrain-bifsmn, which "
        "runs models in torch, found none; install it, or the library of this "
        "package (`pip install ./arm_kernel`)"
    )


@functools.cache
def warn_once(message: str) -> None:
    """Logs a warning, if that was not done before."""
    logger.warning(message)
