"""What voices can say: letters of their language's scripts, and Latin ones.

Of other letters, eSpeak NG says the names: "Chinese letter, Chinese letter".
"""

from __future__ import annotations

import unicodedata

# The languages whose voices read a script; all of them say English words, too.
_READERS = {
    "ARABIC": "ar fa sd ur",
    "ARMENIAN": "hy",
    "BENGALI": "as bn bpy",
    "CJK": "cmn yue",
    "CYRILLIC": "be bg kk mk ru sr tt uk",
    "DEVANAGARI": "hi mr ne",
    "ETHIOPIC": "am",
    "GEORGIAN": "ka",
    "GREEK": "el",
    "GUJARATI": "gu",
    "GURMUKHI": "pa",
    "HANGUL": "ko",
    "HEBREW": "he",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "ORIYA": "or",
    "SINHALA": "si",
    "TAMIL": "ta",
    "TELUGU": "te",  # codespell:ignore te
    "THAI": "th",
}
READERS = {script: tuple(names.split()) for script, names in _READERS.items()}
# Marks, punctuation, spaces, signs of currency and of calculation.
_SPOKEN_ANYWHERE = ("M", "P", "Z", "Sc", "Sm")


def unsayable(text: str, language: str = "en") -> str:
    """Returns what of a text a language's voices would name, letter by letter.

    Arguments
    ---------
    text : str
        A word or phrase.
    language : str
        Code of a language that eSpeak NG speaks, such as "en" or "cmn".

    Returns
    -------
    str
        Each such character once; empty where there is none.

    Example
    -------
    >>> unsayable("hey 机器人"), unsayable("机器人", "cmn"), unsayable("Zoë")
    ('机器人', '', '')
    """
    scripts = [name for name, who in READERS.items() if language in who]
    return "".join(
        dict.fromkeys(c for c in text if not _is_spoken(c, ("LATIN", *scripts)))
    )


def _is_spoken(character, scripts):
    return all(
        part < "\u0100"
        or unicodedata.category(part).startswith(_SPOKEN_ANYWHERE)
        or unicodedata.name(part, "").startswith((*scripts, "MODIFIER"))
        for part in unicodedata.normalize("NFKD", character)
    )


def readers_of(text: str) -> list[str]:
    """Returns the languages whose voices can read a text.

    Example
    -------
    >>> readers_of("机器人"), readers_of("😀")
    (['cmn', 'yue'], [])
    """
    known = (language for names in READERS.values() for language in names)
    return [language for language in known if not unsayable(text, language)]


def without_accents(text: str) -> str:
    """Returns a text in plain letters, where Unicode knows them.

    Example
    -------
    >>> without_accents("Nguyễn"), without_accents("ｈｅｙ")
    ('Nguyen', 'hey')
    """
    parts = unicodedata.normalize("NFKD", text)
    return "".join(part for part in parts if not unicodedata.combining(part))
