"""The stream of ``KeywordSpotter``, whose detector is part of it.

    python stream_spotter.py MODEL [--backend=torch] [--seconds=N]

Torch computes every window, front end included, by itself.
"""

import argparse
from functools import partial
from pathlib import Path

from stream_drive import drive, options_of

DEPTHS = range(3)


def stream(options, depth):
    """Returns a function of a chunk: the detections."""
    import speechbrain_bifsmn  # noqa: F401  first: it repairs torchaudio

    # isort: split
    from bifsmn_engine.keyword_stream import KeywordStream
    from bifsmn_engine.loading import load_model

    model = load_model(options.model, options.backend, depth)
    return KeywordStream(model).push


def main():
    """Times or weighs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--backend", default="torch")
    options = options_of(parser)
    by_depth = {depth: partial(stream, options, depth) for depth in DEPTHS}
    drive({"stream": by_depth}, options)


if __name__ == "__main__":
    main()
