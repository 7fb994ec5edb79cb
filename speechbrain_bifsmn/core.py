"""The Brain that trains thinnable keyword networks."""

from __future__ import annotations

import random
import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import speechbrain as sb
import torch
import torch.distributed as dist
from speechbrain.dataio.batch import PaddedBatch
from speechbrain.utils.distributed import run_on_main
from torch.nn.parallel import DistributedDataParallel

from bifsmn_engine.labels import SILENCE
from speechbrain_bifsmn.dataio.kept_inputs import KeptInputs
from speechbrain_bifsmn.evaluation.metrics import ClassificationStats
from speechbrain_bifsmn.nnet.averaging import (
    AveragedWeights,
    estimate_statistics,
)
from speechbrain_bifsmn.nnet.network_output import NetworkOutput
from speechbrain_bifsmn.runs.weights import save_weights

SEEDED = ("teacher", "student", "copies")
STATISTICS_BATCHES = 32  # that normalisations' statistics are estimated from


class KeywordBrain(sb.Brain):
    """Trains one stage: the teacher, or the student by distillation from it.

    What is validated, saved and tested has averaged weights.
    """

    # Set for the student; frozen, hence not in self.modules.
    teacher: torch.nn.Module | None = None
    teacher_features: torch.nn.Module | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        share = self.hparams.averaged_share
        self.network = self.modules.model  # many processes wrap that one
        self.averaged = AveragedWeights(self.network, share)
        self.heard: deque[torch.Tensor] = deque(maxlen=STATISTICS_BATCHES)
        if self.checkpointer is not None:
            self.checkpointer.add_recoverable("averaged", self.averaged)

    def compute_forward(
        self, batch: PaddedBatch | KeptInputs, stage: sb.Stage
    ) -> tuple[list[NetworkOutput], NetworkOutput | None]:
        """Returns the network's output at each thinning, and the teacher's."""
        batch = batch.to(self.device)
        wav = teacher = None
        if isinstance(batch, KeptInputs):
            features, teacher = batch.features, NetworkOutput(batch.logits, [])
        else:
            wav, features = self._listen(batch)
        features = self.modules.feature_augment(features)
        if stage == sb.Stage.TRAIN:
            self.heard.append(features.detach())
            outputs = self._run(self.modules.model, features)
        else:
            outputs = self._run(self.averaged, features)
        if teacher is None:
            teacher = self._teach(wav, features)
        return outputs, teacher

    def _run(self, model, features):
        return model(features, thinnings=self.hparams.thinnings)

    @torch.no_grad()
    def keep(self, batch: PaddedBatch) -> KeptInputs:
        """Returns what the network hears of a batch, and the teacher says.

        Features are not augmented yet.
        """
        batch = batch.to(self.device)
        wav, features = self._listen(batch)
        teacher = self._teach(wav, features)
        if teacher is None:
            raise ValueError("teacher: expected one to hear with, found None")
        target = torch.as_tensor(batch.target)
        kept = KeptInputs(features, target, teacher.logits)
        return KeptInputs(*(x.cpu() for x in kept))

    @torch.no_grad()
    def _teach(self, wav, features):
        """Returns the teacher's output, if there is a teacher."""
        if self.teacher is None or self.teacher_features is None:
            return None
        if self.teacher_features is not self.modules.features:
            features = self.teacher_features(wav)
        return self.teacher(features, thinnings=[1])[0]

    def _listen(self, batch):
        """Returns the augmented waveforms, and their features."""
        wav = self.modules.wav_augment(self._augmented(batch))
        return wav, self.modules.features(wav)

    def _augmented(self, batch):
        """Returns the clips, silence drawn anew, each augmented by itself."""
        labels, wav = self.hparams.labels, batch.sig.data
        if SILENCE in labels:
            silent = batch.target == labels.index(SILENCE)
            wav = self.modules.silence(wav, silent)
        return self.modules.augment(wav)

    def compute_objectives(
        self,
        predictions: tuple[list[NetworkOutput], NetworkOutput | None],
        batch: PaddedBatch | KeptInputs,
        stage: sb.Stage,
    ) -> torch.Tensor:
        """Returns the loss; outside training, counts right predictions."""
        outputs, teacher = predictions
        loss, _ = self.hparams.objective(outputs, batch.target, teacher)
        if stage != sb.Stage.TRAIN:
            for stats, output in zip(self.stats, outputs, strict=True):
                stats.append(output.logits, batch.target)
        return loss

    def on_fit_batch_start(
        self, batch: PaddedBatch | KeptInputs, should_step: bool
    ) -> None:
        """Sets the learning rate, which depends on the step alone."""
        rate = self.hparams.schedule(
            self.optimizer_step, self.hparams.total_steps
        )
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def on_fit_batch_end(
        self,
        batch: PaddedBatch | KeptInputs,
        outputs: Any,
        loss: torch.Tensor,
        should_step: bool,
    ) -> None:
        """Moves the averaged weights on."""
        if should_step:
            self.averaged.update_parameters(self.network)

    def on_stage_start(self, stage: sb.Stage, epoch: int | None = None) -> None:
        """Seeds a training epoch, so that a resumed run repeats it exactly."""
        self.started = time.monotonic()
        if stage != sb.Stage.TRAIN or epoch is None:
            labels = self.hparams.labels
            self.stats = [ClassificationStats(labels) for _ in self.thinnings]
            return
        self.seed(epoch, self.hparams.stage)

    def seed(self, number: int, name: str) -> None:
        """Seeds all that is random in an epoch, or a copy, of a stage."""
        rank = dist.get_rank() if dist.is_initialized() else 0
        key = [self.hparams.seed, SEEDED.index(name), number, rank]
        seed, other = map(int, np.random.SeedSequence(key).generate_state(2))
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        self.modules.augment.seed(seed)
        self.modules.silence.seed(other)
        self.modules.wav_augment.restart()

    @property
    def thinnings(self) -> list[int]:
        """The thinnings that are trained."""
        return self.hparams.thinnings

    def accuracies(self) -> dict[str, float]:
        """Returns the accuracy of the last pass in percent, by thinning."""
        pairs = zip(self.thinnings, self.stats, strict=True)
        return {str(thinning): stats.accuracy for thinning, stats in pairs}

    def on_stage_end(
        self, stage: sb.Stage, stage_loss: float, epoch: int | None = None
    ) -> None:
        """Logs and saves an epoch after its validation."""
        seconds = time.monotonic() - self.started
        if stage == sb.Stage.TRAIN:
            self._estimate_statistics()
            self.train_row = {"loss": stage_loss, "seconds": seconds}
            return
        accuracy = self.accuracies()
        if stage == sb.Stage.TEST:
            return
        row = {
            "stage": self.hparams.stage,
            "epoch": epoch,
            "loss": self.train_row["loss"],
            "valid_loss": stage_loss,
            "accuracy": accuracy,
            "seconds": self.train_row["seconds"] + seconds,
        }
        self.hparams.history.rows.append(row)
        self.hparams.train_logger.log_stats(
            stats_meta={
                "stage": self.hparams.stage,
                "epoch": epoch,
                "lr": self.optimizer.param_groups[0]["lr"],
                "seconds": round(row["seconds"], 1),
            },
            train_stats={"loss": row["loss"]},
            valid_stats={"loss": stage_loss}
            | {
                f"accuracy, thinning {d}": value
                for d, value in accuracy.items()
            },
        )
        rows = self.hparams.history.rows
        means = [self._mean(row["accuracy"]) for row in rows]
        if means[-1] == max(means):
            self.save_best()
        self.checkpointer.save_and_keep_only(
            meta={"accuracy": means[-1], "epoch": epoch},
            max_keys=["accuracy"],
        )

    def _mean(self, accuracy):
        """Averages over thinnings, with the weights of the training loss."""
        weights = [1 / thinning for thinning in self.thinnings]
        return float(np.average(list(accuracy.values()), weights=weights))

    def save_best(self) -> None:
        """Writes the weights as ``<stage>.safetensors`` in the save folder."""
        hparams = self.hparams
        path = Path(hparams.save_folder) / f"{hparams.stage}.safetensors"
        run_on_main(save_weights, args=[self.averaged.module, path])

    def take_average(self) -> None:
        """Gives the network that learned the averaged weights."""
        self.network.load_state_dict(self.averaged.module.state_dict())

    def _estimate_statistics(self):
        """Estimates BatchNorm's statistics for the averaged weights."""
        model = self.averaged.module
        estimate_statistics(model, lambda x: self._run(model, x), self.heard)
        self.heard.clear()
        _average_over_ranks(model)

    def _wrap_distributed(self):
        """Leaves BatchNorm alone on a CPU, where SyncBatchNorm cannot run."""
        if not self.distributed_launch or self.device_type != "cpu":
            super()._wrap_distributed()
            return
        self.modules["model"] = DistributedDataParallel(self.modules["model"])


def _average_over_ranks(network):
    """Makes BatchNorm's running statistics those of all ranks."""
    if dist.is_initialized():
        for statistic in network.buffers():
            if statistic.is_floating_point():
                dist.all_reduce(statistic)
                statistic /= dist.get_world_size()
