"""What natural voices have said for a corpus that is not whole yet.

They take a second for a clip. So that nothing need be said again after a start
that was stopped, it stays in a folder beside the corpus until that is whole.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from speechbrain_bifsmn.dataio.custom_counts import MARKER as DESCRIPTION
from speechbrain_bifsmn.dataio.custom_counts import read_marker
from speechbrain_bifsmn.files.atomic import write_text
from speechbrain_bifsmn.files.owned import MARKER, claim, owner

OWNER = "synth"


@contextmanager
def spoken_folder(
    corpus: Path, description: Mapping[str, Any]
) -> Iterator[Path]:
    """Keeps a folder of what is said, as long as a corpus is not whole.

    Arguments
    ---------
    corpus : Path
        The corpus; the folder is ``.<corpus>.spoken`` beside it.
    description : dict
        What decides on the corpus. What was said for another one is removed.

    Yields
    ------
    Path
        The folder. It is removed with the end of the context, also by a
        ValueError: what cannot be said is not asked for again.

    Example
    -------
    >>> import tempfile
    >>> corpus = Path(tempfile.mkdtemp(), "corpus")
    >>> try:
    ...     with spoken_folder(corpus, {"words": ["yes"]}) as spoken:
    ...         (spoken / "yes.wav").touch()
    ...         raise KeyboardInterrupt
    ... except KeyboardInterrupt:
    ...     sorted(path.name for path in spoken.iterdir())
    ['.bifsmn.json', 'custom_keywords.json', 'yes.wav']
    """
    folder = _folder(corpus)
    known = read_marker(folder).get("description")
    if owner(folder) != OWNER or known != description:
        forget_spoken(corpus)
        claim(folder, OWNER)
        wanted = {"description": description}
        write_text(folder / DESCRIPTION, json.dumps(wanted))
    try:
        yield folder
    except ValueError:
        forget_spoken(corpus)
        raise
    forget_spoken(corpus)


def forget_spoken(corpus: Path) -> None:
    """Removes what was said for a corpus, if anything was."""
    folder = _folder(corpus)
    if owner(folder) != OWNER:
        return
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != MARKER:  # which goes last: it says whose all is
            path.unlink()
    shutil.rmtree(folder)


def _folder(corpus):
    return corpus.with_name(f".{corpus.name}.spoken")
