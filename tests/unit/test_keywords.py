"""Keyword clips: reading, fitting, data sets and their errors."""

import csv

import numpy as np
import pytest
import soundfile
import torch

from speechbrain_bifsmn.dataio import keywords
from speechbrain_bifsmn.dataio.keywords import (
    fit_length,
    keyword_dataset,
    load_noise,
    read_clip,
)

COLUMNS = "ID duration wav start stop gain label speaker".split()


def manifest(folder, *rows):
    path = folder / "manifest.csv"
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    return path


def test_a_data_set_gives_clips_of_one_length(tmp_path):
    ramp = np.linspace(-0.5, 0.5, 20000, dtype=np.float32)
    soundfile.write(tmp_path / "ramp.wav", ramp, 16000, subtype="FLOAT")
    path = manifest(
        tmp_path,
        ["a", 1, "$data_root/ramp.wav", 0, 16000, 1.0, "yes", "x"],
        ["b", 1, "$data_root/ramp.wav", 1000, 2000, 0.5, "no", "x"],
    )
    data = keyword_dataset(path, tmp_path, ["no", "yes"])
    first, second = data[0], data[1]
    assert (first["id"], first["target"], second["target"]) == ("a", 1, 0)
    assert first["sig"].shape == second["sig"].shape == (16000,)
    assert np.array_equal(first["sig"], ramp[:16000])
    assert np.array_equal(second["sig"][:1000], ramp[1000:2000] * 0.5)
    assert not second["sig"][1000:].any()


def test_noise_is_read_by_its_stretch(tmp_path):
    soundfile.write(tmp_path / "n.wav", np.ones(50) / 2, 16000)
    row = ["n", 1, "$data_root/n.wav", 10, 40, 1, "silence", ""]
    noise = load_noise(manifest(tmp_path, row), tmp_path)
    assert [len(recording) for recording in noise] == [30]


def test_a_label_of_another_task(tmp_path):
    row = ["n", 1, "$data_root/n.wav", 10, 40, 1, "hello", ""]
    with pytest.raises(ValueError, match="labels among yes, no, found hello"):
        keyword_dataset(manifest(tmp_path, row), tmp_path, ["yes", "no"])


@pytest.mark.parametrize("samples", [0, 1, 4, 5, 9])
def test_fit_length(samples):
    assert fit_length(torch.arange(5.0), samples).shape == (samples,)


@pytest.mark.parametrize(
    ("audio", "rate", "message"),
    [
        (np.zeros((10, 2)), 16000, "2 channel"),
        (np.zeros(10), 8000, "found 8000 Hz"),
        (np.zeros(0), 16000, "found no samples"),
        (np.array([0.0, np.nan]), 16000, "NaN or infinity"),
        (np.array([0.0, -np.inf]), 16000, "NaN or infinity"),
    ],
)
def test_bad_audio(tmp_path, audio, rate, message):
    path = tmp_path / "clip.wav"
    soundfile.write(path, audio, rate, subtype="FLOAT")
    with pytest.raises(ValueError, match=message) as error:
        read_clip(str(path))
    assert str(path) in str(error.value)


@pytest.mark.parametrize("content", [b"", b"not audio", b"RIFF\0\0\0\0WAVE"])
def test_what_is_not_audio(tmp_path, content):
    path = tmp_path / "clip.wav"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="clip.wav: expected "):
        read_clip(str(path))


def test_a_file_that_is_gone(tmp_path):
    with pytest.raises(FileNotFoundError, match="gone.wav: expected an audio"):
        read_clip(str(tmp_path / "gone.wav"))


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg"])
def test_a_stretch_of_any_kind(tmp_path, kind):
    wav = np.sin(np.arange(50000) / 9).astype(np.float32) / 2
    path = tmp_path / f"a.{kind}"
    soundfile.write(path, wav, 16000)
    whole = soundfile.read(path, dtype="float32")[0]
    for start, stop in ((0, 1), (17, 40000), (30000, None), (0, 10**6)):
        found = read_clip(str(path), start, stop).numpy()
        np.testing.assert_array_equal(found, whole[start:stop])
    with pytest.raises(ValueError, match="expected samples from 50000 on"):
        read_clip(str(path), 50000, 50001)


def test_no_more_is_read_than_fits_into_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(keywords, "MAX_CLIP_SAMPLES", 16000)
    path = str(tmp_path / "a.flac")
    soundfile.write(path, np.zeros(16001), 16000)
    assert len(read_clip(path, 1)) == len(read_clip(path, 0, 16000)) == 16000
    for stop in (None, 16001, 10**12):
        with pytest.raises(ValueError, match="up to 16000 samples to be read"):
            read_clip(path, 0, stop)
