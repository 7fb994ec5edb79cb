"""pymicro-wakeword: its own features, and a network for each keyword.

    python -m benchmarks.backends.keyword_micro AUDIO --words WORD ...

Its score is the mean of some steps already, as its model's file asks for.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import keyword_runner
from benchmarks.harness.keyword_runner import Shipped, by_keyword, known

STEP_S = 0.01  # of its features


class Micro(Shipped):
    """The models that the package ships."""

    def __init__(self, words: list[str]):
        import micro_features_cpp
        import pymicro_features
        import pymicro_wakeword

        shipped = by_keyword(pymicro_wakeword.Model)
        self.keywords = known(words, shipped, "the models it ships")
        make = pymicro_wakeword.MicroWakeWord.from_builtin
        self.models = [make(shipped[word]) for word in self.keywords]
        self.features = pymicro_wakeword.MicroWakeWordFeatures()
        self.thresholds = [m.probability_cutoff for m in self.models]
        self.stride, self.steps = self.models[0].stride, 0  # the same in all
        self.hop_s = self.stride * STEP_S
        self.model = [Path(m.tflite_model) for m in self.models]
        package = Path(pymicro_wakeword.__file__).parent
        self.library = [
            *(path for path in package.iterdir() if path.name != "models"),
            Path(pymicro_features.__file__).parent,
            Path(micro_features_cpp.__file__),
        ]

    def reset(self) -> None:
        """Begins another stream."""
        self.steps = 0
        super().reset()

    def take(self, chunk: NDArray[np.int16]) -> list[list[float]]:
        """Returns the scores that have become ready."""
        rows = []
        for frame in self.features.process_streaming(chunk.tobytes()):
            row = [m.process_streaming_prob(frame) for m in self.models]
            self.steps += 1
            if self.steps % self.stride == 0:  # the network has run
                rows.append(row)
        return rows


def main() -> None:
    """Scores or weighs."""
    parser = argparse.ArgumentParser(description=__doc__)
    options = keyword_runner.options_of(parser)
    keyword_runner.main(partial(Micro, options.words), options)


if __name__ == "__main__":
    main()
