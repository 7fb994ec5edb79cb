"""What the documents show is true: tables, examples, YAML, links."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hyperpyyaml import load_hyperpyyaml

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/[!_]*/**/*.md"),
    *ROOT.glob("recipes/**/*.md"),
    *ROOT.glob("arm_kernel/*.md"),
]
README = (ROOT / "README.md").read_text(encoding="utf-8")


COMPONENTS = (ROOT / "docs/reference/components.md").read_text(encoding="utf-8")


def blocks(language, page=README):
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def test_tables_are_those_of_the_results():
    command = [sys.executable, "-m", "benchmarks.reports", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 120


def test_examples_run():
    exec("\n".join(blocks("python")), {})


def test_components_load_from_yaml():
    (text,) = blocks("yaml", COMPONENTS)
    parts = load_hyperpyyaml(text)
    assert len(parts) == 11
    assert parts["objective"].distillation is parts["distillation"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target
