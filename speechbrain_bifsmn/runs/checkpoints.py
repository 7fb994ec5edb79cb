"""Checkpoints that are whole or absent, and the history stored in them."""

from __future__ import annotations

import json
import os
import shutil
from itertools import count
from pathlib import Path
from typing import Any

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

from speechbrain_bifsmn.files.atomic import flush_tree


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
    >>> import torch
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
