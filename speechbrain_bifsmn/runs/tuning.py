"""The operating point of a run's model file, chosen when training ends."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from bifsmn_engine.printable import printable
from speechbrain_bifsmn.operating_points import report
from speechbrain_bifsmn.operating_points.tune import tune, write_tuned
from speechbrain_bifsmn.runs.output import OWNER


def tune_student(
    folder: str | Path, corpus: str | Path, false_alarms_per_hour: float
) -> None:
    """Chooses thresholds and smoothing of ``model.bifsmn``, unless it has been.

    Validation clips choose, test clips confirm; ``tune.json`` and its plots are
    written beside the model file. Where no thresholds have so few false alarms,
    the file stays as it is, and a line says so.

    Arguments
    ---------
    folder : str | Path
        The run's.
    corpus : str | Path
        Clips of keywords, and audio without: what the network was trained on.
    false_alarms_per_hour : float
        Of all keywords together, at thinning 1.
    """
    folder = Path(folder)
    if (folder / report.FILES[0]).exists():
        return
    path = folder / "model.bifsmn"
    try:
        found = tune(path, corpus, [corpus], false_alarms_per_hour)
    except ValueError as error:
        print(f"No operating point: {printable(error)}")
        return
    result = {"command": shlex.join(["python", *sys.argv]), **found}
    if warning := report.warning(result):
        print(f"Warning: {warning}")
    write_tuned(result, path, folder, OWNER)
    print(report.text(result))
