"""Uploads a published folder to the hub."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import huggingface_hub
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError

from speechbrain_bifsmn.files.owned import check_owned, read_marker
from speechbrain_bifsmn.publishing.folder import OWNER

SILENCE_S = 30.0  # without an answer end an attempt
SLOWEST = 20_000  # bytes a second
ATTEMPTS, PAUSE_S = 3, 2.0  # the pause doubles
BUSY = (408, 425, 429, 500, 502, 503, 504)


def push(folder: str | Path, repo: str) -> str:
    """Uploads a folder to a repository of the hub, which is made if need be.

    An upload is one commit: the repository has all files or none of them.
    Failed attempts are repeated; files that the hub has already are not sent
    again.

    Arguments
    ---------
    folder : str | Path
        Written by ``publish``, and unchanged since.
    repo : str
        ``owner/name``.

    Returns
    -------
    str
        The address of the repository. OSError, which describes the state of
        folder and repository, if the upload fails.
    """
    folder = Path(folder)
    check_owned(folder, OWNER)
    api, failure = HfApi(), None
    for attempt in range(ATTEMPTS):
        if failure is not None:
            time.sleep(PAUSE_S * 2 ** (attempt - 1))
        failure = _attempt(api, folder, repo)
        if failure is None:
            return f"{api.endpoint}/{repo}"
        if _status(failure) not in (None, *BUSY):
            break
    raise OSError(
        f"push: expected to upload to {api.endpoint}/{repo}, found "
        f"{_first_line(failure)}; {_remedy(failure)}. The folder {folder} is "
        "whole; the repository, if it is there, holds what it held before, or "
        "all of it where the answer was lost"
    ) from None


def _attempt(api, folder, repo):
    """Returns what went wrong, None if nothing did."""
    names = sorted(read_marker(folder)["files"])
    outcome: list[Exception | None] = [
        TimeoutError("no end of it within the time for its size")
    ]

    def upload():
        try:
            api.create_repo(repo, exist_ok=True)
            api.upload_folder(
                folder_path=folder,
                repo_id=repo,
                commit_message="Publish a BiFSMNv2 model",
                allow_patterns=names,
            )
            outcome[0] = None
        except Exception as error:  # of the hub's library, of any version
            outcome[0] = error

    session = huggingface_hub.get_session()
    before, session.timeout = session.timeout, SILENCE_S
    thread = threading.Thread(target=upload, daemon=True)
    thread.start()
    size = sum((folder / name).stat().st_size for name in names)
    thread.join(4 * SILENCE_S + size / SLOWEST)
    session.timeout = before
    if thread.is_alive():
        huggingface_hub.close_session()  # so that it ends
    return outcome[0]


def _status(error):
    response = getattr(error, "response", None)
    if isinstance(error, HfHubHTTPError) and response is not None:
        return response.status_code
    return None


def _remedy(error):
    status = _status(error)
    if status in (401, 403, 404):
        return (
            "log in with `hf auth login`, and name a repository that is yours"
        )
    if status in (None, *BUSY):
        return "give the same command again later"
    return "see what the hub says of it"


def _first_line(error):
    return str(error).strip().partition("\n")[0] or type(error).__name__
