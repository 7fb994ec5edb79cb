"""What is shown of text, in Python, C++ and JavaScript alike."""

EXAMPLES = {
    "": "",
    "yes": "yes",
    "a\\b \"c\" 'd' <e> |f|": "a\\b \"c\" 'd' <e> |f|",
    "naïve Größe 北京 Привет नमस्ते": "naïve Größe 北京 Привет नमस्ते",
    "a\u00a0b\u3000c": "a\u00a0b\u3000c",
    "\u0645\u06cc\u200c\u062e": "\u0645\u06cc\u200c\u062e",  # a word's joiner
    "\U0001f469\u200d\U0001f680 \u2764\ufe0f": (
        "\U0001f469\u200d\U0001f680 \u2764\ufe0f"
    ),
    "\uffff\U0010ffff\ue000\ufffd": "\uffff\U0010ffff\ue000\ufffd",
    "\x1b[2J\x1b]0;owned\x07": r"\x1b[2J\x1b]0;owned\x07",
    "\t\n\v\f\r\x01\x1f\x7f": r"\x09\x0a\x0b\x0c\x0d\x01\x1f\x7f",
    "\x80\x85\x9b31m\x9f\xa0\xad": "\\x80\\x85\\x9b31m\\x9f\xa0\\xad",
    "\u2028\u2029": r"\u2028\u2029",
    "a\u202egnp.exe\u202c": r"a\u202egnp.exe\u202c",
    "\u202a\u202b\u202d": r"\u202a\u202b\u202d",
    "\u2066\u2067\u2068\u2069": r"\u2066\u2067\u2068\u2069",
    "\u200e\u200f\u061c": r"\u200e\u200f\u061c",
    "y\u200bes\ufeff\u2060\u2064": r"y\u200bes\ufeff\u2060\u2064",
    "\u034f\u115f\u1160\u17b4\u180e\u3164\uffa0": (
        r"\u034f\u115f\u1160\u17b4\u180e\u3164\uffa0"
    ),
    "x\ufe00\ufe0d\ufff9\ufffb": r"x\ufe00\ufe0d\ufff9\ufffb",
    "\U000e0001\U000e0041\U000e0fff": r"\U000e0001\U000e0041\U000e0fff",
    "\U0001d173\U0001bca0": r"\U0001d173\U0001bca0",
}
BYTES = {  # of a file name
    b"\xff.wav": r"\xff.wav",
    b"cut \xe2\x82": r"cut \xe2\x82",
    b"long \xc0\xaf \xe0\x80\xaf": r"long \xc0\xaf \xe0\x80\xaf",
    b"half \xed\xa0\x80": r"half \xed\xa0\x80",
    b"beyond \xf4\x90\x80\x80 \xf8\x88": r"beyond \xf4\x90\x80\x80 \xf8\x88",
    b"latin-1 \xe9t\xe9": r"latin-1 \xe9t\xe9",
    "über \u202e\x1b".encode() + b"\x80": r"über \u202e\x1b\x80",
}
