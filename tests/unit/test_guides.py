"""What the guides say to type can be typed: their examples and commands."""

import json
import re
import shlex
from pathlib import Path

import pytest

from bifsmn_engine import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted(ROOT.glob("docs/*/*.md")),
    *sorted(ROOT.glob("docs/*/*.ipynb")),
]


def blocks(page, language):
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n".join("".join(cell["source"]) for cell in cells)
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(page):
    """Yields the words after ``bifsmn`` of each such command of a page."""
    for block in blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words and Path(words[0]).name == "bifsmn":
                stop = {"|", ">", "&&", ";", "2>"}
                end = next((k for k, w in enumerate(words) if w in stop), None)
                yield words[1:end]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_are_understood(page, capsys):
    for words in commands(page):
        try:
            cli.make_parser(words).parse_args(words)
        except SystemExit as end:
            assert end.code == 0, f"{words}: {capsys.readouterr().err}"


def test_commands_are_found():
    found = {words[0] for page in PAGES for words in commands(page)}
    assert {"spot", "listen", "tune", "publish", "train"} <= found


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES[1:] if blocks(page, "python")],
    ids=lambda page: page.name,
)
def test_examples_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec("\n".join(blocks(page, "python")), {})
