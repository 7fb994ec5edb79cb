"""Accuracy of torch and engine on a test set, and where the two differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from speechbrain_bifsmn.evaluation.clips import Clip, ClipSet
from speechbrain_bifsmn.evaluation.metrics import ClassificationStats
from speechbrain_bifsmn.evaluation.systems import System


def evaluate(
    systems: Sequence[System],
    test_set: ClipSet,
    each_batch: Callable[[list[Clip]], object] | None = None,
) -> dict[str, Any]:
    """Classifies every test clip with every system at every thinning.

    Arguments
    ---------
    systems : sequence of System
        One model file on each backend, as from ``systems_of``.
    test_set : ClipSet
        Test clips with the labels of that file.
    each_batch : callable, optional
        Called with every list of clips, so that other measurements need not
        read them again.

    Returns
    -------
    dict
        Plain data: ``accuracy`` and ``interval`` in percent by system and
        thinning; ``per_class`` and ``confusion`` (rows are true) by thinning,
        of the last system; ``test_clips``; ``disagreements``, the number of
        clips with a prediction mismatch between systems at any thinning, and
        ``disagreeing_clips``.
    """
    labels, thinnings = test_set.labels, systems[0].model.thinnings
    stats = {
        s.name: {d: ClassificationStats(labels) for d in thinnings}
        for s in systems
    }
    differing = []
    for clips in test_set.batches():
        decisions = _decide(systems, clips, labels, stats)
        differing += _differences(clips, decisions, labels)
        if each_batch:
            each_batch(clips)
    last = stats[systems[-1].name]
    return {
        "test_clips": last[thinnings[0]].total,
        "accuracy": _by_thinning(stats, lambda s: s.accuracy),
        "interval": _by_thinning(stats, lambda s: list(s.interval)),
        "disagreements": len({row["clip"] for row in differing}),
        "disagreeing_clips": differing,
        "per_class": {str(d): s.per_class() for d, s in last.items()},
        "confusion": {str(d): s.confusion.tolist() for d, s in last.items()},
    }


def _by_thinning(stats, value):
    return {
        name: {str(thinning): value(s) for thinning, s in by_thinning.items()}
        for name, by_thinning in stats.items()
    }


def _decide(systems, clips, labels, stats):
    """Counts decisions; returns {system: {thinning: indices [B]}}."""
    audio = np.stack([clip.audio for clip in clips])
    targets = torch.tensor([labels.index(clip.label) for clip in clips])
    decisions = {}
    for system in systems:
        posteriors = system.classify(audio)
        for thinning, rows in posteriors.items():
            stats[system.name][thinning].append(torch.from_numpy(rows), targets)
        decisions[system.name] = {d: p.argmax(1) for d, p in posteriors.items()}
    return decisions


def _differences(clips, decisions, labels):
    """Returns a row for each prediction mismatch: a clip and a thinning."""
    first, *others = decisions.values()
    rows = []
    for thinning, choice in first.items():
        for index in np.flatnonzero(
            np.any([choice != other[thinning] for other in others], axis=0)
        ):
            predictions = {
                name: labels[by_thinning[thinning][index]]
                for name, by_thinning in decisions.items()
            }
            clip = clips[index]
            row = {"clip": clip.name, "label": clip.label, "thinning": thinning}
            rows.append(row | predictions)
    return rows
