"""Each fault that the checks here are for is found in a small tree."""

import os
import subprocess
from pathlib import Path

import pytest
from house import annotations, imports, sources, vocabulary


@pytest.fixture
def tree(tmp_path: Path):
    """Writes files, by their paths, and returns their folder."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return write


@pytest.mark.parametrize(
    "text",
    [
        "import torch.nn",
        "from torch import nn",
        "def late():\n    from torch.nn import functional",
        "import importlib\nimportlib.import_module('torch.nn')",
        "from importlib import import_module\nimport_module('torch')",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch",
    ],
)
def test_forbidden_imports_are_found(tree, text: str) -> None:
    package = tree({"pack/part.py": text})
    (found,) = imports.find_forbidden(package / "pack", {"torch"})
    assert "part.py:" in found and "pack must not import torch" in found


def test_generated_tables_may_quote_old_commands(tree) -> None:
    rules = [vocabulary.Rule("fee", "new")]
    text = "<!-- table: a -->\nfee\n<!-- end -->\nfee\n"
    root = tree({"a.md": text})
    (found,) = sources.find_words(root, [Path("a.md")], rules)
    assert found.startswith("a.md:4: ")


def test_other_imports_are_allowed(tree) -> None:
    text = "import torchless\nfrom . import torch\nfrom .torch import x\n"
    package = tree({"pack/__init__.py": text, "pack/torch.py": ""}) / "pack"
    assert not imports.find_forbidden(package, {"torch"})


def test_everything_of_a_folder_is_above(tree) -> None:
    folder = tree({"top/a/b.py": "", "top/c.py": "", "top/conftest.py": ""})
    assert imports.top_level_names(folder / "top") == {"top", "a", "b", "c"}


@pytest.mark.parametrize(
    "back",
    [
        "from pack.one.inner import x",
        "from pack import one",
        "from ..one import inner",
        "def late():\n    import pack.one.inner",
    ],
)
def test_circles_are_found(tree, back: str) -> None:
    files = {
        "pack/__init__.py": "",
        "pack/one/__init__.py": "",
        "pack/one/inner.py": "from pack import middle",
        "pack/middle.py": "import pack.two.other",
        "pack/two/__init__.py": "",
        "pack/two/other.py": back,
    }
    found = imports.find_circle(tree(files) / "pack")
    for link in (
        "pack.one imports pack.middle",
        "pack.middle imports pack.two",
        "pack.two imports pack.one",
    ):
        assert link in found


def test_what_is_no_circle(tree) -> None:
    files = {
        "pack/__init__.py": "from pack.one import inner",
        "pack/one/__init__.py": "",
        "pack/one/inner.py": "from pack.one import other\nimport pack.two",
        "pack/one/other.py": "from pack.one.inner import x",
        "pack/two.py": (
            "from typing import TYPE_CHECKING\n"
            "if TYPE_CHECKING:\n    from pack.one.inner import x"
        ),
    }
    package = tree(files) / "pack"
    assert not imports.find_circle(package)
    assert "pack.one.other" in imports.find_circle(package, parts=3)


@pytest.mark.parametrize(
    ("text", "lacking"),
    [
        ("def f(a) -> None: ...", "a"),
        ("def f(a: int): ...", "the result"),
        ("def f(*a, b, **c: int) -> None: ...", "b, a"),
        ("async def f(): ...", "the result"),
        ("class A:\n    def f(self, a) -> None: ...", "a"),
        ("class A:\n    @staticmethod\n    def f(a) -> None: ...", "a"),
        ("class A:\n    class B:\n        def f(self): ...", "the result"),
    ],
)
def test_missing_annotations_are_found(tree, text: str, lacking: str) -> None:
    (found,) = annotations.find_unannotated(tree({"a.py": text}))
    assert found.endswith(f"lacks {lacking}")


@pytest.mark.parametrize(
    "text",
    [
        "def f(a: int, *b: int, c: int = 1) -> None: ...",
        "def _f(a): ...",
        "def f() -> None:\n    def g(a): ...",
        "class A:\n    @classmethod\n    def f(cls) -> None: ...",
        "class A:\n    def __init__(self, a): ...",
        "class _A:\n    def f(self): ...",
    ],
)
def test_enough_annotations(tree, text: str) -> None:
    assert not annotations.find_unannotated(tree({"a.py": text}))


@pytest.mark.parametrize(
    "line",
    [
        "sys.path.insert(0, x)",
        "sys.path[:0] = [x]",
        "sys.path += [x]",
        "monkeypatch.syspath_prepend(x)",
        'monkeypatch.setattr(sys, "path", [x])',
        "from sys import argv, path",
    ],
)
def test_edits_of_the_path_are_found(tree, line: str) -> None:
    folder = tree({"a.py": f"import sys\n{line}\n"})
    assert sources.find_path_edits(folder, [Path("a.py")]) == {"a.py": [2]}


def test_reading_the_path_is_no_edit(tree) -> None:
    folder = tree({"a.py": "print(sys.path[0] == 1, sys.path)\n"})
    assert not sources.find_path_edits(folder, [Path("a.py")])


@pytest.mark.parametrize(
    "line",
    [
        "`BIFSMN_PATH` names another",
        "bifsmn-run --depth 2",
        "| us of a decision | depth 0 |",
        "--redraw_unknown=True",
        "hparams/own_words.yaml",
        "constexpr uint32_t kMostClasses = 1024;",
        "check length, check sum, and bounds",
        "model.depth = 2",
        "audio to decision, us |",
        "it takes 29 us",
    ],
)
def test_old_words_are_found(tree, line: str) -> None:
    name = Path("a.h" if "uint32" in line else "a.md")
    folder = tree({str(name): f"\n{line}\n"})
    assert sources.find_words(folder, [name], vocabulary.RULES)


@pytest.mark.parametrize(
    "line",
    [
        "a depthwise convolution is thinnable in depth at run time",
        "the path of a file, at most 4096 bytes, and at least one",
        "counter.most_common(3), file.tell(), def tell(self)",
        "it is heard in the quiet; most of them passed",
        '"us": 8.7, row["us"]',
        "sign the checksum over a window",
    ],
)
def test_honest_english_is_allowed(tree, line: str) -> None:
    folder = tree({"a.py": f"{line}\n"})
    assert not sources.find_words(folder, [Path("a.py")], vocabulary.RULES)


def test_names_of_files_count_and_binaries_do_not(tree) -> None:
    folder = tree({"own_words.md": "", "b.bin": "\0own_words"})
    files = [Path("b.bin"), Path("own_words.md")]
    (found,) = sources.find_words(folder, files, vocabulary.RULES)
    assert found.startswith("own_words.md:0:")


def test_long_files_and_needless_exceptions_are_found() -> None:
    lengths = {"long": 301, "short": 300, "allowed": 400}
    assert sources.find_excess(lengths, ["allowed"]) == {"long"}
    assert sources.find_excess(lengths, ["allowed", "short", "gone"]) == {
        *("long", "short", "gone")
    }


def test_files_are_those_of_git(tree, monkeypatch) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)  # a hook of git has those of its repository
    folder = tree({".gitignore": "*.o", "a.py": "", "b/c.md": "", "d.o": ""})
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    names = [path.as_posix() for path in sources.list_files(folder)]
    assert names == [".gitignore", "a.py", "b/c.md"]
