"""Distortions do what they say, and are the same each time."""

import numpy as np
import pytest

from speechbrain_bifsmn.evaluation import distortions
from speechbrain_bifsmn.evaluation.clips import Clip
from speechbrain_bifsmn.evaluation.distortions import conditions
from speechbrain_bifsmn.evaluation.robustness import MIN_CLIPS, Robustness
from speechbrain_bifsmn.evaluation.systems import System

RATE = 16000
TIME = np.arange(RATE) / RATE


def recordings():
    random = np.random.default_rng(1)
    return [random.standard_normal(RATE * 2).astype("f4") for _ in range(3)]


def tone(hertz, level=0.3):
    return (level * np.sin(2 * np.pi * hertz * TIME)).astype(np.float32)


ALL = conditions(recordings())


@pytest.mark.parametrize("condition", ALL, ids=lambda c: f"{c.name}{c.level}")
def test_every_condition(condition):
    random = np.random.default_rng(0)
    clip = (0.3 * random.standard_normal(RATE)).astype(np.float32)
    before = clip.copy()
    first, again = condition(clip, "a.wav"), condition(clip, "a.wav")
    assert first.shape == clip.shape and first.dtype == np.float32
    assert np.isfinite(first).all()
    assert np.array_equal(first, again)
    assert np.array_equal(clip, before)
    assert np.array_equal(first, clip) == (condition.name == "clean")
    other = condition(clip, "b.wav")
    draws = condition.name in ("noise", "reverberation")
    assert np.array_equal(first, other) != draws


@pytest.mark.parametrize("condition", ALL, ids=lambda c: f"{c.name}{c.level}")
def test_digital_silence_stays_finite(condition):
    assert np.isfinite(condition(np.zeros(RATE, np.float32), "a.wav")).all()


def test_there_is_no_noise_without_recordings():
    names = [condition.name for condition in conditions([])]
    assert "noise" not in names and names[0] == "clean"


@pytest.mark.parametrize("level", [20, 0, -5])
def test_the_ratio_of_noise(level):
    condition = next(c for c in ALL if (c.name, c.level) == ("noise", level))
    clip = tone(440)
    noise = condition(clip, "a.wav") - clip
    ratio = np.mean(np.square(clip)) / np.mean(np.square(noise))
    assert 10 * np.log10(ratio) == pytest.approx(level, abs=0.01)


def test_all_ratios_have_the_same_noise():
    """Else a curve would say as much of draws as of ratios."""
    clip = tone(440)
    noises = [c(clip, "a.wav") - clip for c in ALL if c.name == "noise"]
    units = [noise / np.linalg.norm(noise) for noise in noises]
    assert all(np.allclose(units[0], unit, atol=1e-4) for unit in units)


def test_reverberation_keeps_the_power():
    clip = tone(440)
    wet = distortions.reverberate(clip, np.random.RandomState(0))
    assert np.mean(wet**2) == pytest.approx(np.mean(clip**2), rel=1e-3)


@pytest.mark.parametrize("level", [80, 120])
def test_speed_is_about_the_middle_and_changes_pitch(level):
    clip = tone(1000) * (abs(TIME - 0.5) < 0.1)
    played = distortions.change_speed(clip, None, level)
    heard = np.flatnonzero(abs(played) > 0.02)
    assert np.mean([heard[0], heard[-1]]) == pytest.approx(RATE / 2, abs=80)
    length = (heard[-1] - heard[0]) / RATE
    assert length == pytest.approx(0.2 * 100 / level, abs=0.02)
    peak = np.abs(np.fft.rfft(played)).argmax()  # in Hz
    assert peak == pytest.approx(10 * level, abs=5)


def test_gain_clips_and_rounds():
    loud = distortions.change_gain(tone(440, 0.9), None, 10)
    assert loud.max() == 32767 / 32768 and loud.min() == -1
    quiet = distortions.change_gain(tone(440, 0.001), None, -30)
    assert set(np.unique(quiet * 32768)) == {-1, 0, 1}


@pytest.mark.parametrize("level", [-200, 100])
def test_shift(level):
    clip = np.arange(RATE, dtype=np.float32) + 1
    moved = distortions.shift(clip, None, level)
    samples = level * 16
    assert moved[8000] == clip[8000 - samples]
    assert (moved == 0).sum() == abs(samples)


def test_bands():
    def kept(function, hertz):
        return np.std(function(tone(hertz), None)) / np.std(tone(hertz))

    assert kept(distortions.low_pass, 1000) == pytest.approx(1, abs=0.02)
    assert kept(distortions.low_pass, 6000) < 0.02
    assert kept(distortions.telephone, 1000) == pytest.approx(1, abs=0.05)
    assert kept(distortions.telephone, 60) < 0.02
    assert kept(distortions.telephone, 6000) < 0.02


def test_telephone_of_a_clip_at_full_scale():
    """Beyond full scale, libsndfile would look beyond its table."""
    square = np.sign(tone(700)).astype(np.float32)
    coded = distortions.telephone(square, None)
    assert np.abs(coded).max() < 2


class Energy:
    """A model that says "loud" of loud clips."""

    thinnings, labels = (1, 2), ["loud", "quiet", "silence"]
    thinning = 1

    def classify(self, clip):
        level = (
            0.12 if self.thinning == 1 else 9.0
        )  # thinning 2 finds all quiet
        return np.eye(3)[0 if np.std(clip) > level else 1]


def clips_of(speaker, right, wrong):
    loud, quiet = tone(440, 0.6), tone(440, 0.1)
    return [
        Clip(f"{speaker}/{k}", "loud", speaker, loud) for k in range(right)
    ] + [Clip(f"{speaker}/w{k}", "loud", speaker, quiet) for k in range(wrong)]


@pytest.fixture(scope="module")
def measured():
    robust = Robustness(System("engine", Energy()), recordings())
    robust.add(clips_of("ann", 5, 0))
    robust.add(clips_of("bob", 3, 2))
    robust.add(clips_of("eve", 1, 1))  # too few to count as a speaker
    robust.add([Clip("noise@0", "silence", "", tone(440))])
    return robust


def test_silence_is_left_out(measured):
    found = measured.results()
    assert found["clips"] == 12
    clean = found["conditions"][0]
    assert clean["name"] == "clean"
    assert clean["accuracy"] == {"1": 75.0, "2": 0.0}
    low, high = clean["interval"]["1"]
    assert low < 75 < high


def test_conditions_reach_the_model(measured):
    rows = {
        (row["name"], row["level"]): row["accuracy"]["1"]
        for row in measured.results()["conditions"]
    }
    assert rows["gain", -30] == 0  # all are quiet then
    assert rows["noise", 20] == 75
    assert rows["noise", -5] > 75  # noise alone makes quiet clips loud


def test_decisions_are_compared_with_those_on_clean_clips(measured):
    rows = {
        (row["name"], row["level"]): row["same_decision"]
        for row in measured.results()["conditions"]
    }
    assert rows["clean", ""] == {"1": 100.0, "2": 100.0}
    # All are quiet then, as the quiet quarter was before.
    assert rows["gain", -40] == {"1": 25.0, "2": 100.0}
    assert rows["shift", 150]["1"] == 100


def test_speakers(measured):
    found = measured.speakers()
    assert MIN_CLIPS == 5
    assert (found["speakers"], found["all_speakers"]) == (2, 3)
    assert found["clips"] == 10
    assert found["quantiles"]["1"]["0"] == 60
    assert found["quantiles"]["1"]["50"] == 80
    assert found["quantiles"]["1"]["100"] == 100
    assert found["below_80"] == {"1": 50.0, "2": 100.0}
    # Four of five right are enough: 1 - P(4 or 5 of 5 at 0.8).
    chance = 100 * (1 - (0.8**5 + 5 * 0.8**4 * 0.2))
    assert found["below_80_by_chance"]["1"] == pytest.approx(chance)
    assert found["below_80_by_chance"]["2"] == pytest.approx(100)


def test_no_speaker_with_enough_clips():
    robust = Robustness(System("engine", Energy()), [])
    robust.add(clips_of("eve", 1, 1))
    assert "quantiles" not in robust.speakers()
