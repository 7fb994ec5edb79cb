"""Writes model files for the engine."""

from __future__ import annotations

from pathlib import Path

from bifsmn_engine.format.layout import ModelFile
from bifsmn_engine.format.model_file import to_bytes
from bifsmn_engine.pretrained import MODEL
from speechbrain_bifsmn.files.atomic import atomic_write
from speechbrain_bifsmn.pretrained import FOLDER


def write_model(model: ModelFile, path: str | Path) -> int:
    """Writes a ``ModelFile``, whole or not at all.

    Arguments
    ---------
    model : ModelFile
        What ``deploy.folding.fold`` returns.
    path : str | Path
        The file to write; one that is there is replaced.

    Returns
    -------
    int
        The size of the file in bytes.
    """
    content = to_bytes(model)
    with atomic_write(path) as place:
        return place.write_bytes(content)


def check_not_shipped(path: Path) -> None:
    """Refuses to write a model file that comes with the packages."""
    shipped = MODEL, FOLDER / MODEL.name
    if path.exists() and any(map(path.samefile, shipped)):
        raise ValueError(
            f"{path}: expected a model file of your own to write, found the "
            "one that comes with the package; name another file"
        )
