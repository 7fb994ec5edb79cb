"""The settings of detectors in the ``tune.json`` of ``bifsmn tune``."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from bifsmn_engine.detection import check_refractory, check_smoothing
from bifsmn_engine.files.checksum import sha256_of
from bifsmn_engine.files.json_object import read_object
from bifsmn_engine.numeric import is_within


def read_tuned(
    path: str | PathLike,
) -> tuple[dict[str, float], int, float]:
    """Reads a threshold for each keyword, and what goes with them.

    Arguments
    ---------
    path : str | Path
        The file.

    Returns
    -------
    thresholds : dict of str to float
    smoothing : int
    refractory_s : float
        All three for ``KeywordStream``.
    """
    try:
        found = read_object(path)
        own, refractory_s = found["own"], found["refractory_s"]
        thresholds, smoothing = own["thresholds"], own["smoothing"]
        check_refractory(refractory_s)
        check_smoothing(smoothing)
        is_right = all(is_within(value, 0, 1) for value in thresholds.values())
    except (ValueError, LookupError, TypeError, AttributeError):
        is_right = False
    if not is_right:
        raise ValueError(
            f"{path}: expected the tune.json that `bifsmn tune --out` writes, "
            "found something else"
        )
    return thresholds, smoothing, refractory_s


def mismatch(
    path: str | PathLike, model: str | PathLike, thinning: int
) -> str | None:
    """Returns what ``tune.json`` is of, where that is not how a model is run.

    Arguments
    ---------
    path : str | Path
        A file that ``read_tuned`` takes.
    model : str | Path
        The model file: that which was tuned, or what ``tune`` made of it.
    thinning : int
        Of the model.

    Returns
    -------
    str | None
    """
    tuned, found = read_object(path), []
    models = tuned.get("model_sha256"), tuned.get("tuned_sha256")
    if sha256_of(Path(model)) not in models:
        found.append("another model")
    thinnings = tuned["own"].get("thinnings", {})
    if str(thinning) not in thinnings:
        found.append(f"thinning {' and '.join(thinnings)}")
    if not found:
        return None
    return (
        f"{path}: expected thresholds for {model} at thinning {thinning}, "
        f"found those for {' at '.join(found)}; tune again to know what they "
        "are worth here"
    )
