"""The choice of thresholds, from posteriors that are made up."""

import numpy as np
import pytest

from speechbrain_bifsmn.operating_points.choose import (
    BORNE,
    Posteriors,
    Setting,
    choose,
)

SETTING = Setting(["yes", "unknown"], 0.032, 0.5)
RATE = 100.0  # of false alarms per hour: two minutes are needed to tell it
CLIPS = 1 / (1 + np.exp(-np.linspace(1, 6, 40)))  # the scores of each


def stream(peaks, windows):
    """Posteriors that rise to one of the peaks every second."""
    yes = np.full(windows, 0.01, np.float32)
    yes[15::31] = np.resize(peaks, len(yes[15::31]))
    return np.stack([yes, 1 - yes], 1)


def chosen(minutes, peaks):
    windows = round(60 * minutes / SETTING.hop_s)
    clips = [(0, stream([score], 31)) for score in CLIPS]
    parts = Posteriors(clips, {"radio": stream(peaks, windows)}, [])
    found = choose(SETTING, {1: {"choose": parts}}, [1], RATE, "choose")
    return found["thresholds"]["yes"], found["thinnings"]["1"]


@pytest.mark.parametrize(
    ("minutes", "missed"), [(1.0, 2), (4.0, 0)], ids=["short", "long"]
)
def test_short_audio_raises_thresholds_as_far_as_clips_bear(minutes, missed):
    """What a minute did not have, another one may."""
    threshold, figures = chosen(minutes, np.linspace(0.1, 0.3, 20))
    assert figures["false_rejects"] == missed
    assert threshold > 0.3 and figures["false_alarms"] == 0


def test_they_stay_where_more_clips_are_missed_already():
    threshold, figures = chosen(1.0, np.linspace(0.5, 0.9, 20))
    assert figures["false_rejects"] > BORNE * len(CLIPS)
    assert figures["false_alarms"] == 0 and threshold > 0.9
