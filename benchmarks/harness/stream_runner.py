"""What every backend of a stream does with its parts.

A part is a function that makes a function of a chunk of audio: that takes the
chunk, and all that is timed is how long the processor works on it.
"""

import itertools
import json
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.memory import needed

RATE = 16000
HOP = 512  # samples from decision to decision, and of a chunk
HOPS_PER_HOUR = 3600 * RATE / HOP
WARM_UP = 64  # chunks, two seconds
Take = Callable[[Any], object]


def chunks(seconds: float) -> NDArray[np.float32]:
    """Returns chunks (N, HOP) of noise with tones that come and go.

    They are always the same.
    """
    samples = round(seconds * RATE) // HOP * HOP
    generator = np.random.default_rng(0)
    audio = generator.normal(0, 0.03, samples)
    at = np.arange(samples) / RATE
    for hertz, seconds_each in ((220, 1.7), (700, 2.3), (2500, 3.1)):
        loudness = np.sin(np.pi * at / seconds_each) ** 2
        audio += 0.1 * loudness * np.sin(2 * np.pi * hertz * at)
    return audio.astype(np.float32).reshape(-1, HOP)


def per_hour(take: Take, audio: Any) -> float:
    """Returns CPU seconds per hour of audio.

    Arguments
    ---------
    take : callable
        Of a chunk.
    audio : sequence
        Chunks; the first warm up.

    Returns
    -------
    float
    """
    for chunk in audio[:WARM_UP]:
        take(chunk)
    rest = audio[WARM_UP:]
    start = time.process_time()
    for chunk in rest:
        take(chunk)
    return (time.process_time() - start) * HOPS_PER_HOUR / len(rest)


def options_of(parser: ArgumentParser) -> Namespace:
    """Adds what every backend takes, and returns what it was given."""
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--memory", action="store_true")
    return parser.parse_args()


def main(
    parts: Mapping[str, Mapping[str, Callable[[], Take]]],
    options: Namespace,
    given_as: Callable[[NDArray], Any] = np.asarray,
) -> None:
    """Prints a JSON object: CPU seconds by kind and thinning, or KiB.

    Arguments
    ---------
    parts : dict
        {kind: {thinning: part}}; of the first one memory is weighed.
    options : argparse.Namespace
        From ``options_of``.
    given_as : callable
        Turns a chunk, FP32 from -1 to 1, into what the parts take; untimed.
    """
    results: dict[str, Any]
    if options.memory:
        first = next(iter(next(iter(parts.values())).values()))
        results = needed(lambda: _endless(first(), given_as))
    else:
        audio = [
            given_as(chunk)
            for chunk in chunks(options.seconds + WARM_UP * HOP / RATE)
        ]
        results = {
            kind: {
                thinning: per_hour(make(), audio)
                for thinning, make in by_thinning.items()
            }
            for kind, by_thinning in parts.items()
        }
    print(json.dumps(results))


def _endless(take, given_as):
    """Returns a function of nothing: takes the next chunk."""
    audio = itertools.cycle([given_as(chunk) for chunk in chunks(2)])
    return lambda: take(next(audio))
