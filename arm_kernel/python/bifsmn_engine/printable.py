r"""Text of strangers, made fit to be shown: labels, file names, messages.

What is shown is what is there: a terminal or a browser would obey controls, and
show neither them nor what turns text around or is invisible. The rule is that
of ``arm_kernel/tools/printable.h`` and ``arm_kernel/wasm/printable.js``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

# Controls, ends of lines and paragraphs, changes of direction, what is no
# character, and what Unicode calls ignorable; but for the joiners (200C, 200D)
# and the two variation selectors (FE0E, FE0F) that words and emoji need.
_HIDDEN = re.compile(
    "[\0-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff"
    "\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_MARKUP = re.compile(r"[\\`*\[<>|&~]|(?<!\w)_|_(?!\w)")


def printable(text: object) -> str:
    r"""Returns text in one line, with what a terminal would obey made visible.

    Arguments
    ---------
    text : object
        Its ``str`` is taken. Bytes of a file name that are no UTF-8 are shown
        as such.

    Returns
    -------
    str

    Example
    -------
    >>> print(printable("stop\x1b[2J\u202e\udcff naïve"))
    stop\x1b[2J\u202e\xff naïve
    """
    return _HIDDEN.sub(_escaped, str(text))


def _escaped(match):
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte, as Python reads file names
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def json_text(value: Any, ascii: bool = False) -> str:
    r"""Returns plain data as JSON in one line, the same escapes in its strings.

    Readers get the very strings; a byte that is no UTF-8 becomes U+DC80 to
    U+DCFF, from which ``os.fsencode`` makes it again.

    Arguments
    ---------
    value : dict | list | str | int | float | bool | None
        Without NaN and infinity, which JSON lacks.
    ascii : bool
        Escape whatever is not ASCII.

    Returns
    -------
    str

    Example
    -------
    >>> print(json_text({"label": "stop\x7f naïve"}))
    {"label": "stop\u007f naïve"}
    """
    text = json.dumps(value, ensure_ascii=ascii, allow_nan=False)
    return _HIDDEN.sub(_json_escaped, text)


def _json_escaped(match):
    code = ord(match[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    return json.dumps(match[0])[1:-1]  # two halves


def markdown(text: object) -> str:
    r"""Returns text that Markdown shows as it is, in a table too.

    Example
    -------
    >>> print(markdown("a|b <img> `c`"))
    a\|b \<img\> \`c\`
    """
    return _MARKUP.sub(lambda match: "\\" + match[0], printable(text))


def code_span(text: object) -> str:
    r"""Returns text for between backquotes, or a line of a block of code.

    Example
    -------
    >>> print(code_span("rm `x`"))
    rm \x60x\x60
    """
    return printable(text).replace("`", "\\x60")


def each_text(data: Any, change: Callable[[str], str]) -> Any:
    """Returns plain data with all its texts changed, the keys too.

    Arguments
    ---------
    data : dict | list | str | int | float | bool | None
        As from a JSON file.
    change : callable
        From text to text, as ``printable`` and ``markdown``.

    Example
    -------
    >>> each_text({"a|b": ["c", 1]}, markdown)
    {'a\\\\|b': ['c', 1]}
    """
    if isinstance(data, str):
        return change(data)
    if isinstance(data, dict):
        return {
            change(key): each_text(value, change) for key, value in data.items()
        }
    if isinstance(data, list):
        return [each_text(value, change) for value in data]
    return data
