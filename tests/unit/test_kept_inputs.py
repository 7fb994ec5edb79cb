"""What a large teacher hears once is what epochs then learn from."""

import pytest
import torch
from speechbrain import Stage

from speechbrain_bifsmn.core import KeywordBrain
from speechbrain_bifsmn.dataio.augment import KeywordAugment, RandomApply
from speechbrain_bifsmn.dataio.kept_inputs import (
    CopySampler,
    KeptDataset,
    KeptInputs,
)
from speechbrain_bifsmn.dataio.silence import RandomSilence
from speechbrain_bifsmn.lobes.features import LogMel
from speechbrain_bifsmn.lobes.models.dfsmn import DFSMN
from speechbrain_bifsmn.soft_targets import keep_inputs

CLIPS, CLASSES = 5, 3
LOADER = {"batch_size": 2}


class Clips(torch.utils.data.Dataset):
    """Noise, each clip as loud as its number."""

    def __init__(self):
        generator = torch.Generator().manual_seed(0)
        noise = torch.randn(CLIPS, 16000, generator=generator)
        self.wav = noise * torch.arange(1, CLIPS + 1)[:, None] / 100

    def __len__(self):
        return CLIPS

    def __getitem__(self, index):
        return {"sig": self.wav[index], "target": index % CLASSES}


class Batch:
    """What SpeechBrain's batches have that is used here."""

    def __init__(self, clips):
        self.sig = type(
            "", (), {"data": torch.stack([c["sig"] for c in clips])}
        )
        self.target = torch.tensor([c["target"] for c in clips])

    def to(self, device):
        return self


@pytest.fixture
def trainer():
    torch.manual_seed(0)
    features = LogMel()
    modules = {
        "model": DFSMN(classes=CLASSES),
        "features": features,
        "silence": RandomSilence(),
        "augment": KeywordAugment(probability=1.0),
        "wav_augment": RandomApply([], []),
        "feature_augment": RandomApply([], []),
    }
    hparams = {
        "seed": 1,
        "thinnings": [1],
        "labels": list("abc"),
        "averaged_share": 0.0,
    }
    options = {"device": "cpu", "noprogressbar": True}
    brain = KeywordBrain(modules, None, hparams, options)
    brain.teacher = DFSMN(classes=CLASSES).eval()
    brain.teacher_features = features
    return brain


def kept(brain, folder, stage=Stage.TRAIN, copies=2, **options):
    loader = {**LOADER, "collate_fn": Batch, **options}
    return keep_inputs(brain, stage, Clips(), folder, copies, loader).kept


def test_copies_are_augmented_and_heard_by_the_teacher(trainer, tmp_path):
    found = kept(trainer, tmp_path)
    assert len(found.target) == 2 * CLIPS
    first, second = found.features.split(CLIPS)
    assert not torch.equal(first, second)
    again = trainer.teacher(found.features.float(), thinnings=[1])[0].logits
    # What is kept is rounded to half precision.
    torch.testing.assert_close(
        found.logits.float(), again, atol=0.05, rtol=0.05
    )


def test_validation_clips_stay_as_they_are(trainer, tmp_path):
    found = kept(trainer, tmp_path, Stage.VALID, copies=1)
    expected = trainer.modules.features(Clips().wav)
    torch.testing.assert_close(
        found.features.float(), expected, atol=0.05, rtol=0
    )
    assert found.target.tolist() == [0, 1, 2, 0, 1]


def test_a_copy_depends_on_its_number_alone(trainer, tmp_path):
    both = kept(trainer, tmp_path / "a")
    torch.manual_seed(99)
    kept(trainer, tmp_path / "b", copies=1)
    again = kept(trainer, tmp_path / "b")
    for ours, theirs in zip(both, again, strict=True):
        assert torch.equal(ours, theirs)


def test_what_is_kept_is_not_heard_again(trainer, tmp_path, monkeypatch):
    first = kept(trainer, tmp_path)
    monkeypatch.setattr(trainer, "keep", None)
    again = kept(trainer, tmp_path)
    assert torch.equal(first.logits, again.logits)
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "train_0.safetensors",
        "train_1.safetensors",
    ]


def test_the_brain_learns_from_what_is_kept(trainer, tmp_path):
    """As from the clips themselves, but for the rounding."""
    found = kept(trainer, tmp_path, Stage.VALID, copies=1)
    trainer.modules.eval()
    clips = Batch([Clips()[index] for index in range(CLIPS)])
    with torch.no_grad():
        (ours,), our_teacher = trainer.compute_forward(found, Stage.VALID)
        (theirs,), teacher = trainer.compute_forward(clips, Stage.VALID)
    for one, other in ((ours, theirs), (our_teacher, teacher)):
        torch.testing.assert_close(
            one.logits, other.logits, atol=0.05, rtol=0.05
        )


def test_debugging_takes_a_few_batches(trainer, tmp_path):
    trainer.debug = True
    assert len(kept(trainer, tmp_path, copies=1).target) == 2 * 2


def test_hearing_needs_a_teacher(trainer, tmp_path):
    trainer.teacher = None
    with pytest.raises(ValueError, match="teacher: expected one"):
        kept(trainer, tmp_path)
    assert not any(tmp_path.iterdir())


def test_epochs_take_the_copies_in_turn():
    sampler = CopySampler(clips=4, copies=3, seed=1)
    orders = []
    for epoch in range(6):
        sampler.set_epoch(epoch)
        orders.append(list(sampler))
    assert [sorted(order)[0] for order in orders] == [0, 4, 8] * 2
    assert all(sorted(o) == [*range(min(o), min(o) + 4)] for o in orders)
    assert orders[0] != orders[3]  # another order of the same copy
    assert len(sampler) == 4


def test_batches_are_taken_whole():
    clips = KeptInputs(torch.rand(4, 2, 2), torch.arange(4), torch.eye(4))
    batch = KeptDataset(clips).__getitems__([3, 1])
    assert batch.target.tolist() == [3, 1]
    assert torch.equal(batch.features, clips.features[[3, 1]])
