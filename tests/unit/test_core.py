"""Parts of the Brain that a short recipe run does not show."""

from types import SimpleNamespace

import torch
from speechbrain import Stage
from torch import nn

from speechbrain_bifsmn.core import KeywordBrain
from speechbrain_bifsmn.dataio.augment import KeywordAugment, RandomApply
from speechbrain_bifsmn.dataio.silence import RandomSilence
from speechbrain_bifsmn.nnet.schedulers import WarmupCosine


def brain(**hparams):
    hparams = {
        "seed": 1,
        "stage": "student",
        "thinnings": [0],
        "labels": ["a", "b"],
        "schedule": WarmupCosine(0.1),
        "total_steps": 10,
        "averaged_share": 0.5,
    } | hparams
    modules = {
        "model": nn.Linear(2, 2),
        "silence": RandomSilence(),
        "augment": KeywordAugment(),
        "wav_augment": RandomApply([], []),
    }
    return KeywordBrain(
        modules,
        lambda p: torch.optim.SGD(p, lr=1.0),
        hparams,
        {"device": "cpu"},
    )


def draws(trainer, epoch):
    trainer.on_stage_start(Stage.TRAIN, epoch)
    own = torch.rand(3, generator=trainer.modules.augment.generator)
    return torch.cat([torch.rand(3), own])


def test_an_epoch_is_seeded_by_itself():
    trainer = brain()
    first, second = draws(trainer, 1), draws(trainer, 2)
    assert not torch.equal(first, second)
    torch.manual_seed(99)
    assert torch.equal(draws(brain(), 2), second)
    assert not torch.equal(draws(brain(seed=2), 2), second)
    assert not torch.equal(draws(brain(stage="teacher"), 2), second)


def test_the_rate_follows_the_schedule():
    trainer = brain()
    trainer.init_optimizers()
    for step in (0, 5, 10):
        trainer.optimizer_step = step
        trainer.on_fit_batch_start(None, should_step=True)
        rate = trainer.optimizer.param_groups[0]["lr"]
        assert rate == WarmupCosine(0.1)(step, 10)


def test_the_teacher_is_no_module_of_the_brain():
    """SpeechBrain would set it to training mode, and it would drift."""
    trainer = brain()
    trainer.teacher = nn.BatchNorm1d(2).eval()
    trainer.modules.train()
    assert not trainer.teacher.training


def test_validation_hears_the_averaged_weights():
    trainer = brain()
    outputs = []
    trainer._run = lambda model, features: outputs.append(model) or [model]
    trainer.modules["features"] = trainer.modules["feature_augment"] = (
        nn.Identity()
    )
    trainer._listen = lambda batch: (None, torch.zeros(1, 2))
    batch = SimpleNamespace(to=lambda device: batch)
    trainer.compute_forward(batch, Stage.TRAIN)
    assert len(trainer.heard) == 1
    trainer.compute_forward(batch, Stage.VALID)
    assert len(trainer.heard) == 1
    assert outputs == [trainer.modules.model, trainer.averaged]


def test_averages_move_with_each_step():
    trainer = brain(averaged_share=0.0)
    start = trainer.averaged.module.weight.clone()
    with torch.no_grad():
        trainer.modules.model.weight += 1
    trainer.on_fit_batch_end(None, None, None, should_step=False)
    assert torch.equal(trainer.averaged.module.weight, start)
    trainer.on_fit_batch_end(None, None, None, should_step=True)
    assert torch.equal(trainer.averaged.module.weight, start + 1)


def test_in_the_end_the_network_has_the_average():
    trainer = brain(averaged_share=1.0)
    for _ in range(2):
        with torch.no_grad():
            trainer.modules.model.weight += 1
        trainer.on_fit_batch_end(None, None, None, should_step=True)
    mean = trainer.averaged.module.weight.clone()
    assert not torch.equal(trainer.modules.model.weight, mean)
    trainer.take_average()
    assert torch.equal(trainer.modules.model.weight, mean)
