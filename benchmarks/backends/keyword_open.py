"""pyopen-wakeword: a speech embedding, and a network for each keyword.

python -m benchmarks.backends.keyword_open AUDIO --words WORD ...
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import keyword_runner
from benchmarks.harness.keyword_runner import RATE, Shipped, by_keyword, known

STEP = 1280  # samples, for which there is one score
THRESHOLD = 0.5  # of its command line, for every model


class Open(Shipped):
    """The models that the package ships."""

    hop_s = STEP / RATE

    def __init__(self, words: list[str]):
        import pyopen_wakeword

        shipped = by_keyword(pyopen_wakeword.Model)
        self.keywords = known(words, shipped, "the models it ships")
        make = pyopen_wakeword.OpenWakeWord.from_builtin
        self.models = [make(shipped[word]) for word in self.keywords]
        self.features = pyopen_wakeword.OpenWakeWordFeatures.from_builtin()
        self.thresholds = [THRESHOLD] * len(self.models)
        self.samples = 0
        self.model = [
            *(model.tflite_model for model in self.models),
            *(self.features.mel_path, self.features.emb_path),
        ]
        package = Path(pyopen_wakeword.__file__).parent
        self.library = [
            path for path in package.iterdir() if path.name != "models"
        ]

    def reset(self) -> None:
        """Begins another stream."""
        self.samples = 0
        super().reset()

    def take(self, chunk: NDArray[np.int16]) -> list[tuple[float, ...]]:
        """Returns the scores that have become ready."""
        rows = [
            row
            for embeddings in self.features.process_streaming(chunk.tobytes())
            for row in zip(
                *(m.process_streaming(embeddings) for m in self.models),
                strict=True,
            )
        ]
        before = self.samples // STEP
        self.samples += len(chunk)
        # It puts seconds of zeros before a stream; their scores are left out.
        steps = self.samples // STEP - before
        return rows[max(0, len(rows) - steps) :]


def main() -> None:
    """Scores or weighs."""
    parser = argparse.ArgumentParser(description=__doc__)
    options = keyword_runner.options_of(parser)
    keyword_runner.main(partial(Open, options.words), options)


if __name__ == "__main__":
    main()
