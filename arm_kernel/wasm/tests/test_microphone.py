"""From the microphone, the page hears what the native engine hears."""

import numpy as np
import pytest
from native import RATE, SHIPPED, detections, write_wav

WORDS = "yes no up down left right on off stop go".split()
VOICES = ("en-us+f3", "en-gb+m3", "en-us", "en-gb+f5", "en-us+m7", "en-gb")


def in_noise(*clips):
    """Clips in a row, with a second of noise before, between and behind."""
    random = np.random.RandomState(3)
    parts = [np.zeros(RATE)]
    for clip in clips:
        parts += [0.5 * clip / np.abs(clip).max(), np.zeros(RATE)]
    audio = np.concatenate(parts)
    return audio + 0.002 * random.randn(len(audio))


def keywords(programs, audio, path):
    """What the native engine hears, if it does not depend on where its windows
    begin, which a microphone leaves open."""
    heard = []
    for start in range(0, 512, 64):
        rows = detections(programs, SHIPPED, write_wav(path, audio[start:]))
        heard.append([word for word, _, _ in rows])
        if heard[-1] != heard[0]:
            return None
    return heard[0]


@pytest.fixture(scope="module")
def spoken(programs, tmp_path_factory):
    """The path of an audio file, and the keywords in it."""
    reason = "its voices speak to the page"
    pytest.importorskip("espeakng_loader", reason=reason)
    from speechbrain_bifsmn.dataio.espeak import Espeak

    path = tmp_path_factory.mktemp("spoken") / "words.wav"
    espeak, clips, wanted = Espeak(), [], []
    for word in WORDS:
        for voice in VOICES:
            clip = espeak.say(word, voice, RATE)
            heard = keywords(programs, in_noise(*clips, clip), path)
            if heard == [*wanted, word]:
                clips, wanted = [*clips, clip], heard
                break
        if len(clips) == 4:
            break
    assert len(wanted) > 1, "the voices are not understood"
    return write_wav(path, in_noise(*clips)), wanted


def wait_for_windows(page, windows):
    """Until the microphone has been heard for so long."""
    page.wait(lambda: page.run("return page.spotter.windows") >= windows)


def test_keywords(open_page, spoken):
    path, wanted = spoken
    page = open_page(
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={path}%noloop",
    )
    page.wait_for("Ready.")
    page.click("#microphone")
    page.wait_for("Listening")
    hop = page.run("return page.spotter.info.hop")
    wait_for_windows(page, path.stat().st_size / 4 / hop)
    page.click("#microphone")
    page.wait_for("The microphone is off.")
    assert [word for word, _, _ in page.detections()] == wanted
    assert "ms per decision" in page.text("speed")
    assert page.browser_errors() == []


@pytest.fixture(scope="module")
def visited(open_page, server):
    """The page from a server; its microphone beeps."""
    page = open_page("--use-fake-ui-for-media-stream", address=server)
    page.wait_for("Ready.")
    return page


@pytest.fixture
def listener(visited):
    """The same, listening."""
    if visited.text("microphone") == "Use the microphone":
        visited.click("#microphone")
    visited.wait_for("Listening")
    return visited


def test_thinnings(listener):
    page = listener
    for thinning in (4, 2, 1):
        windows = page.run("return page.spotter.windows")
        page.click(f"#thinning input[value='{thinning}']")
        wait_for_windows(page, windows + 5)
    assert page.text("error") == ""
    assert page.browser_errors() == []


def test_other_source_ends_it(listener, tmp_path):
    page = listener
    for kind, name in (("audio", "bad.wav"), ("model", "bad.bifsmn")):
        (tmp_path / name).write_bytes(b"")
        page.choose_bad(kind, tmp_path / name)
        assert "Listening" in page.text("status")  # a bad file does not
    page.choose_audio(write_wav(tmp_path / "silence.wav", np.zeros(RATE)))
    assert page.text("microphone") == "Use the microphone"
    assert page.run("return page.spotter.windows") == 1
