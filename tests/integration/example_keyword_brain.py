#!/usr/bin/env/python3
"""A BiDFSMN lobe in a YAML file and a Brain of one's own.

All thinnings are trained at once; the error is that of the shallowest.
"""

from pathlib import Path

import speechbrain_bifsmn  # noqa: F401  first: it mends torchaudio

# isort: split
import melodies
import speechbrain as sb
from hyperpyyaml import load_hyperpyyaml

HPARAMS = Path(__file__).with_suffix(".yaml")


class WordBrain(sb.Brain):
    """Learns which word is said."""

    def compute_forward(self, batch, stage):
        """Returns the outputs of each thinning."""
        wavs, lengths = batch.to(self.device).sig
        features = self.modules.features(wavs)
        model = self.modules.model
        return model(features, lengths, thinnings=model.thinnings)

    def compute_objectives(self, outputs, batch, stage):
        """Returns the loss; counts errors."""
        labels = batch.label.data.squeeze(-1)
        loss, _ = self.hparams.objective(outputs, labels)
        if stage != sb.Stage.TRAIN:
            posteriors = outputs[-1].logits.log_softmax(-1).unsqueeze(1)
            self.errors.append(batch.id, posteriors, labels.unsqueeze(1))
        return loss

    def on_stage_start(self, stage, epoch=None):
        """Starts counting."""
        self.errors = self.hparams.error_stats()

    def on_stage_end(self, stage, loss, epoch=None):
        """Keeps what was counted."""
        if stage == sb.Stage.TRAIN:
            self.train_loss = loss
        else:
            self.valid_error = self.errors.summarize("average")


def dataset(hparams, takes):
    """Returns clips as a data set; a real one reads files here."""

    @sb.utils.data_pipeline.takes("word", "take")
    @sb.utils.data_pipeline.provides("sig")
    def audio(word, take):
        return melodies.say(word, take)

    @sb.utils.data_pipeline.takes("word")
    @sb.utils.data_pipeline.provides("label")
    def label(word):
        return hparams["label_encoder"].encode_sequence_torch([word])

    return sb.dataio.dataset.DynamicItemDataset(
        melodies.clips(hparams["words"], takes),
        [audio, label],
        ["id", "sig", "label"],
    )


def main(device="cpu"):
    """Trains; returns the Brain."""
    with open(HPARAMS, encoding="utf-8") as file:
        hparams = load_hyperpyyaml(file)
    encoder, words = hparams["label_encoder"], hparams["words"]
    encoder.update_from_iterable(words, sequence_input=False)
    encoder.expect_len(len(words))
    brain = WordBrain(
        hparams["modules"],
        hparams["opt_class"],
        hparams,
        run_opts={"device": device, "noprogressbar": True},
    )
    loader = {"batch_size": hparams["batch_size"]}
    brain.fit(
        hparams["epoch_counter"],
        dataset(hparams, range(24)),
        dataset(hparams, range(100, 110)),
        train_loader_kwargs={**loader, "shuffle": True},
        valid_loader_kwargs=loader,
    )
    return brain


def test_it_learns():
    """Words that nobody has said before are told apart."""
    brain = main()
    assert brain.train_loss < 0.7
    assert brain.valid_error < 0.2


if __name__ == "__main__":
    main()
