"""A user's recordings: splits, names, conversion, damage."""

import os
import tracemalloc
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechbrain_bifsmn.dataio import recordings
from speechbrain_bifsmn.dataio.recordings import (
    Recording,
    convert_recordings,
    find_recordings,
)
from speechbrain_bifsmn.dataio.words import canonical_name

# Speakers whose hash puts them in each split.
TRAIN, VALIDATION, TEST = "bob", "lea", "kim"


def record(path, seconds=0.5, rate=16000, channels=1, **form):
    path.parent.mkdir(parents=True, exist_ok=True)
    wav = np.random.uniform(-0.5, 0.5, (int(seconds * rate), channels))
    soundfile.write(path, wav, rate, **form)
    return path


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()


def splits(folder):
    found = find_recordings(folder, ())
    return {f"{clip.word}/{clip.path.name}": clip.split for clip in found}


def convert(path, word="yes"):
    target = path.parent / "corpus" / f"{path.stem}.wav"
    clip = Recording("train", word, path.stem, 0, path)
    convert_recordings([clip], [target])
    return target


def test_a_hash_of_the_name_decides_the_split(tmp_path):
    names = [f"{n}/speaker{n}_nohash_0.wav" for n in range(30)]
    names += [f"yes/{who}.mp3" for who in (TRAIN, VALIDATION, TEST)]
    touch(tmp_path, *names)
    found = splits(tmp_path)
    expected = ["train", "validation", "test"]
    assert [found[name] for name in names[-3:]] == expected
    assert len({found[name] for name in names[:-3]}) == 3
    for name in names[::2]:
        (tmp_path / name).unlink()
    assert splits(tmp_path) == {name: found[name] for name in names[1::2]}


def test_a_speaker_is_in_the_same_split_everywhere(tmp_path):
    touch(tmp_path, *(f"{n}/{TEST}_nohash_{n}.flac" for n in range(9)))
    assert set(splits(tmp_path).values()) == {"test"}


def test_the_shares_of_the_splits_are_as_said():
    shares = Counter(recordings._split(f"speaker {n}") for n in range(4000))
    assert abs(shares["validation"] / 4000 - 0.15) < 0.02
    assert abs(shares["test"] / 4000 - 0.15) < 0.02


def test_the_order_of_files_does_not_matter(tmp_path, monkeypatch):
    touch(tmp_path, "b/x_nohash_1.wav", "b/x_nohash_0.wav", "a/y.wav")
    before, iterdir = find_recordings(tmp_path, ()), Path.iterdir
    for step in (1, -1):
        monkeypatch.setattr(
            Path, "iterdir", lambda p, step=step: sorted(iterdir(p))[::step]
        )
        assert find_recordings(tmp_path, ()) == before


def test_official_lists_decide(tmp_path):
    names = ["Yes/a.wav", "Yes/b.wav", f"no/{TEST}.wav"]
    touch(tmp_path, *names, f"_background_noise_/{TEST}.wav")
    by_hash = splits(tmp_path)
    assert by_hash[names[2]] == "test"
    assert by_hash[f"_background_noise_/{TEST}.wav"] == "train"
    (tmp_path / "validation_list.txt").write_text("./Yes/a.wav\n")
    with pytest.raises(FileNotFoundError, match="found no testing_list.txt"):
        splits(tmp_path)
    (tmp_path / "testing_list.txt").write_text("Yes/b.wav\r\n")
    assert [splits(tmp_path)[name] for name in names] == [
        *("validation", "test", "train"),
    ]


def test_folders_are_words_whatever_their_case_and_spaces(tmp_path):
    touch(tmp_path, "Hey_Robot/a.wav", "hey-robot/b.WAV", "Goat/c.Flac")
    touch(tmp_path, "_old/a.wav", ".git/a.wav", "Goat/.d.wav", "Goat/d.txt")
    touch(tmp_path, "loose.wav", "gru\u0308n/e.ogg")
    words = ["hey robot", "gr\u00fcn"]
    found = {(c.word, c.speaker) for c in find_recordings(tmp_path, words)}
    assert found == {
        *(("hey robot", "a"), ("hey robot", "b"), ("Goat", "c")),
        ("gr\u00fcn", "e"),
    }
    assert (
        canonical_name(" Hey__Robot ")
        == canonical_name("hey-ROBOT")
        == "hey robot"
    )


def test_a_long_recording_is_cut_to_its_loudest_second(tmp_path):
    rate, start, length = 44100, 3.2, 0.3
    time = np.arange(5 * rate) / rate
    wav = np.zeros((len(time), 2))
    burst = (time >= start) & (time < start + length)
    wav[burst, 1] = np.sin(2 * np.pi * 440 * time[burst])
    soundfile.write(tmp_path / "long.flac", wav, rate)
    target = convert(tmp_path / "long.flac")
    info = soundfile.info(target)
    assert (info.samplerate, info.channels, info.subtype, info.frames) == (
        *(16000, 1, "PCM_16", 16000),
    )
    clip = soundfile.read(target)[0]
    loud = np.flatnonzero(np.abs(clip) > 0.2)
    assert abs((loud[-1] - loud[0]) / 16000 - length) < 0.01
    assert 0.3 < (loud[-1] + loud[0]) / 2 / 16000 < 0.7  # not at an edge
    assert np.abs(np.fft.rfft(clip)).argmax() == pytest.approx(440, abs=3)
    assert np.abs(clip).max() == pytest.approx(0.5, abs=0.05)  # mixed


def test_of_two_bursts_the_louder_one_is_kept(tmp_path):
    wav = np.zeros(5 * 16000)
    wav[16000:20000], wav[60000:64000] = 0.5, 0.6
    soundfile.write(tmp_path / "two.wav", wav, 16000)
    clip = soundfile.read(convert(tmp_path / "two.wav"))[0]
    assert np.count_nonzero(clip > 0.55) == 4000
    assert not np.any((clip > 0.3) & (clip < 0.55))


def test_a_clip_that_fits_is_copied(tmp_path):
    """A link would pass changes on to the recording."""
    path = record(tmp_path / "fits.wav", 1)
    before, target = path.read_bytes(), convert(path)
    assert target.read_bytes() == before == path.read_bytes()
    assert not target.samefile(path)


@pytest.mark.parametrize(
    "form",
    [
        {"rate": 8000},
        {"channels": 2},
        {"subtype": "PCM_24"},
        {"seconds": 1.001},
    ],
)
def test_any_other_clip_is_written_anew(tmp_path, form):
    path = record(tmp_path / "other.wav", **form)
    before, target = path.read_bytes(), convert(path)
    info = soundfile.info(target)
    assert (info.samplerate, info.channels, info.subtype) == (
        *(16000, 1, "PCM_16"),
    )
    assert info.frames == (16000 if "seconds" in form else 8000)
    assert not target.samefile(path) and path.read_bytes() == before


@pytest.mark.parametrize("length", [0, 0x7FFFF000, 0x80000000, 0xFFFFFFFF])
def test_a_wav_that_was_streamed_is_written_anew(tmp_path, length):
    path = record(tmp_path / "piped.wav", 1)
    content = bytearray(path.read_bytes())
    content[4:8] = content[40:44] = length.to_bytes(4, "little")
    path.write_bytes(content)
    data = convert(path).read_bytes()
    assert int.from_bytes(data[4:8], "little") + 8 == len(data) == 32044


def test_a_wav_whose_header_promises_more_is_damaged(tmp_path):
    path = record(tmp_path / "cut.wav", 1)
    path.write_bytes(path.read_bytes()[:20044])
    with pytest.raises(ValueError, match="cut.wav: expected as much audio as"):
        convert(path)


def hours(path, minutes, rate=16000):
    """Silence in a file that is thousands of times as small."""
    with soundfile.SoundFile(path, "w", rate, 1, compression_level=0.5) as file:
        for _ in range(minutes):
            file.write(np.zeros(60 * rate, np.int16))
    return path


def test_hours_are_no_clip(tmp_path):
    path = hours(tmp_path / "hours.flac", 11)
    assert path.stat().st_size < 500_000
    with pytest.raises(ValueError, match="hours.flac: expected up to 600 s"):
        convert(path)


def test_long_background_noise_is_streamed(tmp_path, monkeypatch):
    path = hours(tmp_path / "hours.flac", 6, 8000)
    convert(record(tmp_path / "short.flac"), "_background_noise_")  # imports
    tracemalloc.start()
    target = convert(path, "_background_noise_")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert soundfile.info(target).frames == 6 * 60 * 16000
    assert peak < 2_000_000
    monkeypatch.setattr(recordings, "MAX_CLIP_SAMPLES", 60 * 16000)
    with pytest.raises(ValueError, match="noise of up to an hour, found more"):
        convert(path, "_background_noise_")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes there")
def test_a_pipe_and_a_folder_are_damage(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nowhere")
    clips = [
        Recording("train", "yes", name, 0, tmp_path / f"{name}.wav")
        for name in ("pipe", "folder", "gone")
    ]
    targets = [tmp_path / "corpus" / clip.path.name for clip in clips]
    with pytest.raises(ValueError, match="found 3 damaged") as caught:
        convert_recordings(clips, targets)
    for words in ("a device or a pipe", "found a folder", "found none"):
        assert words in str(caught.value)


def test_a_full_disk_is_not_called_damage(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recordings, "write_wav", fail)
    with pytest.raises(OSError, match="No space left"):
        convert(record(tmp_path / "other.wav", rate=8000))


def test_background_noises_last_ten_seconds_or_more(tmp_path):
    short = record(tmp_path / "short.ogg", 4, 44100, 2)
    wav, rate = soundfile.read(convert(short, "_background_noise_"))
    assert (rate, wav.shape) == (16000, (160000,))
    np.testing.assert_array_equal(wav[64000:128000], wav[:64000])
    long = record(tmp_path / "long.wav", 11)
    kept = convert(long, "_background_noise_")
    assert kept.read_bytes() == long.read_bytes()


def test_all_damage_is_named_at_once(tmp_path):
    record(tmp_path / "yes" / "good.wav")
    (tmp_path / "yes" / "text.wav").write_text("no sound")
    record(tmp_path / "yes" / "empty.wav", 0)
    nan = np.full(100, np.nan, np.float32)
    soundfile.write(tmp_path / "yes" / "nan.wav", nan, 16000, subtype="FLOAT")
    touch(tmp_path, "cow/cut.mp3")
    found = find_recordings(tmp_path, ())
    targets = [tmp_path / "corpus" / f"{n}.wav" for n in range(len(found))]
    with pytest.raises(ValueError, match="found 4 damaged") as caught:
        convert_recordings(found, targets)
    text = str(caught.value)
    for name in ("yes/text.wav", "yes/empty.wav", "yes/nan.wav", "cow/cut.mp3"):
        assert text.count(str(tmp_path / name)) == 1
    assert "good" not in text


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="found none at .*gone"):
        find_recordings(tmp_path / "gone", ())
