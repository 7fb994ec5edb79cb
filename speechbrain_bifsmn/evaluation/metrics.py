"""Accuracy with its interval, and the confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from speechbrain_bifsmn.evaluation.intervals import wilson_interval


class ClassificationStats:
    """Counts right and wrong predictions.

    Arguments
    ---------
    labels : sequence of str
        In the order of the logits.

    Example
    -------
    >>> stats = ClassificationStats(["yes", "no"])
    >>> logits = torch.tensor([[2.0, 1.0], [3.0, 1.0]])
    >>> stats.append(logits, torch.tensor([0, 1]))
    >>> stats.accuracy, stats.total
    (50.0, 2)
    >>> stats.confusion.tolist()  # rows are true, columns predicted
    [[1, 0], [1, 0]]
    >>> stats.per_class()
    {'yes': 100.0, 'no': 0.0}
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = list(labels)
        size = len(self.labels)
        self.confusion = np.zeros((size, size), dtype=np.int64)

    def append(self, logits: torch.Tensor, targets: torch.Tensor) -> None:
        """Counts a batch.

        Arguments
        ---------
        logits : torch.Tensor
            (B, classes).
        targets : torch.Tensor
            (B,), indices of the right labels.
        """
        classes = len(self.labels)
        if logits.dim() != 2 or logits.size(1) != classes:
            raise ValueError(
                f"logits: expected (batch, {classes}), got "
                f"{tuple(logits.shape)}; labels and network must agree"
            )
        if not torch.isfinite(logits).all():
            raise ValueError(
                "logits: expected finite numbers, got NaN or infinity; the "
                "network has diverged, try a lower learning rate"
            )
        if targets.shape != logits.shape[:1]:
            raise ValueError(
                f"targets: expected ({len(logits)},), got "
                f"{tuple(targets.shape)}; give one index for each row of logits"
            )
        rows = targets.cpu().numpy()
        if rows.size and not 0 <= rows.min() <= rows.max() < classes:
            raise ValueError(
                f"targets: expected indices below {classes}, got "
                f"{rows.min()} to {rows.max()}; labels and data must agree"
            )
        columns = logits.argmax(1).cpu().numpy()
        np.add.at(self.confusion, (rows, columns), 1)

    @property
    def total(self) -> int:
        """Number of clips."""
        return int(self.confusion.sum())

    @property
    def correct(self) -> int:
        """Number of right predictions."""
        return int(self.confusion.trace())

    @property
    def accuracy(self) -> float:
        """Right predictions in percent."""
        if not self.total:
            raise ValueError(
                "accuracy: expected at least one clip, got none; append a batch"
            )
        return 100 * self.correct / self.total

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the accuracy, in percent."""
        return wilson_interval(self.correct, self.total)

    def per_class(self) -> dict[str, float]:
        """Returns the accuracy on the clips of each label.

        Returns
        -------
        dict of str to float
            In percent; a label without clips is left out.
        """
        rows = zip(self.labels, self.confusion, strict=True)
        return {
            label: float(100 * row[index] / row.sum())
            for index, (label, row) in enumerate(rows)
            if row.any()
        }
