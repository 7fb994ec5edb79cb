"""SpeechBrain's pretrainer, for files under their own names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from speechbrain.utils.fetching import FetchSource
from speechbrain.utils.parameter_transfer import Pretrainer


class FolderPretrainer(Pretrainer):
    """A ``Pretrainer`` whose bare ``paths`` are files of the model's folder.

    The parent class looks for them in the working directory, or takes NAME.ckpt
    of the model's folder. Here that folder, local or on the hub, holds files
    with descriptive names.

    Example
    -------
    >>> from speechbrain.dataio.encoder import CategoricalEncoder
    >>> from speechbrain_bifsmn.pretrained import FOLDER
    >>> encoder = CategoricalEncoder()
    >>> pretrainer = FolderPretrainer(
    ...     loadables={"labels": encoder}, paths={"labels": "label_encoder.txt"}
    ... )
    >>> files = pretrainer.collect_files(default_source=FOLDER)
    >>> pretrainer.load_collected()
    >>> len(encoder)
    12
    """

    def collect_files(
        self, default_source: str | Path | None = None, **options: Any
    ) -> dict[str, Path]:
        """Collects the files; arguments are those of ``Pretrainer``."""
        for name, path in self.paths.items():
            if default_source is not None and "/" not in str(path):
                self.paths[name] = _inside(default_source, path)
        return super().collect_files(default_source, **options)


def _inside(source, name):
    if isinstance(source, FetchSource):
        return FetchSource(source.FetchFrom, f"{source.path}/{name}")
    return f"{source}/{name}"
