"""The site of the documents: built without a warning, and complete."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import speechbrain_bifsmn

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
API = "reference/api"
ENGINE = ROOT / "arm_kernel" / "python" / "bifsmn_engine"

pytest.importorskip("sphinx", reason="the extra docs is not installed")
from docs import repository_links  # noqa: E402


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = ["sphinx", "-q", "-W", "--keep-going", DOCS, folder]
    environment = {**os.environ, "BIFSMN_REPOSITORY": "https://example.org"}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder


def public_modules():
    """Of both packages; found in the folders, not by importing."""
    found = ["speechbrain_bifsmn", "bifsmn_engine"]
    for folder, prefix in (
        (Path(speechbrain_bifsmn.__file__).parent, "speechbrain_bifsmn."),
        (ENGINE, "bifsmn_engine."),
    ):
        for path in folder.rglob("*.py"):
            parts = path.relative_to(folder).with_suffix("").parts
            parts = parts[:-1] if parts[-1] == "__init__" else parts
            shipped = parts[:1] == ("pretrained",) and len(parts) > 1
            if parts and not shipped and not any(p[0] == "_" for p in parts):
                found.append(prefix + ".".join(parts))
    return found


@pytest.mark.slow
def test_every_public_module_has_a_page(site):
    modules = public_modules()
    assert len(modules) > 60
    missing = [m for m in modules if not (site / f"{API}/{m}.html").is_file()]
    assert not missing


@pytest.mark.slow
def test_docstrings_and_help_are_there(site):
    page = (site / API / "speechbrain_bifsmn.nnet.binarize.html").read_text()
    for text in ("Parameters", "Returns", "Example", "scale_layout"):
        assert text in page
    page = (site / API / "bifsmn_engine.cli.spot.html").read_text()
    assert "usage: bifsmn spot" in page
    page = (site / API / "bifsmn_engine.model.html").read_text()
    assert "window_samples" in page


@pytest.mark.slow
def test_pages_need_no_network_and_tell_no_path(site):
    loaded = re.compile(
        r'<(?:script|img|link)[^>]*(?:src|href)="(?:https?:)?//'
    )
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not loaded.search(text), page
        assert str(ROOT) not in text, page


@pytest.mark.slow
def test_links_between_files_work_on_the_site(site):
    index = (site / "index.html").read_text(encoding="utf-8")
    assert 'href="reference/data.html"' in index
    assert 'href="reference/engine.html"' in index
    assert 'href="https://example.org/CITATION.cff"' in index
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r'href="(?!https?:)[^"]*\.md["#]', text), page


def test_links_are_rewritten(monkeypatch):
    monkeypatch.delenv("BIFSMN_REPOSITORY", raising=False)
    monkeypatch.delenv("READTHEDOCS_GIT_CLONE_URL", raising=False)
    rewrite = repository_links.rewrite
    text = "[a](arm_kernel/README.md#use), [b](LICENSE), `[c](LICENSE)`"
    expected = "[a](reference/engine.md#use), b, `[c](LICENSE)`"
    assert rewrite(text, ROOT, DOCS) == expected
    assert rewrite("[a](../README.md)", DOCS, DOCS) == "[a](index.md)"
    text = "[a](README.md)"
    assert rewrite(text, ROOT, DOCS / "reference") == "[a](../index.md)"
    text = "[a](#b) ![c](d.png)"
    assert rewrite(text, DOCS, DOCS) == text
    with pytest.raises(FileNotFoundError, match=r"no\.md"):
        rewrite("[a](no.md)", ROOT, DOCS)


def test_links_lead_to_the_repository_on_read_the_docs(monkeypatch):
    monkeypatch.delenv("BIFSMN_REPOSITORY", raising=False)
    address = "https://example.org/a/b.git"
    monkeypatch.setenv("READTHEDOCS_GIT_CLONE_URL", address)
    monkeypatch.setenv("READTHEDOCS_GIT_COMMIT_HASH", "12ab")
    expected = "[x](https://example.org/a/b/blob/12ab/LICENSE)"
    text = repository_links.rewrite("[x](LICENSE)", ROOT, DOCS)
    assert text == expected


WITHOUT_LIBRARY = """
from pathlib import Path
is_file = Path.is_file
Path.is_file = lambda path: path.stem != "libbifsmn" and is_file(path)
import conf, bifsmn_engine
print(bifsmn_engine.Model.__doc__)
"""


def test_the_library_need_not_be_built():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_LIBRARY],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(DOCS)},
        capture_output=True,
        text=True,
    )
    assert "A network from a ``.bifsmn`` file." in done.stdout, done.stderr


def test_pictures_of_the_readme_are_found_from_the_site():
    text = "![a](docs/results/det_v1_12.png)"
    text = repository_links.rewrite(text, ROOT, DOCS)
    assert text == "![a](results/det_v1_12.png)"
    text = "![a](results/det_v1_12.png) ![b](https://example.org/b.png)"
    assert repository_links.rewrite(text, DOCS, DOCS) == text
