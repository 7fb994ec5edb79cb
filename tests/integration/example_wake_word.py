#!/usr/bin/env/python3
"""A wake word in front of a SpeechBrain model.

The 1-bit network listens all the time; the large model is asked about what
follows a keyword, and about nothing else.
"""

import speechbrain_bifsmn  # noqa: F401  first: it mends torchaudio

# isort: split
import numpy as np
import torch
from speechbrain.dataio.encoder import CategoricalEncoder
from speechbrain.inference.classifiers import EncoderClassifier
from speechbrain.lobes.features import Fbank
from speechbrain.lobes.models.Xvector import Classifier, Xvector
from speechbrain.processing.features import InputNormalization

from bifsmn_engine.audio.files import read_audio
from speechbrain_bifsmn.inference import KeywordSpotter


class WakeWordGate:
    """Asks a model about the seconds that follow a keyword.

    Arguments
    ---------
    spotter : KeywordSpotter
        That listens.
    answer : callable
        Of audio (1, samples): ``classify_batch`` of a classifier, or
        ``transcribe_batch`` of a recogniser with its lengths.
    seconds : float
        How much it is asked about.
    **options
        Of ``make_streaming_context``.
    """

    def __init__(self, spotter, answer, seconds=2.0, **options):
        self.spotter, self.answer = spotter, answer
        self.context = spotter.make_streaming_context(early=True, **options)
        self.wanted = int(seconds * spotter.model.sample_rate)
        self.heard = None  # since the keyword; None: waiting for one

    def push(self, chunk):
        """Takes audio; returns the model's answers that have become due."""
        if self.heard is None:
            if self.spotter.detect_chunk(self.context, chunk):
                self.heard = chunk[:0]
            return []
        self.heard = np.append(self.heard, chunk)
        if len(self.heard) < self.wanted:
            return []
        audio = torch.from_numpy(self.heard[: self.wanted])
        self.heard = None
        self.context.reset()
        return [self.answer(audio[None])]


def random_classifier():
    """A tiny untrained language identifier, in place of a pretrained one."""
    encoder = CategoricalEncoder()
    encoder.update_from_iterable(["en", "de"], sequence_input=False)
    encoder.expect_len(2)
    features = Fbank(n_mels=24)
    embedding = Xvector("cpu", tdnn_blocks=2, tdnn_channels=[16, 16],
                        tdnn_kernel_sizes=[3, 1], tdnn_dilations=[1, 1],
                        lin_neurons=16, in_channels=24)  # fmt: skip
    modules = {
        "compute_features": features,
        "mean_var_norm": InputNormalization(norm_type="sentence"),
        "embedding_model": embedding,
        "classifier": Classifier([None, None, 16], lin_blocks=0,
                                 out_neurons=2),
    }  # fmt: skip
    return EncoderClassifier(modules, {"label_encoder": encoder})


def main(path, spotter, classifier, seconds=1.0, **options):
    """Returns the answers to a file, in chunks of 20 ms."""
    gate = WakeWordGate(spotter, classifier.classify_batch, seconds, **options)
    audio = read_audio(path)
    answers = []
    for chunk in np.array_split(audio, max(1, len(audio) // 320)):
        answers += gate.push(chunk)
    return answers


def test_only_what_follows_a_keyword_is_asked_about(scene, tmp_path):
    """None if no keyword is certain enough; some if any sound will do."""
    import soundfile

    path = tmp_path / "scene.wav"
    soundfile.write(path, scene, 16000)
    spotter, classifier = KeywordSpotter.from_hparams(), random_classifier()
    assert main(path, spotter, classifier, gate_db=0) == []
    answers = main(path, spotter, classifier, threshold=0.0)
    assert len(answers) >= 2  # of 8 s, at most 4: 1 s to hear, 1 s to answer
    for posteriors, _, _, words in answers:
        assert posteriors.shape == (1, 2) and words[0] in ("en", "de")
