"""Which recordings choose a threshold, and which confirm it."""

import numpy as np
import pytest
import soundfile

from speechbrain_bifsmn.operating_points.tuning_data import (
    PAUSE_S,
    AudioSegment,
    in_context,
    in_sequence,
    keyword_clips,
    negative_audio,
)

RATE = 16000


def record(path, seconds=0.1, rate=RATE, level=0.1):
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(len(path.name))
    wav = level * random.standard_normal(round(seconds * rate))
    soundfile.write(path, wav.astype(np.float32), rate)
    return path


def names(segments):
    return [f"{p.path.parent.name}/{p.path.name}" for p in segments]


@pytest.fixture
def corpus(tmp_path):
    """In Speech Commands' layout: two clips of each word in each split."""
    lists = {"validation_list.txt": "bc", "testing_list.txt": "de"}
    for word in ("yes", "no", "bed"):
        for speaker in "abcdef":
            record(tmp_path / word / f"{speaker}_nohash_0.wav")
    record(tmp_path / "_background_noise_/hum.wav", 20)
    for name, speakers in lists.items():
        clips = [
            f"{word}/{speaker}_nohash_0.wav\n"
            for word in ("yes", "no", "bed")
            for speaker in speakers
        ]
        (tmp_path / name).write_text("".join(clips))
    return tmp_path


def test_lists_decide(corpus):
    clips = keyword_clips(corpus, ["yes", "no"])
    found = {
        part: [(k, segment.path.name[0]) for k, segment in rows]
        for part, rows in clips.items()
    }
    assert found == {
        "choose": [(1, "b"), (1, "c"), (0, "b"), (0, "c")],
        "confirm": [(1, "d"), (1, "e"), (0, "d"), (0, "e")],
    }


def test_unseen_clips_are_shared_by_speaker(corpus):
    clips = keyword_clips(corpus, ["yes", "no"], unseen=True)
    speakers = [
        {segment.path.name[0] for _, segment in rows} for rows in clips.values()
    ]
    assert speakers[0] | speakers[1] == set("abcdef")
    assert not speakers[0] & speakers[1]
    assert len(speakers[0]) == 3
    assert sum(map(len, clips.values())) == 12


def test_folders_may_be_named_otherwise(tmp_path):
    for speaker in range(40):
        record(tmp_path / "Hey_Robot" / f"{speaker}.flac", rate=8000)
    clips = keyword_clips(tmp_path, ["hey robot"])
    assert all(k == 0 for rows in clips.values() for k, _ in rows)
    assert 0 < len(clips["choose"]) < 20


def test_no_clips(corpus):
    with pytest.raises(ValueError, match="clips of up in folders .* none in"):
        keyword_clips(corpus, ["up"])


def test_no_folder(corpus):
    with pytest.raises(FileNotFoundError, match="keywords: .* found none at"):
        keyword_clips(corpus / "nowhere", ["up"])


def test_other_words_and_noise_held_out_of_training(corpus):
    audio = negative_audio(corpus, ["yes", "no"])
    hum = corpus / "_background_noise_/hum.wav"
    for part, speakers, stretch in (
        ("choose", "bc", AudioSegment(hum, 16, 18)),
        ("confirm", "de", AudioSegment(hum, 18, 20)),
    ):
        noise, *words = audio[part]
        assert noise == stretch
        assert names(words) == [f"bed/{s}_nohash_0.wav" for s in speakers]


def test_halves_of_a_file(tmp_path):
    path = record(tmp_path / "radio.wav", 9)
    audio = negative_audio(path, ["yes"])
    assert audio == {
        "choose": [AudioSegment(path, 0, 4)],
        "confirm": [AudioSegment(path, 4)],
    }
    assert [segment.seconds for (segment,) in audio.values()] == [4, 5]
    heard = [
        np.concatenate(list(segment.chunks(RATE)))
        for (segment,) in audio.values()
    ]
    whole, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_array_equal(np.concatenate(heard), whole)


def test_halves_of_a_folder(tmp_path):
    for name in ("a/1.wav", "a/2.flac", "b/3.ogg", "yes/4.wav", "b/c/5.wav"):
        record(tmp_path / name)
    (tmp_path / "notes.txt").write_text("none of it")
    audio = negative_audio(tmp_path, ["yes"])
    assert names(audio["choose"]) == ["a/1.wav", "a/2.flac"]
    assert names(audio["confirm"]) == ["b/3.ogg", "c/5.wav"]


def test_a_folder_without_audio(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"wav, .*found none"):
        negative_audio(tmp_path, ["yes"])


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected an audio file"):
        negative_audio(tmp_path / "nothing.wav", ["yes"])


def test_a_clip_in_context(tmp_path):
    clip = AudioSegment(
        record(tmp_path / "clip.wav", 0.5, rate=8000, level=0.1)
    )
    audio = in_context(clip, RATE, 1.0)
    assert len(audio) == 2.5 * RATE
    again = in_context(clip, RATE, 1.0)
    np.testing.assert_array_equal(audio, again)
    for quiet in (audio[:RATE], audio[-RATE:]):
        assert 0.03 < quiet.std() < 0.1  # that of the quietest tenth


def test_the_context_of_silence_is_silent(tmp_path):
    clip = AudioSegment(record(tmp_path / "clip.wav", level=0))
    assert not in_context(clip, RATE, 1.0).any()


def test_a_sequence_has_pauses(tmp_path):
    segments = [
        AudioSegment(record(tmp_path / f"{n}.wav", seconds))
        for n, seconds in enumerate((1.5, 0.001, 3))
    ]
    chunks = list(in_sequence(segments, RATE))
    seconds = 1.5 + 0.001 + 3 + 3 * PAUSE_S
    assert sum(map(len, chunks)) == round(seconds * RATE)
    assert max(map(len, chunks)) <= RATE


def test_a_clip_of_hours_is_refused(tmp_path):
    clip = AudioSegment(record(tmp_path / "clip.flac", 61))
    with pytest.raises(
        ValueError, match="clip.flac: expected up to 60 s to be"
    ):
        in_context(clip, RATE, 1.0)


def test_halves_of_a_file_that_does_not_tell_its_length(tmp_path):
    """Joined ogg files: the decoder tells when it is through."""
    path, whole = record(tmp_path / "radio.ogg", 3), tmp_path / "joined.ogg"
    whole.write_bytes(path.read_bytes() * 3)
    audio = negative_audio(whole, ["yes"])
    assert audio == {
        "choose": [AudioSegment(whole, 0, 4)],
        "confirm": [AudioSegment(whole, 4)],
    }
    lengths = [
        sum(map(len, segment.chunks(RATE))) / RATE
        for (segment,) in audio.values()
    ]
    assert lengths == [4, 5]
    assert [segment.seconds for (segment,) in audio.values()] == [4, 5]
