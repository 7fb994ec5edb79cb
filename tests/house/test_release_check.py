"""A tag is released only if everything names its version."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "check_release.py"
PLUGIN = "speechbrain_bifsmn/__init__.py"
ENGINE = "arm_kernel/python/bifsmn_engine/__init__.py"
CMAKE = "arm_kernel/CMakeLists.txt"
FILES = {
    PLUGIN: '"""A package."""\n\n__version__ = "1.2.3"\n',
    ENGINE: '__version__ = "1.2.3"\n',
    CMAKE: "project(bifsmn VERSION 1.2.3 LANGUAGES C CXX)\n",
    "CITATION.cff": "cff-version: 1.2.0\nversion: 1.2.3\n",
    "CHANGELOG.md": (
        "# Changelog\n\n## [1.2.3] - 2026-01-31\n\n### Added\n\n- Much.\n\n"
        "## [1.2.2] - 2026-01-01\n\n- Little.\n"
    ),
}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that can be released."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)  # a hook of git has those of its repository
    for name, text in FILES.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    folder = tmp_path / "tree"
    (folder / "scripts").mkdir()
    shutil.copy(SCRIPT, folder / "scripts")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    """Commits everything, whatever the settings of the machine are."""
    author = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for command in (
        ("init", "-q"),
        ("add", "-A"),
        (*author, "-c", "commit.gpgsign=false", "commit", "-qm", "All"),
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)


def check(tree: Path, tag: str = "v1.2.3", *options: str) -> list[str]:
    """Returns the faults that the script names."""
    done = subprocess.run(
        [
            sys.executable,
            tree / "scripts" / SCRIPT.name,
            "--tag",
            tag,
            *options,
        ],
        capture_output=True,
        text=True,
    )
    faults = done.stderr.splitlines()
    assert done.returncode == bool(faults), done.stderr
    return faults


def test_what_can_be_released(tree: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes.md"
    assert not check(tree, "v1.2.3", f"--notes={notes}")
    assert notes.read_text() == "### Added\n\n- Much.\n"


@pytest.mark.parametrize("name", [PLUGIN, ENGINE, CMAKE, "CITATION.cff"])
def test_each_place_of_the_version(tree: Path, name: str) -> None:
    path = tree / name
    path.write_text(FILES[name].replace("1.2.3", "1.2.4"))
    commit(tree)
    (fault,) = check(tree)
    assert fault.startswith(f"{name}: expected version 1.2.3")
    assert "found 1.2.4" in fault


def test_a_file_without_version(tree: Path) -> None:
    (tree / CMAKE).write_text("project(bifsmn)\n")
    (tree / PLUGIN).unlink()
    commit(tree)
    faults = check(tree)
    assert len(faults) == 2
    assert all("found no version" in fault for fault in faults)


def test_the_tag_of_another_version(tree: Path) -> None:
    faults = check(tree, "v1.2.4")
    assert len(faults) == 5  # four places, and the changelog
    assert "expected a section [1.2.4]" in faults[-1]


@pytest.mark.parametrize("tag", ["1.2.3", "v1.2", "v1.2.3rc1", "main", ""])
def test_what_is_no_tag_of_a_release(tree: Path, tag: str) -> None:
    (fault,) = check(tree, tag)
    assert "expected one such as v0.1.0" in fault


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("## [1.2.3] - unreleased\n\n- Much.\n", "found 'unreleased'"),
        ("## [1.2.3]\n\n- Much.\n", "found 'none'"),
        ("## [1.2.3] - 2026-01-31\n\n### Added\n", "expected text below"),
        ("## [1.2.30] - 2026-01-31\n\n- Much.\n", "expected a section"),
    ],
)
def test_the_changelog(tree: Path, section: str, expected: str) -> None:
    older = "\n## [1.2.2] - 2026-01-01\n\n- Little.\n"
    (tree / "CHANGELOG.md").write_text(f"# Changelog\n\n{section}{older}")
    commit(tree)
    (fault,) = check(tree)
    assert expected in fault


def test_a_tree_with_changes(tree: Path) -> None:
    (tree / "stray.txt").write_text("")
    (fault,) = check(tree)
    assert "tree without changes" in fault and "stray.txt" in fault


def test_a_folder_without_git(tree: Path) -> None:
    shutil.rmtree(tree / ".git")
    (fault,) = check(tree)
    assert "expected a git repository" in fault


def test_not_even_notes_of_what_has_faults(tree: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes.md"
    assert check(tree, "v1.2.4", f"--notes={notes}")
    assert not notes.exists()
