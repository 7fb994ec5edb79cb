"""Synthetic RIRs, and SpeechBrain's reverberation with them."""

import csv

import numpy as np
import pytest
import soundfile
import torch
from speechbrain.augment.time_domain import AddReverb, DropChunk

from speechbrain_bifsmn.dataio.augment import RandomApply
from speechbrain_bifsmn.dataio.rooms import impulse_response, make_rooms


def test_a_room_starts_with_the_direct_sound_and_dies_away():
    for seed in range(20):
        room = impulse_response(np.random.RandomState(seed))
        assert np.argmax(np.abs(room)) == 0
        assert 0.1 * 16000 <= len(room) + 1 and len(room) <= 0.6 * 16000
        half = len(room) // 2
        late, early = np.square(room[half:]).sum(), np.square(room[:half]).sum()
        assert 0 < late < early / 100


def test_the_same_seed_makes_the_same_rooms(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_rooms(tmp_path / name / "rooms.csv", rooms=3, seed=seed)
    first, again, other = (
        (tmp_path / name / "room001.wav").read_bytes() for name in "abc"
    )
    assert first == again != other
    with open(tmp_path / "a" / "rooms.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        assert soundfile.info(row["wav"]).duration == pytest.approx(
            float(row["duration"]), abs=1e-4
        )
    assert len(rows) == 3


def test_what_is_there_is_kept(tmp_path):
    (tmp_path / "rooms.csv").write_text("mine")
    make_rooms(tmp_path / "rooms.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["rooms.csv"]


@pytest.fixture
def reverberate(tmp_path):
    make_rooms(tmp_path / "rooms.csv", rooms=5)
    return RandomApply([AddReverb(str(tmp_path / "rooms.csv"))], [1.0])


def test_reverberation_echoes(reverberate):
    clip = torch.zeros(2, 16000)
    clip[:, 4000:4100] = 1
    echo = reverberate(clip)[:, 4200:]
    assert echo.abs().max() > 1e-4
    assert torch.equal(reverberate.eval()(clip), clip)


def test_an_epoch_repeats_wherever_the_last_one_stopped(reverberate):
    def epoch(batches):
        torch.manual_seed(3)
        reverberate.restart()
        return [reverberate(clip) for _ in range(batches)]

    clip = torch.randn(2, 16000, generator=torch.Generator().manual_seed(0))
    first, _ = epoch(3), epoch(2)
    for a, b in zip(first, epoch(3), strict=True):
        assert torch.equal(a, b)


def test_probabilities():
    clip = torch.rand(4, 16000) + 1
    dropped = RandomApply([DropChunk()], [1.0])(clip)
    assert (dropped == 0).any(dim=1).all()
    assert torch.equal(RandomApply([DropChunk()], [0.0])(clip), clip)
    torch.manual_seed(0)
    sometimes = RandomApply([DropChunk()], [0.5])
    changed = sum((sometimes(clip) == 0).any().item() for _ in range(40))
    assert 10 < changed < 30
    with pytest.raises(ValueError, match="expected 1, one for each"):
        RandomApply([DropChunk()], [0.5, 0.5])
