"""The tree keeps its own rules: arrows, annotations, words and lengths."""

from pathlib import Path

import pytest
from house import annotations, imports, sources, vocabulary

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "speechbrain_bifsmn"
ENGINE = ROOT / "arm_kernel" / "python" / "bifsmn_engine"
BENCHMARKS = ROOT / "benchmarks"

# May change where Python looks for modules, and why.
PATH_EDITS = {
    "docs/conf.py": "Sphinx imports its extensions by their plain names",
    "tests/recipes/test_continued.py": "stands in for `python train.py`",
    "tests/recipes/test_distributed.py": "stands in for `python train.py`",
    "tests/recipes/test_prepare.py": "a script, and no package",
    "tests/recipes/test_prepare_download.py": "a script, and no package",
    "tests/recipes/test_resume.py": "stands in for `python train.py`",
    "tests/recipes/warm_python.py": "does what `python SCRIPT` does",
}
# May be longer than others, and why; the list only shrinks.
LONG = {
    "arm_kernel/src/api.cpp": "the C interface, function by function",
    "recipes/SpeechCommands/BiFSMNv2/train.py": "a recipe is one script",
    "speechbrain_bifsmn/inference/keyword.py": "one class, mostly docstrings",
    "tests/engine/test_run.py": "one program",
    "tests/integration/test_hostile_folders.py": "one promise, all commands",
    "tests/integration/test_odd_uses.py": "one promise, all commands",
    "tests/recipes/test_prepare.py": "one script",
    "tests/unit/test_cli.py": "one command line",
    "tests/unit/test_engine_benchmark.py": "one benchmark",
    "tests/unit/test_evaluation.py": "one command",
    "tests/unit/test_model_file.py": "one format",
    "tests/unit/test_tune.py": "one command",
}
SOURCE = {".py", ".cpp", ".h", ".c", ".js", ".sh", ".html", ".css"}
# They name what they refuse, or hold commands as they were run.
HERE = (
    *("tests/house/", "CHANGELOG.md"),
    *("docs/results/", "benchmarks/results/", "speechbrain_bifsmn/pretrained/"),
)


@pytest.fixture(scope="module")
def files() -> list[Path]:
    """Of the repository, relative to its root."""
    return [
        path
        for path in sources.list_files(ROOT)
        if not path.as_posix().startswith(HERE)
    ]


def expect_none(wrong: list[str]) -> None:
    """Fails with what is wrong, one a line."""
    if wrong:
        lines = [f"{len(wrong)} in all", *wrong]
        pytest.fail("\n".join(lines).replace(f"{ROOT}/", ""), pytrace=False)


@pytest.mark.parametrize(
    ("package", "above"),
    [
        (PLUGIN, ["recipes", "benchmarks", "docs", "tests"]),
        (BENCHMARKS, ["tests"]),
    ],
    ids=["plugin", "benchmarks"],
)
def test_nothing_imports_what_is_above_it(
    package: Path, above: list[str]
) -> None:
    forbidden: set[str] = set().union(
        *(imports.top_level_names(ROOT / name) for name in above)
    )
    forbidden -= imports.top_level_names(package) - {*above}
    expect_none(imports.find_forbidden(package, forbidden))


def test_the_engine_imports_nothing_of_training() -> None:
    forbidden = {"speechbrain_bifsmn", "torch", "speechbrain", "scipy"}
    expect_none(imports.find_forbidden(ENGINE, forbidden))


@pytest.mark.parametrize("package", [PLUGIN, ENGINE], ids=lambda p: p.name)
def test_imports_go_in_no_circle(package: Path) -> None:
    circle = imports.find_circle(package)
    expect_none([circle] if circle else [])


@pytest.mark.parametrize(
    "folder", [PLUGIN, ENGINE, BENCHMARKS], ids=lambda p: p.name
)
def test_public_functions_are_annotated(folder: Path) -> None:
    expect_none(annotations.find_unannotated(folder))


def test_modules_are_found_without_edits_of_sys_path(
    files: list[Path],
) -> None:
    edited = {*sources.find_path_edits(ROOT, files)}
    expect_none(
        [
            f"{name}: edits sys.path; import plainly, or say in the list why"
            for name in sorted(edited - {*PATH_EDITS})
        ]
        + [
            f"{name}: does not edit sys.path; take it off the list"
            for name in sorted({*PATH_EDITS} - edited)
        ]
    )


def test_words_are_those_of_the_field(files: list[Path]) -> None:
    expect_none(sources.find_words(ROOT, files, vocabulary.RULES))


def test_files_stay_short(files: list[Path]) -> None:
    lengths = {
        path.as_posix(): len(sources.read_lines(ROOT / path))
        for path in files
        if path.suffix in SOURCE
    }
    expect_none(
        [
            f"{name}: has {lengths.get(name)} lines, of {sources.MAX_LINES}; "
            "shorten it, or take it off the list"
            for name in sorted(sources.find_excess(lengths, LONG))
        ]
    )
