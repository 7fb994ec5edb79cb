"""What a detection is, and which settings detectors take. Needs no library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import NamedTuple

from bifsmn_engine.labels import SILENCE, UNKNOWN
from bifsmn_engine.numeric import is_within

REFRACTORY_S = 0.5
SMOOTHINGS = range(1, 65)  # as in a model file
MAX_REFRACTORY_S = 3600

Threshold = float | Mapping[str, float]


class Detection(NamedTuple):
    """A keyword in a stream.

    ``score`` is the best smoothed posterior; ``start`` and ``end`` are those of
    its first and its last window, in seconds.
    """

    keyword: str
    score: float
    start: float
    end: float


def keywords_of(labels: Sequence[str]) -> list[str]:
    """Returns the labels that can be detected.

    Example
    -------
    >>> keywords_of(["yes", "unknown", "silence"])
    ['yes']
    """
    return [name for name in labels if name not in (SILENCE, UNKNOWN)]


def of_keywords(
    labels: Sequence[str], thresholds: Sequence[float]
) -> dict[str, float]:
    """Returns the thresholds of labels that can be detected, of those of all.

    Example
    -------
    >>> of_keywords(["yes", "unknown", "no"], [0.5, 0.0, 0.75])
    {'yes': 0.5, 'no': 0.75}
    """
    by_label = dict(zip(labels, thresholds, strict=True))
    return {keyword: by_label[keyword] for keyword in keywords_of(labels)}


def thresholds_of(
    threshold: Threshold, keywords: Sequence[str]
) -> dict[str, float]:
    """Returns the threshold of each keyword.

    Arguments
    ---------
    threshold : float | dict
        One for all keywords, or one for each of them; 0 to 1.
    keywords : sequence of str
        Of the model.

    Returns
    -------
    dict of str to float

    Example
    -------
    >>> thresholds_of(0.5, ["yes", "no"])
    {'yes': 0.5, 'no': 0.5}
    """
    if isinstance(threshold, Mapping):
        _check_keywords(threshold, keywords)
        values = {keyword: threshold[keyword] for keyword in keywords}
    else:
        values = dict.fromkeys(keywords, threshold)
    for value in values.values() if values else [threshold]:
        if not is_within(value, 0, 1):
            raise ValueError(
                "threshold: expected 0 to 1, the range of posteriors, got "
                f"{value}"
            )
    return values


def _check_keywords(threshold, keywords):
    lacking = [keyword for keyword in keywords if keyword not in threshold]
    others = [keyword for keyword in threshold if keyword not in keywords]
    if lacking or others:
        found = f"none for {lacking[0]}" if lacking else f"one for {others[0]}"
        raise ValueError(
            f"threshold: expected one for each of the model's {len(keywords)} "
            f"keywords and no other, found {found}; take those that were "
            "tuned for this model"
        )


def check_smoothing(windows: object) -> None:
    """Raises ValueError where a detector cannot average so many windows."""
    is_whole = isinstance(windows, Integral) and not isinstance(windows, bool)
    if not is_whole or windows not in SMOOTHINGS:
        raise ValueError(
            f"smoothing: expected 1 to {SMOOTHINGS[-1]} windows, got {windows}"
        )


def check_refractory(seconds: float) -> None:
    """Raises ValueError where a detector does not take a refractory time.

    Example
    -------
    >>> check_refractory(float("inf"))
    Traceback (most recent call last):
        ...
    ValueError: refractory_s: expected 0 to 3600 seconds, got inf
    """
    if not is_within(seconds, 0, MAX_REFRACTORY_S):
        raise ValueError(
            f"refractory_s: expected 0 to {MAX_REFRACTORY_S} seconds, got "
            f"{seconds}"
        )


def check_gate(gate_db: float) -> None:
    """Raises ValueError where a stream does not take a gate.

    Example
    -------
    >>> check_gate(-50)
    """
    if not is_within(gate_db, -200, 0):
        raise ValueError(
            "gate_db: expected -200 to 0 dB of full scale, got "
            f"{gate_db}; -50 is that of a quiet room"
        )
