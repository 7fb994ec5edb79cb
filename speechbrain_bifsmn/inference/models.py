"""A model file, loaded by the engine, or by torch: one interface for both.

Needs no torch where the engine is installed.
"""

from pathlib import Path

import numpy as np

from speechbrain_bifsmn.files.inside import inside
from speechbrain_bifsmn.pretrained import MODEL
from speechbrain_bifsmn.utils.engine import find_engine


def find_model(path):
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


def load_model(path=MODEL, backend="auto", depth=0):
    """Loads a model file.

    Arguments
    ---------
    path : str | Path
        As for ``find_model``; without it, that which comes with the package.
    backend : str
        "native", "torch" or "auto", as for ``find_engine``.
    depth : int
        Depth setting; may be set at any time.

    Returns
    -------
    bifsmn_engine.Model | TorchModel
        Both have ``labels``, ``sample_rate``, ``window_samples``, ``hop``,
        ``threshold``, ``smoothing``, ``depths``, ``depth``, ``classify`` and
        ``stream``.

    Example
    -------
    >>> model = load_model(depth=1)
    >>> len(model.classify(np.zeros(8000))) == len(model.labels)
    True
    """
    path = find_model(path)
    if engine := find_engine(backend):
        model = engine.Model.load(path)
    else:
        from speechbrain_bifsmn.inference.torch_model import TorchModel

        model = TorchModel.load(path)
    model.depth = depth
    return model


def zeros_after(model, samples):
    """Returns how many zeros fill so many samples up to a whole last window.

    Arguments
    ---------
    model : bifsmn_engine.Model | TorchModel
        As from ``load_model``.
    samples : int
        That there are.

    Returns
    -------
    int

    Example
    -------
    >>> model = load_model()
    >>> [zeros_after(model, n) for n in (100, 16000, 16001, 16512)]
    [15900, 0, 511, 0]
    """
    missing = model.window_samples - samples
    return missing if missing >= 0 else missing % model.hop


def window_posteriors(model, audio):
    """Classifies audio of any length.

    Arguments
    ---------
    model : bifsmn_engine.Model | TorchModel
        As from ``load_model``.
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
    (3, 12)
    """
    if len(audio) <= model.window_samples:
        return model.classify(audio)[None]
    return model.stream().push(
        np.pad(audio, (0, zeros_after(model, len(audio))))
    )
