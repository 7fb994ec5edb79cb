"""The stream of ``KeywordSpotter``, whose detector is part of it.

    python -m benchmarks.backends.torch_stream MODEL [--backend=torch]

Torch computes every window, front end included, by itself.
"""

import argparse
from functools import partial
from pathlib import Path

from benchmarks import THINNINGS
from benchmarks.harness import stream_runner
from benchmarks.harness.stream_runner import Take


def stream(options: argparse.Namespace, thinning: str) -> Take:
    """Returns a function of a chunk: the detections."""
    import speechbrain_bifsmn  # noqa: F401  first: it repairs torchaudio

    # isort: split
    from bifsmn_engine.keyword_stream import KeywordStream
    from bifsmn_engine.loading import load_model

    model = load_model(options.model, options.backend, int(thinning))
    return KeywordStream(model).push


def main() -> None:
    """Times or weighs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--backend", default="torch")
    options = stream_runner.options_of(parser)
    by_thinning = {n: partial(stream, options, n) for n in THINNINGS}
    stream_runner.main({"stream": by_thinning}, options)


if __name__ == "__main__":
    main()
