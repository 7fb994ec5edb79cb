"""What goes wrong is said in one sentence, and the page stays usable."""

import numpy as np
import pytest
from native import SHIPPED, write_wav
from printable_examples import EXAMPLES

from bifsmn_engine.format import model_file
from bifsmn_engine.printable import printable
from speechbrain_bifsmn.deploy.writer import write_model


def test_not_audio(page, tmp_path):
    text, empty = tmp_path / "text.wav", tmp_path / "empty.mp3"
    text.write_text("This is no audio. " * 100)
    empty.write_bytes(b"")
    for path in (text, empty):
        message = page.choose_bad("audio", path)
        assert message.startswith(f"{path.name}: expected audio")
    page.choose_audio(write_wav(tmp_path / "good.wav", np.zeros(16000)))
    assert page.text("error") == ""


def test_not_a_model(page, tmp_path):
    content = SHIPPED.read_bytes()
    page.choose_model(SHIPPED)
    bad = {
        "text": (b"This is no model.", "is no .bifsmn file"),
        "short": (content[:-1], "truncated"),
        "damaged": (content[:-1] + bytes([content[-1] ^ 1]), "damaged"),
        "empty": (b"", "is no .bifsmn file"),
    }
    for name, (altered, expected) in bad.items():
        path = tmp_path / f"{name}.bifsmn"
        path.write_bytes(altered)
        message = page.choose_bad("model", path)
        assert message.startswith(f"{path.name}: ") and expected in message
    # The model before is in use still.
    page.choose_audio(write_wav(tmp_path / "good.wav", np.zeros(16000)))
    assert page.run("return page.spotter.info.fileBytes") == len(content)


def test_microphone_refused(open_page):
    page = open_page(refuse=True)
    page.wait_for("Ready.")
    page.click("#microphone")
    page.wait_for("The microphone was refused", "error")
    assert page.text("microphone") == "Use the microphone"


LACKS = {
    "WebAssembly": "delete window.WebAssembly",
    "SIMD": "WebAssembly.validate = () => false",
}


@pytest.mark.parametrize("what", LACKS)
def test_old_browser(open_page, what):
    page = open_page(before=LACKS[what])
    page.wait_for("lacks WebAssembly with SIMD", "error")
    assert page.text("status") == ""
    assert page.run("return document.getElementById('microphone').disabled")


def test_labels_and_names_are_printable(page, tmp_path):
    """Controls, turned text and markup of a model are shown, not obeyed."""
    labels = ["\x1b[2J\u202eyes", "<img src=x onerror=document.title=1>"]
    shown = [printable(label) for label in labels]
    content = model_file.read(SHIPPED)
    labels += content.labels[2:]
    content = content._replace(
        labels=labels, name="\u2067name\n", licence="<b>\x7f</b>"
    )
    path = tmp_path / "strange\u202e\x1b.bifsmn"
    write_model(content, path)
    page._choose("model", path)
    page.wait_for("strange\\u202e\\x1b.bifsmn is in use.")
    found = page.run(
        "return [...document.querySelectorAll('.label')]"
        ".map((e) => [e.tagName, e.textContent])"
    )
    assert found[:2] == [["BDI", label] for label in shown]
    assert page.text("model").startswith("\\u2067name\\x0a: ")
    assert "licence <b>\\x7f</b>." in page.text("model")
    assert page.run("return document.querySelectorAll('img, b').length") == 0
    bad = tmp_path / "bad\u2066\x07.bifsmn"
    bad.write_bytes(b"")
    page._choose("model", bad)
    page.wait_for("bad\\u2066\\x07.bifsmn: ", "error")
    assert page.run("return document.querySelector('#error bdi').textContent")
    page.choose_model(SHIPPED)


def test_printable_is_that_of_python(page):
    for text, wanted in EXAMPLES.items():
        assert page.run("return printable(arguments[0])", text) == wanted


def test_dropped_file(page):
    page.run("page.view.say('')")
    page.run(
        "const dropped = new DataTransfer();"
        "dropped.items.add(new File(['no audio'], 'dropped.wav'));"
        "document.dispatchEvent(new DragEvent('drop', "
        "{dataTransfer: dropped, bubbles: true, cancelable: true}))"
    )
    page.wait_for("dropped.wav: expected audio", "error")


def test_controls_have_names(page):
    unnamed = page.run(
        "return [...document.querySelectorAll('button, input, audio')].filter("
        "(e) => !(e.textContent.trim() || e.getAttribute('aria-label') "
        "|| e.labels?.[0]?.textContent.trim())).map((e) => e.outerHTML)"
    )
    assert unnamed == []
