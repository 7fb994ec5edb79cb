"""Words and other texts of the command line: what is written is meant."""

import io
import json
import os

import pytest
import speechbrain as sb
from hum import Hum
from hyperpyyaml import load_hyperpyyaml, resolve_references
from ruamel.yaml import YAML
from runs import RECIPE, SHORT, make_tones, run_recipe

from bifsmn_engine.cli import main
from bifsmn_engine.format import model_file
from speechbrain_bifsmn.dataio import custom_keywords
from speechbrain_bifsmn.dataio.words import parse_words, task_name
from speechbrain_bifsmn.runs.hparams import (
    as_plain,
    base_and_overrides,
    quote_texts,
)

RECIPE_FILE = str(RECIPE / "hparams" / "custom_keywords.yaml")
SMALL = """
seed: 1234
name: custom_keywords
words: !PLACEHOLDER
data_folder: ""
task_name: !applyref:speechbrain_bifsmn.dataio.words.task_name
    classes: 12
    words: !ref <words>
output_folder: !ref results/<name>/<task_name>/<seed>
labels: !apply:speechbrain_bifsmn.dataio.words.task_labels
    words: !ref <words>
recordings: !ref <data_folder>
percentage: !ref <seed> / 2
snr: [0, 30]
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A file with a few of the recipe's settings, which is read in a moment."""
    path = tmp_path_factory.mktemp("hparams") / "small.yaml"
    path.write_text(SMALL)
    return str(path)


def load(file, *arguments):
    """Returns what a command line makes of a file."""
    words = quote_texts(file, [file, *arguments])
    _, _, overrides = sb.parse_arguments(words)
    path, overrides = base_and_overrides(file, overrides)
    with open(path, encoding="utf-8") as text:
        return load_hyperpyyaml(text, overrides)


TEXTS = [
    *("42", "null", "Null", "~x", "true", "no", "on", "y", "N", "1e3", "1_000"),
    *("0x10", "0o17", "0b1", "007", "+1", "2024-01-01", "#1 fan", "a #b"),
    *("&amp", "!bang", "!ref a", "%x", "@home", "{a}", "`a", "- a", "a - b"),
    *("a=b", "=a", "a$b", "don't stop", "'a", "café", "机器人", "hey 😀"),
]


@pytest.mark.parametrize("text", TEXTS)
def test_words_are_text(small, text):
    forms = [f"--words={text}"], ["--words", text], ["--words", *text.split()]
    for form in forms:
        found = load(small, *form)
        assert found["words"] == text
        assert found["labels"] == [text, "unknown", "silence"]
        assert found["output_folder"] == f"results/custom_keywords/{text}/1234"


def test_the_recipe_takes_them_so():
    """Its own files, of which nothing is made here."""
    words = quote_texts(RECIPE_FILE, ["--words=no, 0x10", "--language=no"])
    _, _, overrides = sb.parse_arguments([RECIPE_FILE, *words])
    path, overrides = base_and_overrides(RECIPE_FILE, overrides)
    with open(path, encoding="utf-8") as text:
        resolved = as_plain(YAML().load(resolve_references(text, overrides)))
    assert resolved["output_folder"] == "results/custom_keywords/no, 0x10/1234"
    assert next(iter(resolved["labels"].values()))["words"] == "no, 0x10"
    made = next(iter(resolved["make_custom_corpus"].values()))
    assert (made["words"], made["language"]) == ("no, 0x10", "no")
    names = (
        "data_folder synthetic_folder output_folder save_folder name corpus "
        "version words protocol speak language custom_corpus_folder rooms "
        "teacher"
    ).split()
    options = [f"--{name}=no" for name in names]
    quoted = [f'--{name}="no"' for name in names]
    assert quote_texts(RECIPE_FILE, options) == quoted
    others = "seed classes download noise_snr student_model task".split()
    options = [f"--{name}=no" for name in others]
    assert quote_texts(RECIPE_FILE, options) == options


@pytest.mark.parametrize(
    ("text", "words"),
    {
        "yes, no": ["yes", "no"],
        "[yes, no]": ["yes", "no"],
        '["yes", "no"]': ["yes", "no"],
        "yes,no,": ["yes", "no"],
        "yes,,no": ["yes", "no"],
        "yes，no、on；off،go": ["yes", "no", "on", "off", "go"],
        "yes; no": ["yes", "no"],
        "yes\nno\r\non": ["yes", "no", "on"],
        "hey\trobot": ["hey robot"],
        " hey  robot ": ["hey robot"],
        "'hey robot', “lights on”": ["hey robot", "lights on"],
        "hey\u00a0robot": ["hey robot"],
        "Zoe\u0308": ["Zoë"],
        "don't": ["don't"],
    }.items(),
)
def test_what_a_text_means(small, text, words):
    found = load(small, f"--words={text}")
    assert found["words"] == text and found["labels"][:-2] == words


@pytest.mark.parametrize(
    "form", ["--words=", "--words= \t", "--words", "--words --seed=1"]
)
def test_no_words(small, form):
    with pytest.raises(ValueError, match="^words: expected a text, got none"):
        load(small, *form.split(" ", form.count("--") - 1))


REFUSED = {
    "hey: robot": "write 'hey robot'",
    "12:30": "write '12 30'",
    "*star": "write 'star'",
    "who?": "write 'who'",
    "a/b": "write 'a b'",
    "😀": "nothing to say",
    "...": "nothing to say",
    ",": "got none",
    "[]": "got none",
    "x" * 300: "longer than 120 bytes",
    "é" * 70: "longer than 120 bytes",
    "a\x1bb": "must not hold what is no text",
    "a\udcffb": "must not hold what is no text",
    "_a": "must not start with",
    "yes, YES": "different words",
    ", ".join(f"w{number}" for number in range(1023)): "1 to 1022 keywords",
}


@pytest.mark.parametrize(
    ("text", "message"), REFUSED.items(), ids=range(len(REFUSED))
)
def test_words_that_are_none(text, message, tmp_path, capsys):
    with pytest.raises(ValueError, match="^words: ") as caught:
        parse_words(text)
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert main(["synth", text, str(tmp_path / "corpus")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("bifsmn synth: words: ") and error.count("\n") == 1
    assert not (tmp_path / "corpus").exists()


def test_many_words_still_name_a_folder(small):
    words = [f"word number {number}" for number in range(200)]
    folders = {
        load(small, f"--words={', '.join(some)}")["output_folder"]
        for some in (words, words[:-1])
    }
    assert len(folders) == 2  # though they begin with the same words
    for folder in folders:
        assert folder.startswith(
            "results/custom_keywords/word number 0, word number"
        )
        assert all(len(part) <= 120 for part in folder.split("/"))
    wide = task_name(12, [f"机器人{number}" for number in range(50)])
    assert 100 < len(wide.encode()) <= 120 and wide.startswith("机器人0, 机")


@pytest.mark.parametrize("name", ["data_folder", "output_folder", "name"])
@pytest.mark.parametrize(
    "text",
    [
        *("a: b", "a #b", "null", "42", "no", "12:30", "x=y", "my files", "~"),
        *('a "b"', "a\\b", "[a]", "\x7f", "-", "a\u2028b", "0x10"),
    ],
)
def test_other_settings_that_are_text(small, name, text):
    for form in ([f"--{name}={text}"], [f"--{name}", text]):
        found = load(small, "--words=a", *form)
        assert found[name] == text
        assert found["recordings"] == found["data_folder"]


def test_what_is_no_text_stays_yaml(small):
    found = load(
        small, "--words=a", "--seed=7", "--snr=[5, 9]", "--percentage=0x10"
    )
    assert (found["seed"], found["snr"], found["percentage"]) == (7, [5, 9], 16)
    assert found["output_folder"] == "results/custom_keywords/a/7"
    assert load(small, "--words=a", "--data_folder=")["data_folder"] == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--words=b"], 'duplicate key "words"; give it once'),
        (["--name=<seed>"], "name: expected a text without <...>"),
        (["--output_folder="], "output_folder: expected a text, got none"),
        (["--name=a\udcff"], "name: expected text in UTF-8"),
        (["--data_folder"], "data_folder: expected a text, got none"),
        (["--seed=a: b"], "expected YAML in the command line"),
    ],
)
def test_what_a_command_line_cannot_say(small, arguments, message):
    with pytest.raises(ValueError) as caught:
        load(small, "--words=a", *arguments)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_the_file_may_come_last(small):
    words = quote_texts(small, ["--words=hey", small, "--seed=3"])
    assert words == ['--words="hey"', small, "--seed=3"]


@pytest.mark.parametrize(
    "text", ['"no"', "no", '"12:30"', "'1e3'", "[yes, no]"]
)
def test_quotes_of_a_file_stay(tmp_path, text):
    (tmp_path / "base.yaml").write_text("words: ''\n")
    (tmp_path / "mine.yaml").write_text(f"base: base.yaml\nwords: {text}\n")
    path, overrides = base_and_overrides(tmp_path / "mine.yaml")
    found = load_hyperpyyaml(io.StringIO(path.read_text()), overrides)["words"]
    assert found == YAML(typ="safe").load(text)


def test_what_yaml_takes_for_another_kind():
    for value in (True, 42, 1e3, None, [True, "no"], {"a": 1}):
        with pytest.raises(ValueError, match="put it in quotes"):
            parse_words(value)


def test_synth_takes_the_same_texts(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(custom_keywords, "Espeak", Hum)
    monkeypatch.setattr(custom_keywords.synthetic, "WORDS", ("cat",))
    text = "[no, 1e3，#1 fan]"
    words = ["synth", text, str(tmp_path / "a: b"), "--clips", "1"]
    assert main(words) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in printed[1:4]] == [
        *("no", "1e3", "#1 fan"),
    ]
    names = set(os.listdir(tmp_path / "a: b"))
    assert {"no", "1e3", "#1 fan", "cat"} < names


@pytest.mark.slow
def test_a_training_of_odd_words(tmp_path):
    """What is trained, recorded, continued and exported is the text."""
    data, words = tmp_path / "recs: #1", "no, 1e3"
    few = {"train": 3, "validation": 2, "testing": 2}
    make_tones(data, ["no", "1e3", "cat", "dog"], few)
    arguments = [
        *(
            "hparams/custom_keywords.yaml",
            "--words",
            words,
            "--data_folder",
            data,
        ),
        *("--speak=never", f"--output_folder={tmp_path / 'out: 0x10'}", *SHORT),
        "--name=null",
    ]
    for _ in range(2):  # the second goes on with the same
        done = run_recipe(*arguments)
        assert done.returncode == 0, done.stderr[-3000:]
    out = tmp_path / "out: 0x10"
    record = json.loads((out / "save" / "run.json").read_text())
    labels = ["no", "1e3", "unknown", "silence"]
    assert record["labels"] == labels
    assert record["settings"]["words"] == words
    model = model_file.read(out / "model.bifsmn")
    assert model.labels == labels and model.name == "null"
