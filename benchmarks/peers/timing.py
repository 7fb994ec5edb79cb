"""Times sides in turns, and says what was found."""

import numpy as np
from tqdm import tqdm


def measure(sides, rounds, calls):
    """Returns lists of microseconds: {kind: {side: {depth: [...]}}}.

    Every round starts a process for each side; every other round goes
    backwards.
    """
    samples = {}
    for turn in tqdm(range(rounds), "rounds"):
        for side in sides if turn % 2 else reversed(sides):
            for kind, by_depth in side.time(calls).items():
                of_side = samples.setdefault(kind, {})
                for depth, us in by_depth.items():
                    found = of_side.setdefault(side.engine, {})
                    found.setdefault(depth, []).append(us)
    return samples


def quantiles(samples, *levels):
    """Returns quantiles by side and depth setting."""
    return {
        name: {
            depth: [round(float(q), 2) for q in np.quantile(values, levels)]
            for depth, values in by_depth.items()
        }
        for name, by_depth in samples.items()
    }


def medians(samples):
    """Returns the middle values by kind, side and depth setting."""
    return {
        kind: {
            name: {depth: middle for depth, (middle,) in by_depth.items()}
            for name, by_depth in quantiles(of_kind, 0.5).items()
        }
        for kind, of_kind in samples.items()
    }


def summary(samples, path):
    """Returns medians, spread and ratios.

    Arguments
    ---------
    samples : dict
        From ``measure``.
    path : str
        The path of the engine that the ratios are of.
    """
    middle = medians(samples)
    us, name = middle["us"], f"bifsmn_{path}"
    forms = [n for n in us if n.startswith("litert_fp32_")]
    if forms:  # the faster one at full depth
        us["litert_fp32"] = min((us[n] for n in forms), key=lambda u: u["0"])

    def ratio(peer, peer_depth=None):
        if peer not in us:
            return None
        return {
            depth: round(us[peer][peer_depth or depth] / ours, 2)
            for depth, ours in us[name].items()
        }

    def of_path(kind):
        return middle.get(kind, {}).get(name)

    return {
        "ratio_litert_int8": ratio("litert_int8"),
        "ratio_litert_int8_prelu": ratio("litert_int8_prelu"),
        "ratio_litert_fp32": ratio("litert_fp32"),
        "ratio_litert_fp32_full": ratio("litert_fp32", "0"),
        "path": path,
        "us": us,
        "us_p10_p90": quantiles(samples["us"], 0.1, 0.9),
        "audio_us": middle.get("audio_us", {}),
        "audio_us_p10_p90": quantiles(samples.get("audio_us", {}), 0.1, 0.9),
        "audio_to_decision_us": of_path("audio_us"),
        "python_us": of_path("python_us"),
        "call_us": (of_path("call_us") or {}).get("any"),
    }
