"""Wake words by the Wyoming protocol: what is told, and when."""

import asyncio
import json

import numpy as np
import pytest
import soundfile
from wake_server import (
    CHUNK,
    OPTIONS,
    RATE,
    chunks,
    connect,
    detect,
    run,
    serving,
    sounds,
    warnings_of,
)
from wyoming.audio import AudioChunk
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong

from bifsmn_engine import __version__
from bifsmn_engine.cli import main
from bifsmn_engine.detection import keywords_of
from bifsmn_engine.format import model_file
from bifsmn_engine.pretrained import MODEL
from speechbrain_bifsmn.deploy.writer import write_model

SECONDS = 10


@pytest.fixture(scope="module")
def audio():
    return sounds(0, SECONDS)


@pytest.fixture
def spot(tmp_path, capsys):
    """What ``bifsmn spot`` finds in audio: [(keyword, its start in s)]."""

    def run(audio, rate=RATE):
        path = tmp_path / "sounds.wav"
        soundfile.write(path, audio, rate)
        options = (f"--{name}={value}" for name, value in OPTIONS.items())
        assert main(["spot", str(path), *options, "--format=json"]) == 0
        rows = map(json.loads, capsys.readouterr().out.splitlines())
        found = [(row["label"], row["start"]) for row in rows]
        assert len({label for label, _ in found}) > 2 and len(found) > 5
        return found

    return run


@pytest.fixture
def spotted(spot, audio):
    return spot(audio)


@pytest.fixture
def second(tmp_path):
    """A model whose keywords are others, in capitals."""
    content = model_file.read(MODEL)
    labels = [
        label.upper() if label in keywords_of(content.labels) else label
        for label in content.labels
    ]
    path = tmp_path / "second.bifsmn"
    write_model(content._replace(labels=labels, name="second"), path)
    return path


def told(found):
    """When each is told: at the chunk that completes its first window."""
    last = -(-SECONDS * RATE // CHUNK) - 1
    for label, start in found:
        end = round(start * RATE) + RATE
        chunk = min(-(-end // CHUNK) - 1, last)
        yield label, round(1000 * chunk * CHUNK / RATE)


def detections(parts, names=None, start_ms=None, paths=(MODEL,), **options):
    async def work():
        async with serving(paths, **options) as port, connect(port) as client:
            return await detect(client, parts, names, start_ms)

    return run(work())


def test_the_client_library_understands_the_models(second):
    async def work():
        async with serving([MODEL, second]) as port, connect(port) as client:
            await client.write_event(Describe().event())
            return Info.from_event(await client.read_event())

    info = run(work())
    (program,) = info.wake
    content = model_file.read(MODEL)
    assert program.version == __version__ and program.installed
    keywords = keywords_of(content.labels)
    names = [*keywords, *(word.upper() for word in keywords)]
    assert [model.name for model in program.models] == names
    for model in program.models:
        assert model.phrase == model.description == model.name
        assert model.installed and content.licence in model.attribution.name
    versions = {model.version for model in program.models}
    assert versions == {content.name, "second"}
    assert not info.asr and not info.tts and info.satellite is None


def test_detections_are_those_of_spot(audio, spotted):
    assert detections(chunks(audio)) == [*told(spotted)]


@pytest.mark.parametrize("size", [160, 999, 40000, SECONDS * RATE])
def test_chunks_of_any_length(audio, spotted, size):
    found = detections(chunks(audio, size))
    assert [label for label, _ in found] == [label for label, _ in spotted]
    for (_, at_ms), (_, due_ms) in zip(found, told(spotted), strict=True):
        assert at_ms <= due_ms + CHUNK / RATE * 1000
        assert due_ms <= at_ms + size / RATE * 1000


@pytest.mark.parametrize("start_ms", [None, 0, 123456])
def test_without_times_the_samples_are_counted(audio, spotted, start_ms):
    found = detections(chunks(audio, timed=False), start_ms=start_ms)
    assert found == [
        (label, at_ms + (start_ms or 0)) for label, at_ms in told(spotted)
    ]


def test_times_of_chunks_are_those_of_the_client(audio, spotted):
    late = [*chunks(audio)]
    for part in late:
        part.timestamp += 5000
    expected = [(label, at_ms + 5000) for label, at_ms in told(spotted)]
    assert detections(late, start_ms=7) == expected


def test_silence_ends_without_detections():
    silence = np.zeros(3 * RATE, np.int16)
    assert detections(chunks(silence)) == []


def test_names_choose_keywords(audio, spotted, caplog):
    label = spotted[0][0]
    expected = [each for each in told(spotted) if each[0] == label]
    assert detections(chunks(audio), names=[label]) == expected
    assert not warnings_of(caplog)
    # Those that no model has are ignored, and not taken for all.
    assert detections(chunks(audio), names=[label, "x\x1b"]) == expected
    assert detections(chunks(audio), names=["x\x1b"]) == []
    assert detections(chunks(audio), names=[]) == [*told(spotted)]
    messages = warnings_of(caplog)
    assert len(messages) == 2
    assert all(r"found others (x\x1b)" in message for message in messages)


def test_two_models_tell_of_theirs(audio, spotted, second):
    found = detections(chunks(audio), paths=[MODEL, second])
    first = [*told(spotted)]
    assert [each for each in found if each[0].islower()] == first
    second = [(label.upper(), at_ms) for label, at_ms in first]
    assert [each for each in found if each[0].isupper()] == second
    assert [at_ms for _, at_ms in found] == sorted(at_ms for _, at_ms in found)


def test_settings_are_those_of_streams(audio, spotted):
    assert len(detections(chunks(audio), threshold=0.9)) < len(spotted)
    assert detections(chunks(audio), gate_db=0.0) == []


@pytest.mark.parametrize(
    "convert",
    [
        lambda audio: np.stack([audio, audio], 1),
        lambda audio: audio.astype("<i4") << 16,
    ],
    ids=["stereo", "32 bits"],
)
def test_other_samples_are_converted(audio, spotted, convert):
    assert detections(chunks(convert(audio))) == [*told(spotted)]


@pytest.mark.parametrize("channels", [1, 2])
def test_other_rates_are_converted(audio, spot, channels):
    """As ``bifsmn spot`` does; that takes 6 ms of what comes next."""
    wide = np.repeat(audio, 3)
    if channels > 1:
        wide = np.stack([wide, wide // 2], 1)
    expected = spot(wide, 3 * RATE)
    found = detections(chunks(wide, 3 * CHUNK, 3 * RATE))
    assert [label for label, _ in found] == [label for label, _ in expected]
    for (_, at_ms), (_, due_ms) in zip(found, told(expected), strict=True):
        assert at_ms - due_ms in (0, 1000 * CHUNK / RATE)


def test_eight_bits_are_unsigned(audio):
    coarse = (audio >> 8).astype("<i2")
    unsigned = (coarse + 128).astype(np.uint8)
    expected = detections(chunks(coarse << 8))
    assert expected and detections(chunks(unsigned)) == expected


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rate": 123457}, "expected rate one of 8000, 11025, 12000"),
        ({"rate": "16000"}, "expected rate one of"),
        ({"rate": [16000]}, "expected rate one of"),
        ({"width": 3}, "expected width 1, 2 or 4 bytes, found 3"),
        ({"width": [2]}, "expected width 1, 2 or 4 bytes"),
        ({"channels": True}, "expected channels 1 to 32, found True"),
        ({"channels": 0}, "expected channels 1 to 32, found 0"),
        ({"channels": 99}, "expected channels 1 to 32, found 99"),
        ({"timestamp": 0.5}, "expected timestamp a whole number"),
        ({"timestamp": 1 << 70}, "expected timestamp a whole number"),
        ({"audio": bytes(3)}, "expected whole samples of all channels"),
    ],
    ids=str,
)
def test_audio_that_is_refused(change, said):
    form = {"rate": RATE, "width": 2, "channels": 1, "audio": bytes(64)}

    async def work():
        async with serving() as port, connect(port) as client:
            await client.write_event(AudioChunk(**{**form, **change}).event())
            event = await client.read_event()
            assert await client.read_event() is None  # it hangs up
            return event

    event = run(work())
    assert event.type == "error"
    assert said in event.data["text"] and "\n" not in event.data["text"]


def test_audio_changes_between_streams_alone(audio):
    async def work():
        async with serving() as port, connect(port) as client:
            plain = [*chunks(audio)]
            stereo = [*chunks(np.stack([audio, audio], 1))]
            found = [await detect(client, part) for part in (plain, stereo)]
            await client.write_event(plain[0].event())
            await client.write_event(stereo[0].event())
            return found, await client.read_event()

    (plain, stereo), event = run(work())
    assert plain and plain == stereo
    assert "expected rate, width and channels as before" in event.data["text"]


def test_each_start_forgets_what_was_before(audio, spotted):
    async def work():
        async with serving() as port, connect(port) as client:
            for part in chunks(sounds(1, 3)):
                await client.write_event(part.event())
            await client.write_event(Ping("a").event())
            while not Pong.is_type((await client.read_event()).type):
                pass
            first = await detect(client, chunks(audio))
            return first, await detect(client, chunks(audio))

    assert run(work()) == ([*told(spotted)], [*told(spotted)])


def test_several_clients_have_streams_of_their_own(audio, spotted):
    scenes = [audio, *(sounds(seed, 5) for seed in range(1, 6))]
    alone = [detections(chunks(scene)) for scene in scenes]
    assert alone[0] == [*told(spotted)] and sum(map(bool, alone[1:])) > 2

    async def one(port, scene):
        async with connect(port) as client:
            return await detect(client, chunks(scene))

    async def work():
        async with serving() as port:
            return await asyncio.gather(*(one(port, each) for each in scenes))

    assert run(work()) == alone


def test_keywords_that_two_models_have():
    with pytest.raises(ValueError, match="keywords that no other model has"):
        detections([], paths=[MODEL, MODEL])
