"""What the guides say to type can be typed: their examples and commands."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from guide_place import follow, make_place

from bifsmn_engine import cli

ROOT = Path(__file__).resolve().parents[2]
GUIDES = sorted(ROOT.glob("docs/guides/*.md"))
# A block of a page, and the file that it is where one is named before it.
BLOCK = re.compile(
    r"(?:`([\w/]+\.\w+)`:\n\n)?^ *```(\w+)\n(.*?)^ *```",
    re.DOTALL | re.MULTILINE,
)
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


def steps(page):
    """Yields what is done on a page, one block after another, as shell script.

    Each block of commands is in a shell of its own, as in a new terminal.
    """
    for name, language, content in BLOCK.findall(page.read_text("utf-8")):
        if name:
            yield f"cat > '{name}' <<'END_OF_FILE'\n{content}END_OF_FILE"
        elif language == "sh":
            yield f"(\n{content})"


@pytest.fixture(scope="module")
def made_place(tmp_path_factory):
    return make_place(tmp_path_factory.mktemp("guides") / "place")


@pytest.mark.slow
@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_guide_can_be_followed(page, made_place, tmp_path):
    place = shutil.copytree(made_place, tmp_path / "place", symlinks=True)
    done = follow("\n".join(steps(page)), place)
    assert done.returncode == 0, done.stdout[-5000:]
    assert "Traceback" not in done.stdout
