"""Keywords in other scripts: said, refused, or left to recordings."""

import numpy as np
import pytest
import soundfile
from hum import Hum

from bifsmn_engine.cli import main
from speechbrain_bifsmn.dataio import custom_keywords, custom_plan
from speechbrain_bifsmn.dataio.custom_keywords import (
    describe_corpus,
    make_custom_corpus,
)
from speechbrain_bifsmn.dataio.espeak import Espeak
from speechbrain_bifsmn.dataio.scripts import (
    READERS,
    readers_of,
    unsayable,
    without_accents,
)

OTHERS = {  # of one language that reads them
    "机器人": "cmn",
    "привет": "ru",
    "مرحبا": "ar",
    "안녕": "ko",
    "γεια": "el",
    "שלום": "he",
    "สวัสดี": "th",
    "नमस्ते": "hi",
    "გამარჯობა": "ka",
    "բարև": "hy",
    "வணக்கம்": "ta",
}
LATIN = [
    *("café", "Zoë", "straße", "łódź", "ırmak", "Nguyễn", "Ngọc", "smørrebrød"),
    *("C3PO", "wi-fi", "3.14", "don’t", "R2-D2", "naïve", "ʻokina", "½", "€5"),
    *("ｈｅｙ", "１２", "Đorđe", "ﬁnd"),
]


@pytest.fixture
def hum(monkeypatch):
    """Tones instead of speech, and few of them."""
    monkeypatch.setattr(custom_keywords, "Espeak", Hum)
    monkeypatch.setattr(custom_plan, "MIN_CLIPS", 1)
    monkeypatch.setattr(custom_keywords.synthetic, "WORDS", ("yes", "cat"))


@pytest.fixture
def espeak():
    pytest.importorskip(
        "espeakng_loader", reason="speaking needs espeakng-loader"
    )
    return Espeak


@pytest.mark.parametrize("word", [*OTHERS, "日本", "ありがとう", "hey 😀"])
def test_what_english_voices_would_spell_is_refused(word, hum):
    for words in (word, f"hey {word}", f"yes, {word}"):
        with pytest.raises(ValueError, match="words: expected what") as caught:
            describe_corpus(words)
        text = str(caught.value)
        assert "\n" not in text and "train, validation, test" in text
        assert (OTHERS.get(word, "record") in text) and "record the" in text


@pytest.mark.parametrize("word", LATIN)
def test_latin_letters_are_said(espeak, word):
    """And none is named, as "letter one e c five" is."""
    assert not unsayable(word)
    voice = espeak()
    said = voice.phonemes(voice._spelling(word, "en-us"), "en-us")
    assert said.strip() and "_|" not in said
    assert len(voice.say(word, "en-us+f3", 15200)) > 2000


def test_what_english_voices_say_rightly_stays(espeak):
    voice = espeak()
    for word in ("café", "Zoë", "straße", "naïve", "don’t"):
        assert voice._spelling(word, "en-us") == word
    assert voice._spelling("Nguyễn", "en-us") == without_accents("Nguyễn")
    with pytest.raises(ValueError, match="write it as it sounds"):
        voice.say("ǃxo", "en-us", 15200)


@pytest.mark.parametrize(("word", "language"), OTHERS.items())
def test_a_voice_of_the_language_says_it(espeak, word, language):
    assert language in readers_of(word) and not unsayable(word, language)
    assert not unsayable(f"hey {word}", language)
    voice = espeak(language)
    said = voice.phonemes(word, language)
    assert "(en)" not in said and "l'et" not in said
    # English words in an English manner, not letter by letter.
    assert "k'at" in voice.phonemes("cat", language)
    assert np.abs(voice.say(word, f"{language}+f3", 15200)).max() > 0.05
    with pytest.raises(ValueError, match=f"accent among {language}, got 'en"):
        voice.say(word, "en-us", 15200)


def test_all_languages_of_the_table_have_a_voice(espeak):
    for languages in READERS.values():
        for language in languages:
            assert len(espeak(language).speak("cat", language)) > 2000


def test_a_language_that_nobody_speaks(espeak):
    for name in ("xx", "", "EN", "../gmw/en", 42):
        with pytest.raises(ValueError, match="expected one that eSpeak NG"):
            espeak(name)


def test_a_language_speaks_all_of_a_corpus(tmp_path, espeak, monkeypatch):
    monkeypatch.setattr(custom_plan, "MIN_CLIPS", 1)
    monkeypatch.setattr(custom_keywords.synthetic, "WORDS", ("cat",))
    folder = make_custom_corpus(
        tmp_path / "corpus",
        "hey 机器人",
        clips=2,
        background_seconds=10,
        language="cmn",
    )
    names = {path.name for path in folder.iterdir() if path.is_dir()}
    assert names == {
        *("_background_noise_", "hey 机器人", "hey", "机器人", "cat"),
    }
    assert (folder / "_background_noise_" / "babble.wav").is_file()


def test_recordings_of_every_split_need_no_voice(tmp_path, hum):
    word, mine = "机器人", tmp_path / "mine"
    for who in ("bob", "lea", "kim"):  # whose hashes give each split
        path = mine / word / f"{who}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.full(800, 0.5), 16000)
    options = {"clips": 4, "background_seconds": 10}
    folder = make_custom_corpus(tmp_path / "corpus", word, mine, **options)
    assert len(list((folder / word).iterdir())) == 3
    assert (folder / "cat").is_dir()
    with pytest.raises(ValueError, match="nothing for train[)]"):
        make_custom_corpus(folder, word, mine, "always", **options)
    # A part of a phrase that no voice can say is no other word.
    (mine / word).rename(mine / f"hey {word}")
    folder = make_custom_corpus(
        tmp_path / "two", f"hey {word}", mine, **options
    )
    assert (folder / "hey").is_dir() and not (folder / word).exists()
    (mine / f"hey {word}" / "lea.wav").unlink()
    with pytest.raises(ValueError, match="nothing for validation[)]"):
        make_custom_corpus(tmp_path / "two", f"hey {word}", mine, **options)


def test_from_the_command_line(tmp_path, hum, capsys):
    folder = str(tmp_path / "corpus")
    assert main(["synth", "hey 机器人", folder, "--clips", "2"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "choose another language (cmn" in error
    assert not (tmp_path / "corpus").exists()
    words = ["synth", "机器人", folder, "--clips", "2", "--language", "cmn"]
    assert main(words) == 0
    assert "机器人" in capsys.readouterr().out
