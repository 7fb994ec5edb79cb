"""Where pretrained models come from: a file, a folder, or the hub.

Of a folder or a repository, the model file alone is read, which is data:
nothing else there is read, let alone run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import huggingface_hub
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from speechbrain.utils.fetching import FetchConfig, fetch

from bifsmn_engine.loading import find_model
from bifsmn_engine.pretrained import MODEL

HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
HUB_FILE = re.compile(r"(?!\.)[\w.-]+/[\w.-]+/[^/]+")
PATIENCE_S = 1.5  # for the hub to answer at all; the library tries for 24 s


def model_file_of(
    source: str | Path | None = None,
    savedir: str | Path | None = None,
    fetch_config: FetchConfig | None = None,
) -> Path:
    """Returns the model file of a source, fetched where it must be.

    Arguments
    ---------
    source : str | Path, optional
        A ``.bifsmn`` file, a folder that holds ``model.bifsmn``, or the id of a
        model on the hub (owner/name), of which that file is fetched; without
        it, the model that comes with the package.
    savedir : str | Path, optional
        Where to put files of the hub; without it, the hub's cache.
    fetch_config : FetchConfig, optional
        SpeechBrain's settings for fetching.

    Returns
    -------
    Path

    Example
    -------
    >>> model_file_of(MODEL.parent) == model_file_of() == MODEL
    True
    >>> model_file_of("no such folder")
    Traceback (most recent call last):
        ...
    FileNotFoundError: source: expected a .bifsmn file, a folder, or the id...
    """
    source = MODEL if source is None else source
    if Path(source).exists():
        return find_model(source)
    if not HUB_ID.fullmatch(str(source)):
        raise FileNotFoundError(
            "source: expected a .bifsmn file, a folder, or the id of a model "
            f"on the hub (owner/name), got {source}, which is neither; check "
            "the name"
        )
    with access(source, fetch_config) as config:
        fetched = fetch(MODEL.name, str(source), savedir, fetch_config=config)
    return Path(fetched)


@contextmanager
def access(
    repository: str | Path, fetch_config: FetchConfig | None = None
) -> Iterator[FetchConfig]:
    """Gives access to the hub; OSError of one sentence where there is none.

    Arguments
    ---------
    repository : str
        The id of a model.
    fetch_config : FetchConfig, optional
        SpeechBrain's settings for fetching.

    Yields
    ------
    FetchConfig
        Settings to fetch with: of the cache alone, where the hub does not
        answer.
    """
    fetch_config = fetch_config or FetchConfig()
    reason = "it is not on this machine"
    if fetch_config.allow_network and (failure := _hub_failure()):
        reason = f"{huggingface_hub.constants.ENDPOINT} cannot be reached"
        reason += f" ({failure})"
        fetch_config = replace(fetch_config, allow_network=False)
    try:
        yield fetch_config
    except (LocalEntryNotFoundError, HfHubHTTPError) as error:
        if isinstance(error, HfHubHTTPError):
            reason = f"the hub answers {error.response.status_code}"
        raise OSError(
            "source: expected a folder, or a model of the hub, got "
            f"{repository}: there is no such folder, and {reason}; check the "
            "name, or load it once where there is a network"
        ) from error


def is_hub_file(path: str | Path) -> bool:
    """Whether a path is owner/model/file of the hub, not of this machine.

    Example
    -------
    >>> is_hub_file("owner/model/yes.wav"), is_hub_file("yes.wav")
    (True, False)
    """
    path = str(path)
    return bool(HUB_FILE.fullmatch(path)) and not Path(path).parent.is_dir()


def _hub_failure():
    """Returns why the hub cannot be reached; None if it can."""
    try:
        session = huggingface_hub.get_session()
        session.head(huggingface_hub.constants.ENDPOINT, timeout=PATIENCE_S)
    except Exception as error:  # of whichever HTTP library the hub's uses
        return str(error) or type(error).__name__
    return None
