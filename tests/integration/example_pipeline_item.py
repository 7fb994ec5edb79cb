#!/usr/bin/env/python3
"""Keywords as dynamic items of a data set: computed where they are asked for.

Here, to keep of a collection what says a certain word.
"""

import speechbrain_bifsmn  # noqa: F401  first: it mends torchaudio

# isort: split
import numpy as np
import soundfile
import speechbrain as sb

from bifsmn_engine.audio.files import read_audio
from bifsmn_engine.loading import load_model


def add_keywords(dataset, model):
    """Adds ``sig``, ``posteriors`` and ``keyword`` to clips with ``wav``.

    Arguments
    ---------
    dataset : DynamicItemDataset
        Whose rows have ``wav``, a path.
    model : bifsmn_engine.Model | TorchModel
        As from ``load_model``.
    """

    @sb.utils.data_pipeline.takes("wav")
    @sb.utils.data_pipeline.provides("sig")
    def audio(wav):
        return read_audio(wav, model.sample_rate)

    @sb.utils.data_pipeline.takes("sig")
    @sb.utils.data_pipeline.provides("posteriors", "keyword")
    def keyword(sig):
        posteriors = model.classify(sig[: model.window_samples])
        yield posteriors
        yield model.labels[posteriors.argmax()]

    dataset.add_dynamic_item(audio)
    dataset.add_dynamic_item(keyword)


def main(folder):
    """Returns the paths in a folder, by the keyword that is said in them."""
    rows = {path.name: {"wav": str(path)} for path in sorted(folder.iterdir())}
    dataset = sb.dataio.dataset.DynamicItemDataset(rows)
    add_keywords(dataset, load_model())
    dataset.set_output_keys(["id", "keyword"])
    found = {}
    for row in dataset:
        found.setdefault(row["keyword"], []).append(row["id"])
    return found


def test_each_clip_gets_its_keyword(tmp_path):
    """That which the model gives it by itself."""
    random, model = np.random.default_rng(0), load_model()
    expected = {}
    for k in range(6):
        clip = 0.3**k * random.standard_normal(16000).astype(np.float32)
        name = f"{k}.wav"
        soundfile.write(tmp_path / name, clip, 16000, subtype="FLOAT")
        label = model.labels[model.classify(clip).argmax()]
        expected.setdefault(label, []).append(name)
    assert main(tmp_path) == expected
