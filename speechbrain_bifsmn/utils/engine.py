"""Finds the native engine, where it is installed. Needs no torch."""

import functools
import importlib
import logging

BACKENDS = ("auto", "native", "torch")
logger = logging.getLogger(__name__)


def find_engine(backend):
    """Returns the package ``bifsmn_engine``, or None to run in torch.

    Arguments
    ---------
    backend : str
        "native" for the engine, "torch", or "auto": the engine where it is
        installed, and otherwise torch, which is logged once.

    Returns
    -------
    module | None

    Example
    -------
    >>> find_engine("torch") is None
    True
    """
    if backend not in BACKENDS:
        raise ValueError(
            f"backend: expected one of {list(BACKENDS)}, got {backend!r}"
        )
    if backend == "torch":
        return None
    try:
        engine = importlib.import_module("bifsmn_engine")
        engine.Model  # noqa: B018  a folder of that name is a package, too
        return engine
    except Exception as error:  # absent, or broken in whatever way
        why = (
            "expected the package bifsmn-engine, found none that works "
            f"({error!r}); install it with `pip install ./arm_kernel`"
        )
    if backend == "native":
        raise ImportError(f"backend='native': {why}, or use 'torch'")
    warn_once(f"BiDFSMN runs in torch: {why} for its speed")
    return None


@functools.cache
def warn_once(message):
    """Logs a warning, if that was not done before."""
    logger.warning(message)
