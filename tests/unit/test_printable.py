"""Text of strangers is shown, not obeyed."""

import json
import os
import unicodedata

import pytest
from printable_examples import BYTES, EXAMPLES

from bifsmn_engine.printable import (
    code_span,
    each_text,
    json_text,
    markdown,
    printable,
)


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples(text):
    assert printable(text) == EXAMPLES[text]


@pytest.mark.parametrize("name", BYTES)
def test_names_that_are_no_utf8(name):
    assert printable(os.fsdecode(name)) == BYTES[name]


def test_no_control_is_left():
    """Of all that Unicode knows, but for the joiners and for what is seen."""
    seen = [*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2]
    seen += [0x110BD, 0x110CD, *range(0x13430, 0x13440)]
    for code in range(0x110000):
        kind = unicodedata.category(chr(code))
        if kind in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            shown = printable(chr(code))
            is_kept = code in (0x200C, 0x200D, *seen)
            assert (shown == chr(code)) == is_kept, hex(code)
            assert shown.isprintable() or is_kept, hex(code)


@pytest.mark.parametrize("ascii", [False, True])
def test_json_keeps_the_text(ascii):
    texts = [*EXAMPLES, *map(os.fsdecode, BYTES), '"\\', "\ud800"]
    for text in texts:
        line = json_text({text: [text]}, ascii)
        assert json.loads(line) == {text: [text]}
        line.encode()  # halves of a character are escaped
        assert printable(line) == line and (line.isascii() or not ascii)
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text(float("nan"))


def test_markdown_shows_text_as_it_is():
    assert (
        markdown("one_word 20 dB, SNR (95 %)") == "one_word 20 dB, SNR (95 %)"
    )
    assert markdown("a|b") == "a\\|b"
    assert markdown("```\n# x") == "\\`\\`\\`\\\\x0a# x"
    assert markdown("<script>&lt;![x](y)") == "\\<script\\>\\&lt;!\\[x](y)"
    assert markdown("_a_ **b** ~~c~~") == "\\_a\\_ \\*\\*b\\*\\* \\~\\~c\\~\\~"
    assert code_span("a\n```") == "a\\x0a\\x60\\x60\\x60"


def test_each_text():
    data = {"\n": ["\n", 1, None, {"a": "\x1b"}], "b": 0.5}
    changed = {"\\x0a": ["\\x0a", 1, None, {"a": "\\x1b"}], "b": 0.5}
    assert each_text(data, printable) == changed
