"""A model file, run by the library or by torch: one interface for both."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bifsmn_engine.backends import find_backend
from bifsmn_engine.files.inside import inside
from bifsmn_engine.interface import AnyModel
from bifsmn_engine.pretrained import MODEL


def find_model(path: str | PathLike) -> Path:
    """Returns the model file that is meant.

    Arguments
    ---------
    path : str | Path
        A ``.bifsmn`` file, or a folder that holds ``model.bifsmn``.

    Returns
    -------
    Path

    Example
    -------
    >>> find_model(MODEL.parent) == MODEL
    True
    """
    path = Path(path)
    found = inside(path, MODEL.name) if path.is_dir() else path
    if not found.is_file():
        raise FileNotFoundError(
            f"{path}: expected a .bifsmn file, or a folder with {MODEL.name}, "
            "found none; check the path"
        )
    return found


def load_model(
    path: str | PathLike = MODEL, backend: str = "auto", thinning: int = 1
) -> AnyModel:
    """Loads a model file.

    Arguments
    ---------
    path : str | Path
        A ``.bifsmn`` file, or a folder with ``model.bifsmn``; without it, that
        which comes with the package.
    backend : str
        "native" for the library, "torch", or "auto": the library where it is
        built, and otherwise torch.
    thinning : int
        Every how-many-th block runs: 1, 2 or 4; may be set at any time.

    Returns
    -------
    Model | TorchModel
        Both have ``labels``, ``thresholds``, ``smoothing``, ``sample_rate``,
        ``window_samples``, ``hop``, ``thinnings``, ``thinning``, ``classify``,
        ``stream`` and ``detector``.

    Example
    -------
    >>> model = load_model(thinning=2)
    >>> len(model.classify(np.zeros(8000))) == len(model.labels)
    True
    """
    path = find_model(path)
    model = find_backend(backend).load(path)
    model.thinning = thinning
    return model


def zeros_after(model: AnyModel, samples: int) -> int:
    """Returns how many zeros fill so many samples up to a whole last window.

    Arguments
    ---------
    model : Model | TorchModel
        From ``load_model``.
    samples : int
        That there are.

    Returns
    -------
    int

    Example
    -------
    >>> model = load_model()
    >>> [zeros_after(model, n) for n in (100, 16000, 16001, 16252)]
    [15900, 0, 251, 0]
    """
    missing = model.window_samples - samples
    return missing if missing >= 0 else missing % model.hop


def window_posteriors(
    model: AnyModel, audio: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Classifies audio of any length.

    Arguments
    ---------
    model : Model | TorchModel
        From ``load_model``.
    audio : array
        float32 [samples] at ``model.sample_rate``, one at least.

    Returns
    -------
    array
        Posteriors [n][classes] of the windows that hold it, one at each hop;
        the last is filled with zeros.

    Example
    -------
    >>> window_posteriors(load_model(), np.zeros(17000, np.float32)).shape
    (5, 12)
    """
    if len(audio) <= model.window_samples:
        return model.classify(audio)[None]
    return model.stream().push(
        np.pad(audio, (0, zeros_after(model, len(audio))))
    )
