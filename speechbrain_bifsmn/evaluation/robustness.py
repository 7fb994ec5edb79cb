"""Accuracy on distorted clips, and how it differs among speakers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from bifsmn_engine.labels import SILENCE
from speechbrain_bifsmn.evaluation.clips import Clip
from speechbrain_bifsmn.evaluation.distortions import SEED, conditions
from speechbrain_bifsmn.evaluation.intervals import wilson_interval
from speechbrain_bifsmn.evaluation.systems import System

MIN_CLIPS = 5  # of a speaker who is counted
QUANTILES = (0, 10, 25, 50, 75, 90, 100)
LOW = 80  # percent; below it, a speaker is badly served


class Robustness:
    """Counts right predictions by condition, speaker and thinning.

    With each condition it counts the decisions that are those of clean clips.

    Silence is left out: it has no speed and no SNR.

    Arguments
    ---------
    system : System
        A model file on one backend.
    noise : sequence of numpy.ndarray
        Background recordings [samples], each longer than a clip.
    """

    def __init__(
        self, system: System, noise: Sequence[NDArray[np.floating]]
    ) -> None:
        self.system, self.conditions = system, conditions(noise)
        thinnings = system.model.thinnings
        self.right = [dict.fromkeys(thinnings, 0) for _ in self.conditions]
        self.same = [dict.fromkeys(thinnings, 0) for _ in self.conditions]
        self.clips = 0
        self.by_speaker: dict[int, Counter[str]] = {
            thinning: Counter() for thinning in thinnings
        }
        self.of_speaker: Counter[str] = Counter()

    def add(self, clips: Sequence[Clip]) -> None:
        """Classifies clips under every condition, and counts."""
        clips = [clip for clip in clips if clip.label != SILENCE]
        if not clips:
            return
        self.clips += len(clips)
        self.of_speaker.update(clip.speaker for clip in clips)
        labels = [self.system.model.labels.index(clip.label) for clip in clips]
        clean: dict[int, NDArray[np.integer]] = {}  # the first condition
        for condition, right, same in zip(
            self.conditions, self.right, self.same, strict=True
        ):
            audio = [condition(clip.audio, clip.name) for clip in clips]
            posteriors = self.system.classify(np.stack(audio))
            for thinning, rows in posteriors.items():
                found = rows.argmax(1)
                correct = found == labels
                right[thinning] += int(correct.sum())
                agreed = found == clean.setdefault(thinning, found)
                same[thinning] += int(agreed.sum())
                if condition.name == "clean":
                    hits = zip(clips, correct, strict=True)
                    self.by_speaker[thinning].update(
                        clip.speaker for clip, hit in hits if hit
                    )

    def results(self) -> dict[str, Any]:
        """Returns ``robustness`` of ``evaluation.json``: plain data."""
        return {
            "clips": self.clips,
            "seed": SEED,
            "system": self.system.name,
            "conditions": [
                {
                    "name": condition.name,
                    "level": condition.level,
                    "unit": condition.unit,
                    **self._shares(right),
                    "same_decision": self._percent(same),
                }
                for condition, right, same in zip(
                    self.conditions, self.right, self.same, strict=True
                )
            ],
        }

    def _shares(self, right):
        return {
            "accuracy": self._percent(right),
            "interval": {
                str(d): list(wilson_interval(n, self.clips))
                for d, n in right.items()
            },
        }

    def _percent(self, counts):
        return {str(d): 100 * n / self.clips for d, n in counts.items()}

    def speakers(self) -> dict[str, Any]:
        """Returns ``speakers`` of ``evaluation.json``: plain data.

        Accuracy of each speaker with at least ``MIN_CLIPS`` clips: quantiles
        in percent, and the share of speakers below ``LOW`` percent, beside the
        share that chance alone would put there if all were served alike.
        """
        clips = {who: n for who, n in self.of_speaker.items() if n >= MIN_CLIPS}
        found: dict[str, Any] = {
            "min_clips": MIN_CLIPS,
            "speakers": len(clips),
            "all_speakers": len(self.of_speaker),
            "clips": sum(clips.values()),
        }
        if not clips:
            return found
        quantiles, below, by_chance = {}, {}, {}
        total = np.array(list(clips.values()))
        for thinning, right in self.by_speaker.items():
            correct = np.array([right[who] for who in clips])
            shares = 100 * correct / total
            values = np.percentile(shares, QUANTILES)
            names = map(str, QUANTILES)
            quantiles[str(thinning)] = dict(
                zip(names, values.tolist(), strict=True)
            )
            below[str(thinning)] = float(100 * np.mean(shares < LOW))
            enough = np.ceil(LOW / 100 * total - 1e-9)
            few = binom.cdf(enough - 1, total, correct.sum() / total.sum())
            by_chance[str(thinning)] = float(100 * few.mean())
        return found | {
            "quantiles": quantiles,
            f"below_{LOW}": below,
            f"below_{LOW}_by_chance": by_chance,
        }
