"""Where pretrained models come from: a folder, or the hub."""

import re
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import huggingface_hub
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from speechbrain.utils.fetching import FetchConfig, guess_source

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
HUB_FILE = re.compile(r"(?!\.)[\w.-]+/[\w.-]+/[^/]+")
PATIENCE_S = 1.5  # for the hub to answer at all; the library tries for 24 s


@contextmanager
def access(source, fetch_config=None):
    """Gives the way to a source, and says plainly where there is none.

    Arguments
    ---------
    source : str | Path | FetchSource
        A folder, or the id of a model on the hub.
    fetch_config : FetchConfig, optional
        SpeechBrain's settings for fetching.

    Yields
    ------
    FetchConfig
        What to fetch with: what is on this machine, where the hub does not
        answer.

    Example
    -------
    >>> with access("no such folder") as fetch_config:
    ...     pass
    Traceback (most recent call last):
        ...
    FileNotFoundError: source: expected a folder, or the id of a model on the...
    """
    fetch_config = fetch_config or FetchConfig()
    if not _is_hub_id(source):
        yield fetch_config
        return
    reason = "it is not on this machine"
    if fetch_config.allow_network and (failure := _hub_is_silent()):
        reason = f"{huggingface_hub.constants.ENDPOINT} cannot be reached"
        reason += f" ({failure})"
        fetch_config = replace(fetch_config, allow_network=False)
    try:
        yield fetch_config
    except (LocalEntryNotFoundError, HfHubHTTPError) as error:
        if isinstance(error, HfHubHTTPError):
            reason = f"the hub answers {error.response.status_code}"
        raise OSError(
            f"source: expected a folder, or a model of the hub, got {source}: "
            f"there is no such folder, and {reason}; check the name, or load "
            "it once where there is a network"
        ) from error


def is_hub_file(path):
    """Whether a path is owner/model/file of the hub, not of this machine.

    Example
    -------
    >>> is_hub_file("owner/model/yes.wav"), is_hub_file("yes.wav")
    (True, False)
    """
    path = str(path)
    return bool(HUB_FILE.fullmatch(path)) and not Path(path).parent.is_dir()


def _is_hub_id(source):
    kind, place = guess_source(_text(source))
    if kind.name != "HUGGING_FACE":
        return False
    if HUB_ID.fullmatch(str(place)):
        return True
    raise FileNotFoundError(
        "source: expected a folder, or the id of a model on the hub "
        f"(owner/name), got {place}, which is neither; check the name"
    )


def _text(source):
    return str(source) if isinstance(source, Path) else source


def _hub_is_silent():
    """Returns what is in the way of the hub; None if nothing is."""
    try:
        session = huggingface_hub.get_session()
        session.head(huggingface_hub.constants.ENDPOINT, timeout=PATIENCE_S)
    except Exception as error:  # of whichever HTTP library the hub's uses
        return str(error) or type(error).__name__
    return None
