"""Files of weights, which are data only: those of safetensors."""

from __future__ import annotations

from pathlib import Path

import safetensors.torch
import torch

from speechbrain_bifsmn.files.atomic import atomic_write
from speechbrain_bifsmn.pretrained import FOLDER


def save_weights(
    model: torch.nn.Module, path: str | Path, dtype: torch.dtype | None = None
) -> None:
    """Writes the weights of a model, whole or not at all.

    Arguments
    ---------
    model : torch.nn.Module
        Its parameters and buffers are saved.
    path : str | Path
        The file to write, in the format of safetensors, which is data only.
    dtype : torch.dtype, optional
        The type to which floating-point weights are rounded.
    """
    _save(model.state_dict(), path, dtype)


def _save(weights, path, dtype):
    weights = {name: value.contiguous() for name, value in weights.items()}
    if dtype is not None:
        weights = {
            name: value.to(dtype) if value.is_floating_point() else value
            for name, value in weights.items()
        }
    with atomic_write(path) as place:
        safetensors.torch.save_file(weights, place)


def load_weights(
    model: torch.nn.Module, path: str | Path, but: str = ""
) -> None:
    """Reads weights that ``save_weights`` wrote.

    Arguments
    ---------
    model : torch.nn.Module
        Gets the weights, in the precision of its parameters; must have the
        names and shapes of the file.
    path : str | Path
        The file to read.
    but : str
        Name of a layer whose weights stay as they are, such as "classifier".

    Example
    -------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile(suffix=".safetensors") as file:
    ...     save_weights(torch.nn.Linear(2, 3), file.name, torch.float16)
    ...     load_weights(torch.nn.Linear(2, 4), file.name)
    Traceback (most recent call last):
        ...
    ValueError: expected weight of shape (4, 2), found (3, 2) in ...
    """
    found, there = _read(Path(path)), model.state_dict()
    if but:
        own = {n: v for n, v in there.items() if n.startswith(f"{but}.")}
        found = {
            name: value
            for name, value in found.items()
            if not name.startswith(f"{but}.")
        } | own
    shapes = {name: tuple(value.shape) for name, value in found.items()}
    expected = {name: tuple(value.shape) for name, value in there.items()}
    for name in {**expected, **shapes}:
        ours, theirs = expected.get(name), shapes.get(name)
        if ours != theirs:
            raise ValueError(
                f"expected {name} of shape {ours}, found {theirs} in {path}; "
                "give weights of the same architecture and classes"
            )
    model.load_state_dict(found)


def _read(path):
    if not path.is_file():
        raise FileNotFoundError(
            f"expected a file of weights, found none at {path}; give the path "
            "of a .safetensors file that a run has saved"
        )
    try:
        return safetensors.torch.load_file(path)
    except Exception:  # a file of anything raises anything
        raise ValueError(
            f"expected a file of weights in the format of safetensors, found "
            f"something else in {path}; give one that a run has saved"
        ) from None


def halve_weights(source: str | Path, target: str | Path) -> None:
    """Writes weights again, in half precision.

    Arguments
    ---------
    source : str | Path
        A file of ``save_weights``.
    target : str | Path
        The file to write.

    Example
    -------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "some.safetensors")
    >>> save_weights(torch.nn.Linear(2, 3), path)
    >>> halve_weights(path, path)
    >>> safetensors.torch.load_file(path)["bias"].dtype
    torch.float16
    """
    _save(_read(Path(source)), target, torch.float16)


def weights_file(given: str, name: str) -> Path:
    """Returns the file of weights that ``--teacher=...`` or so names.

    Arguments
    ---------
    given : str
        A path, or "shipped" for the network that comes with the package.
    name : str
        "teacher", "large_teacher" or "student".

    Returns
    -------
    Path

    Example
    -------
    >>> weights_file("shipped", "teacher").name
    'teacher.safetensors'
    """
    shipped = FOLDER / f"{name}.safetensors"
    path = shipped if given == "shipped" else Path(given)
    if not path.is_file():
        raise FileNotFoundError(
            f"expected a file of weights, found none at {path}; give the path "
            "of a .safetensors file that a run has saved"
        )
    return path
