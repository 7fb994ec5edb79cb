"""Times backends in turns, and summarises what was found."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.harness.process import Missing, say

Samples = dict[str, dict[str, list[float]]]  # {backend: {thinning: [...]}}
Medians = dict[str, dict[str, float]]


def measure(
    backends: Sequence[Any],
    rounds: int,
    calls: float,
    missing: dict[str, str],
) -> dict[str, Samples]:
    """Returns lists of microseconds: {kind: {backend: {thinning: [...]}}}.

    Every round starts a process for each backend; every other round goes
    backwards. A backend that fails in any of them is left out, and ``missing``
    gets the reason under its name.
    """
    samples: dict[str, Samples] = {}
    for turn in tqdm(range(rounds), "rounds"):
        for backend in backends if turn % 2 else reversed(backends):
            if backend.key in missing:
                continue
            try:
                found = backend.time(calls)
            except Missing as error:
                say(f"{backend.key} is missing: {error}")
                missing[backend.key] = str(error)
                continue
            for kind, by_thinning in found.items():
                of_kind = samples.setdefault(kind, {})
                for thinning, us in by_thinning.items():
                    of_one = of_kind.setdefault(backend.key, {})
                    of_one.setdefault(thinning, []).append(us)
    return {
        kind: {key: of_kind[key] for key in of_kind if key not in missing}
        for kind, of_kind in samples.items()
    }


def quantiles(
    samples: Samples, *levels: float
) -> dict[str, dict[str, list[float]]]:
    """Returns quantiles by backend and thinning.

    Example
    -------
    >>> quantiles({"a": {"1": [1, 2, 4]}}, 0.5)
    {'a': {'1': [2.0]}}
    """
    return {
        key: {
            thinning: [round(float(q), 2) for q in np.quantile(values, levels)]
            for thinning, values in by_thinning.items()
        }
        for key, by_thinning in samples.items()
    }


def medians(samples: dict[str, Samples]) -> dict[str, Medians]:
    """Returns the middle values by kind, backend and thinning."""
    return {
        kind: {
            key: {
                thinning: middle for thinning, (middle,) in by_thinning.items()
            }
            for key, by_thinning in quantiles(of_kind, 0.5).items()
        }
        for kind, of_kind in samples.items()
    }


def summary(samples: dict[str, Samples], isa: str) -> dict[str, Any]:
    """Returns medians, spread and ratios.

    Arguments
    ---------
    samples : dict
        From ``measure``.
    isa : str
        The instruction set of the engine that the ratios are of.

    Returns
    -------
    dict
    """
    middle = medians(samples)
    us, key = middle["us"], f"bifsmn_{isa}"
    forms = [k for k in us if k.startswith("litert_fp32_")]
    if forms:  # the faster one at thinning 1
        us["litert_fp32"] = min((us[k] for k in forms), key=lambda u: u["1"])

    def ratio(peer, peer_thinning=None, engine=key):
        if peer not in us or engine not in us:
            return None
        return {
            thinning: round(us[peer][peer_thinning or thinning] / ours, 2)
            for thinning, ours in us[engine].items()
        }

    def of_engine(kind):
        return middle.get(kind, {}).get(key)

    return {
        "ratio_litert_int8": ratio("litert_int8"),
        "ratio_litert_int8_prelu": ratio("litert_int8_prelu"),
        "ratio_litert_int8_avx2": ratio(
            "litert_int8_avx2", engine="bifsmn_avx2"
        ),
        "ratio_litert_fp32": ratio("litert_fp32"),
        "ratio_litert_fp32_full": ratio("litert_fp32", "1"),
        "isa": isa,
        "us": us,
        "us_p10_p90": quantiles(samples["us"], 0.1, 0.9),
        "audio_us": middle.get("audio_us", {}),
        "audio_us_p10_p90": quantiles(samples.get("audio_us", {}), 0.1, 0.9),
        "audio_to_decision_us": of_engine("audio_us"),
        "python_us": of_engine("python_us"),
        "call_us": (of_engine("call_us") or {}).get("any"),
    }
