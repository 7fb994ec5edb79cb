"""Checkpoints that are whole or absent, and the history stored in them."""

from __future__ import annotations

import json
import os
import shutil
from itertools import count
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from speechbrain.utils.checkpoints import (
    Checkpoint,
    Checkpointer,
    mark_as_loader,
    mark_as_saver,
    register_checkpoint_hooks,
)
from speechbrain.utils.distributed import (
    if_main_process,
    main_process_only,
    run_on_main,
)

from speechbrain_bifsmn.files.atomic import atomic_write, flush_tree
from speechbrain_bifsmn.pretrained import FOLDER


class AtomicCheckpointer(Checkpointer):
    """SpeechBrain's Checkpointer, safe against a kill while it saves.

    The parent class writes ``CKPT.yaml``, by which a checkpoint is known,
    before the weights; stopped in between, it would leave a checkpoint that
    cannot be loaded. Here every file is written in a folder aside, flushed to
    disk, and then moved in place in one step. The rest of a checkpoint that was
    being deleted does not count as one.

    Arguments are those of ``speechbrain.utils.checkpoints.Checkpointer``.

    Example
    -------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> model = torch.nn.Linear(2, 2)
    >>> checkpointer = AtomicCheckpointer(folder.name, {"model": model})
    >>> saved = checkpointer.save_checkpoint(meta={"accuracy": 90.0})
    >>> checkpointer.recover_if_possible(max_key="accuracy").path == saved.path
    True
    """

    checkpoints_dir: Path

    def save_checkpoint(self, *args: Any, **kwargs: Any) -> Checkpoint | None:
        """Saves as the parent does; returns what it returns."""
        place = self.checkpoints_dir
        aside = place / "unfinished"
        if if_main_process():
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir(parents=True)
        self.checkpoints_dir = aside
        try:
            saved = super().save_checkpoint(*args, **kwargs)
        except RuntimeError as error:  # of torch, where it cannot write
            raise OSError(
                f"expected room for a checkpoint in {place}, found none "
                f"({_first_line(error)}); make room and start again, it goes "
                "on where it was"
            ) from error
        finally:
            self.checkpoints_dir = place
        if saved is None:  # not the main process
            return None
        stem = saved.path.name.rpartition("+")[0]  # the rest counts within it
        names = (f"{stem}+{number:02d}" for number in count())
        path = next(place / n for n in names if not (place / n).exists())
        flush_tree(saved.path)
        os.replace(saved.path, path)
        flush_tree(aside)
        aside.rmdir()
        files = {n: path / f.name for n, f in saved.paramfiles.items()}
        return saved._replace(path=path, paramfiles=files)

    def list_checkpoints(self) -> list[Checkpoint]:
        """Lists the checkpoints that have a file for each recoverable."""
        needed = {
            name
            for name in self.recoverables
            if not self.optional_recoverables.get(name)
        }
        listed = super().list_checkpoints()
        return [each for each in listed if needed <= set(each.paramfiles)]

    def load_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Loads as the parent does; ValueError if it is of another network."""
        try:
            super().load_checkpoint(checkpoint)
        except (RuntimeError, ValueError) as error:
            raise ValueError(
                "expected a checkpoint of the network that these options make, "
                f"found another in {checkpoint.path}; give a new output_folder "
                "or the options of that run"
            ) from error

    def delete_checkpoints(self, **kwargs: Any) -> None:
        """Deletes as the parent does, on the main process alone.

        Left to list for itself, another process may miss what main has just
        deleted, and wait for ever.
        """
        run_on_main(super().delete_checkpoints, kwargs=kwargs)


def _first_line(error):
    return str(error).strip().partition("\n")[0]


@register_checkpoint_hooks
class History:
    """Rows of plain numbers, one an epoch, saved with each checkpoint.

    Example
    -------
    >>> history = History()
    >>> history.rows.append({"epoch": 1, "loss": 0.5})
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    @mark_as_saver
    @main_process_only
    def save(self, path: str | Path) -> None:
        """Writes the rows as JSON."""
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self.rows, file)

    @mark_as_loader
    def load(self, path: str | Path, end_of_epoch: bool) -> None:
        """Replaces the rows by those of a checkpoint."""
        with open(path, encoding="utf-8") as file:
            self.rows = json.load(file)


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
    weights = {n: v.contiguous() for n, v in model.state_dict().items()}
    if dtype is not None:
        weights = {
            name: value.to(dtype) if value.is_floating_point() else value
            for name, value in weights.items()
        }
    with atomic_write(path) as place:
        safetensors.torch.save_file(weights, place)


def load_weights(model: torch.nn.Module, path: str | Path) -> None:
    """Reads weights that ``save_weights`` wrote.

    Arguments
    ---------
    model : torch.nn.Module
        Gets the weights, in the precision of its parameters; must have the
        names and shapes of the file.
    path : str | Path
        The file to read.

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
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"expected a file of weights, found none at {path}; give the path "
            "of a .safetensors file that a run has saved"
        )
    try:
        found = safetensors.torch.load_file(path)
        shapes = {name: tuple(value.shape) for name, value in found.items()}
    except Exception:  # a file of anything raises anything
        raise ValueError(
            f"expected a file of weights in the format of safetensors, found "
            f"something else in {path}; give one that a run has saved"
        ) from None
    expected = {n: tuple(v.shape) for n, v in model.state_dict().items()}
    for name in {**expected, **shapes}:
        ours, theirs = expected.get(name), shapes.get(name)
        if ours != theirs:
            raise ValueError(
                f"expected {name} of shape {ours}, found {theirs} in {path}; "
                "give weights of the same architecture and classes"
            )
    model.load_state_dict(found)


def weights_file(given: str, stage: str) -> Path:
    """Returns the file of weights that ``--teacher`` or ``--student`` names.

    Arguments
    ---------
    given : str
        A path, or "shipped" for the network that comes with the package.
    stage : str
        "teacher" or "student".

    Returns
    -------
    Path

    Example
    -------
    >>> weights_file("shipped", "teacher").name
    'teacher.safetensors'
    """
    name = f"{stage}.safetensors"
    if given == "shipped":
        return FOLDER / name
    path = Path(given)
    if not path.is_file():
        raise FileNotFoundError(
            f"expected a file of weights, found none at {path}; give the path "
            f"of a {name} that a run has saved"
        )
    return path
