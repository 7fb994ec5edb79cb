"""The engine's stream in Python: 16-bit audio to posteriors.

python -m benchmarks.backends.keyword_engine MODEL AUDIO --words WORD ...
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import keyword_runner
from benchmarks.harness.keyword_runner import Spotter, known


class Engine(Spotter):
    """A model file at thinning 1, with its own thresholds and smoothing."""

    def __init__(self, path: Path, words: list[str]):
        import bifsmn_engine
        from bifsmn_engine._library import library

        model = bifsmn_engine.Model.load(path)
        self.keywords = known(words, model.labels, "the labels of the model")
        self.columns = [model.labels.index(word) for word in self.keywords]
        self.stream = bifsmn_engine.Stream(model)
        self.thresholds = [model.thresholds[word] for word in self.keywords]
        self.hop_s = model.hop / model.sample_rate
        self.smoothing = model.smoothing
        self.model = [path]
        package = Path(bifsmn_engine.__file__).parent
        code = package.rglob("*.py")  # beside it, the shipped model
        self.library = [Path(library._name), *code]

    def reset(self) -> None:
        """Begins another stream."""
        self.stream.reset()

    def take(self, chunk: NDArray[np.int16]) -> NDArray[np.float32]:
        """Returns the posteriors that have become ready."""
        return self.stream.push(chunk)[:, self.columns]


def main() -> None:
    """Scores or weighs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    options = keyword_runner.options_of(parser)
    load = partial(Engine, options.model, options.words)
    keyword_runner.main(load, options)


if __name__ == "__main__":
    main()
