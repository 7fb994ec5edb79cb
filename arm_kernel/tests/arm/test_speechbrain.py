"""SpeechBrain on 64-bit ARM classifies audio with the engine's NEON kernels.

One process, as torch takes long to start in an emulator. A user's folder with a
`hyperparams.yaml`, a model file and labels is loaded by SpeechBrain's own
`EncoderClassifier`, of which nothing here is changed.
"""

import tempfile
from pathlib import Path

import numpy as np
import soundfile
import torch
from speechbrain.dataio.encoder import CategoricalEncoder
from speechbrain.inference.classifiers import EncoderClassifier

import bifsmn_engine
from bifsmn_engine.format import model_file
from speechbrain_bifsmn.deploy.folding import fold
from speechbrain_bifsmn.deploy.network import DeployedBiDFSMN
from speechbrain_bifsmn.deploy.writer import write_model
from speechbrain_bifsmn.lobes.features import LogMel
from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN

WORDS = ["yes", "no", "up", "down", "left", "right"]
MODEL = "embedding_model.ckpt"  # where a Pretrainer looks
HYPERPARAMS = """
compute_features: !new:speechbrain_bifsmn.lobes.features.LogMel
# The network scales its input itself: nothing is done here.
mean_var_norm: !new:speechbrain.nnet.containers.LengthsCapableSequential
    layer: !new:torch.nn.Identity
embedding_model: !new:speechbrain_bifsmn.deploy.native.NativeBiDFSMN
    backend: native
classifier: !new:torch.nn.LogSoftmax
    dim: -1
label_encoder: !new:speechbrain.dataio.encoder.CategoricalEncoder
modules:
    compute_features: !ref <compute_features>
    mean_var_norm: !ref <mean_var_norm>
    embedding_model: !ref <embedding_model>
    classifier: !ref <classifier>
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
        embedding_model: !ref <embedding_model>
        label_encoder: !ref <label_encoder>
"""


def clips(count, samples=16000):
    """Tones whose pitch and loudness wander, in noise: (count, samples)."""
    rng, t = np.random.default_rng(2), np.arange(samples) / samples
    audio = []
    for k in range(count):
        pitch = (150 + 90 * k) * (1 + 0.3 * np.sin(2 * np.pi * (k + 1) * t))
        tone = np.sin(2 * np.pi * np.cumsum(pitch) / samples)
        tone *= np.sin(np.pi * t) ** (k % 3)
        audio.append(0.3 * tone + rng.normal(0, 0.01, samples))
    return torch.tensor(np.array(audio), dtype=torch.float32)


def write_folder(folder, audio):
    """Writes what a user downloads: a random network, its YAML, its labels."""
    torch.manual_seed(3)
    network = BiDFSMN(classes=len(WORDS)).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
        # Answers that depend on the clip.
        network.classifier.bias -= network(LogMel()(audio)).mean(0)
    write_model(fold(network, WORDS), folder / MODEL)
    encoder = CategoricalEncoder()
    encoder.update_from_iterable(WORDS, sequence_input=False)
    encoder.save(folder / "label_encoder.ckpt")
    (folder / "hyperparams.yaml").write_text(HYPERPARAMS)


def test_classifies_with_neon(folder, audio):
    """The stock interface runs NEON, and answers as the torch twin does."""
    spotter = EncoderClassifier.from_hparams(folder, savedir=folder / "saved")
    lobe = spotter.mods.embedding_model
    assert lobe.backend == "native" and lobe.network.isa == "neon"
    twin = DeployedBiDFSMN(model_file.read(folder / MODEL))
    features = LogMel()(audio)
    answers = set()
    for thinning in lobe.thinnings:
        lobe.thinning = twin.thinning = thinning
        expected = twin(features)
        logits = spotter.encode_batch(audio)
        assert torch.equal(logits, expected), (logits - expected).abs().max()
        _, _, index, labels = spotter.classify_batch(audio)
        assert labels == [WORDS[k] for k in expected.argmax(1)]
        answers |= set(labels)
        print(f"thinning {thinning}: {' '.join(labels)}")
    assert len(answers) > 2, answers


def test_classifies_a_file(folder, audio):
    """From a file on disk to a word."""
    spotter = EncoderClassifier.from_hparams(folder, savedir=folder / "saved")
    soundfile.write(folder / "clip.wav", audio[1].numpy(), 16000, "FLOAT")
    _, _, _, from_file = spotter.classify_file(str(folder / "clip.wav"))
    _, _, _, from_batch = spotter.classify_batch(audio[1:2])
    assert from_file == from_batch


def test_front_ends_agree(folder, audio):
    """The engine's own features lead to the same words."""
    model = bifsmn_engine.Model.load(folder / MODEL)
    twin = DeployedBiDFSMN(model_file.read(folder / MODEL))
    posteriors = torch.tensor(np.stack([model.classify(c) for c in audio]))
    expected = twin(LogMel()(audio)).softmax(1)
    assert torch.equal(posteriors.argmax(1), expected.argmax(1))
    assert torch.allclose(posteriors, expected, atol=1e-3)


def main():
    """Runs every test."""
    torch.set_num_threads(1)
    audio = clips(8)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_folder(folder, audio)
        test_classifies_with_neon(folder, audio)
        test_classifies_a_file(folder, audio)
        test_front_ends_agree(folder, audio)
    print(f"torch {torch.__version__}: SpeechBrain's EncoderClassifier on NEON")


if __name__ == "__main__":
    main()
