"""Plots are whole PNG files."""

import subprocess
import sys

import numpy as np
import pytest

from speechbrain_bifsmn.evaluation.plots import (
    plot_confusion,
    plot_curves,
    plot_operating_points,
)


def row(stage, epoch, thinnings):
    accuracy = {str(thinning): 50.0 + epoch for thinning in range(thinnings)}
    losses = {"loss": 1.0 / epoch, "valid_loss": 1.1 / epoch}
    return {"stage": stage, "epoch": epoch, "accuracy": accuracy} | losses


def is_png(path):
    return path.read_bytes().startswith(b"\x89PNG") and not list(
        path.parent.glob("*.tmp")
    )


@pytest.mark.parametrize("classes", [2, 35])
def test_confusion(tmp_path, classes):
    path = tmp_path / "new" / "confusion.png"
    confusion = np.random.randint(0, 50, (classes, classes))
    confusion[0] = 0  # a class without clips
    plot_confusion(confusion, [f"word{c}" for c in range(classes)], path, "T")
    assert is_png(path)


@pytest.mark.parametrize("teacher_epochs", [0, 1, 5])
def test_curves(tmp_path, teacher_epochs):
    rows = [row("teacher", e + 1, 1) for e in range(teacher_epochs)]
    rows += [row("student", e + 1, 3) for e in range(4)]
    plot_curves(rows, tmp_path / "curves.png")
    assert is_png(tmp_path / "curves.png")


def test_curves_of_nothing(tmp_path):
    plot_curves([], tmp_path / "curves.png")
    assert is_png(tmp_path / "curves.png")


def test_without_matplotlib(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="pip install"):
        plot_curves([], tmp_path / "curves.png")


def test_confusion_with_other_labels(tmp_path):
    with pytest.raises(ValueError, match="for each of 3 labels, got"):
        plot_confusion(np.eye(2), ["yes", "no", "up"], tmp_path / "c.png")
    assert not list(tmp_path.iterdir())


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    def fail(self, path, **_):
        path.write_bytes(b"half")
        raise OSError("disk full")

    path = tmp_path / "curves.png"
    path.write_bytes(b"old")
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", fail)
    with pytest.raises(OSError, match="disk full"):
        plot_curves([row("student", 1, 1)], path)
    assert path.read_bytes() == b"old"


def test_only_drawing_imports_matplotlib(tmp_path):
    """And never pyplot, which has global state and looks for a window."""
    code = (
        "import sys\n"
        "from speechbrain_bifsmn.evaluation.plots import plot_confusion\n"
        "assert 'matplotlib' not in sys.modules\n"
        "plot_confusion([[1]], ['yes'], sys.argv[1])\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    path = tmp_path / "confusion.png"
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    assert is_png(path)


@pytest.mark.parametrize("alarms", [[0, 0, 0], [900, 8, 1]])
def test_operating_points(tmp_path, alarms):
    point = {
        "clips": 40,
        "per_hour": alarms[1] / 2,
        "per_hour_interval": (0.0, 9.0),
        "rejects_percent": 0.0,
        "rejects_interval": (0.0, 8.8),
    }
    curve = {
        "false_alarms": alarms,
        "false_rejects": [0, 0, 40],
        "hours": 2.0,
        "clips": 40,
        "point": point,
    }
    path = tmp_path / "det.png"
    plot_operating_points({"thinning 1": curve, "2": curve}, path, "T")
    assert is_png(path)
