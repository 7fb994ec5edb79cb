"""What every driver of a stream does with its parts.

A part is a function that makes a function of a chunk of audio: that takes the
chunk, and all that is timed is how long the processor works on it.
"""

import itertools
import json
import time

import numpy as np
from memory import needed

RATE = 16000
HOP = 512  # samples from decision to decision, and of a chunk
HOPS_PER_HOUR = 3600 * RATE / HOP
WARM_UP = 64  # chunks, two seconds


def chunks(seconds):
    """Returns chunks of noise with tones that come and go; always the same."""
    samples = round(seconds * RATE) // HOP * HOP
    generator = np.random.default_rng(0)
    audio = generator.normal(0, 0.03, samples)
    at = np.arange(samples) / RATE
    for hertz, seconds_each in ((220, 1.7), (700, 2.3), (2500, 3.1)):
        loudness = np.sin(np.pi * at / seconds_each) ** 2
        audio += 0.1 * loudness * np.sin(2 * np.pi * hertz * at)
    return audio.astype(np.float32).reshape(-1, HOP)


def per_hour(take, audio):
    """Returns the seconds that the processor works on an hour of audio.

    Arguments
    ---------
    take : callable
        Of a chunk.
    audio : array
        Chunks; the first warm up.
    """
    for chunk in audio[:WARM_UP]:
        take(chunk)
    rest = audio[WARM_UP:]
    start = time.process_time()
    for chunk in rest:
        take(chunk)
    return (time.process_time() - start) * HOPS_PER_HOUR / len(rest)


def options_of(parser):
    """Adds what every driver takes, and returns what it was given."""
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--memory", action="store_true")
    return parser.parse_args()


def drive(parts, options, given_as=np.asarray):
    """Prints a JSON object: seconds of work by kind and depth, or KiB.

    Arguments
    ---------
    parts : dict
        {kind: {depth: part}}; of the first one memory is weighed.
    options : argparse.Namespace
        From ``options_of``.
    given_as : callable
        Turns a chunk, FP32 from -1 to 1, into what the parts take; untimed.
    """
    if options.memory:
        first = next(iter(next(iter(parts.values())).values()))
        results = needed(lambda: _endless(first(), given_as))
    else:
        audio = chunks(options.seconds + WARM_UP * HOP / RATE)
        audio = [given_as(chunk) for chunk in audio]
        results = {
            kind: {depth: per_hour(make(), audio) for depth, make in of.items()}
            for kind, of in parts.items()
        }
    print(json.dumps(results))


def _endless(take, given_as):
    """Returns a function of nothing: takes the next chunk."""
    audio = itertools.cycle([given_as(chunk) for chunk in chunks(2)])
    return lambda: take(next(audio))
