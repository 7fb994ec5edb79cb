"""Lets Markdown be written for the repository, and be read on the site.

Links between files of the repository are relative. On the site, a link to a
file that a page includes leads to that page. Any other leads to the repository,
where its address is known: from ``BIFSMN_REPOSITORY``, or from Read the Docs.
Where it is not, the link is plain text.
"""

import os
import re
from functools import cache, partial
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
INCLUDE = re.compile(r"^```\{include\} (\S+)", re.MULTILINE)
LINK = re.compile(
    r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s#]*)(#[^()\s]*)?\)"
)
IMAGE = re.compile(r"!\[([^\[\]]*)\]\(([^()\s]+)\)")
CODE = re.compile(r"(^```.*?^```|`[^`\n]+`)", re.DOTALL | re.MULTILINE)


@cache
def pages() -> dict[Path, str]:
    """Returns which page shows which file of the repository.

    Returns
    -------
    dict
        Path of a file -> path of a page in ``docs``.
    """
    shown = {page: page for page in DOCS.glob("*/*.ipynb")}
    for page in [*DOCS.glob("*.md"), *DOCS.glob("[!_]*/**/*.md")]:
        shown[page] = page
        for included in INCLUDE.findall(page.read_text(encoding="utf-8")):
            shown[(page.parent / included).resolve()] = page
    return shown


def repository() -> str:
    """Returns the address before paths of the repository; "" if unknown."""
    if address := os.environ.get("BIFSMN_REPOSITORY"):
        return address.rstrip("/")
    address = os.environ.get("READTHEDOCS_GIT_CLONE_URL", "")
    commit = os.environ.get("READTHEDOCS_GIT_COMMIT_HASH")
    if not address.startswith("https://") or not commit:
        return ""
    return f"{address.removesuffix('.git')}/blob/{commit}"


def rewrite(text: str, folder: Path, shown_in: Path) -> str:
    """Makes the links of a file's text those of the site.

    Arguments
    ---------
    text : str
        Markdown.
    folder : Path
        That the file is in.
    shown_in : Path
        The folder of the page that shows it.

    Returns
    -------
    str
    """
    parts = CODE.split(text)
    for k, part in enumerate(parts):
        if not CODE.fullmatch(part):
            for pattern, moved in ((IMAGE, _image), (LINK, _link)):
                part = pattern.sub(partial(moved, folder, shown_in), part)
            parts[k] = part
    return "".join(parts)


def _link(folder, shown_in, link):
    label, target, anchor = link[1], link[2], link[3] or ""
    path = (folder / target).resolve()
    if not target or "://" in target:
        return link[0]
    if not path.exists():
        raise FileNotFoundError(
            f"expected a file at the link {target} in {folder}, found none"
        )
    if page := pages().get(path):
        return f"[{label}]({os.path.relpath(page, shown_in)}{anchor})"
    if address := repository():
        return f"[{label}]({address}/{path.relative_to(ROOT)}{anchor})"
    return label


def _image(folder, shown_in, image):
    path = folder / image[2]
    if "://" in image[2] or not path.is_file():
        return image[0]  # Sphinx says what is missing.
    return f"![{image[1]}]({os.path.relpath(path, shown_in)})"


def setup(app: Sphinx) -> None:
    """Takes part in Sphinx's reading of pages, and of what they include."""

    def read(app, name, content):
        folder = (DOCS / name).parent
        content[0] = rewrite(content[0], folder, folder)

    def include(app, path, parent, content):
        folder = (DOCS / path).resolve().parent
        shown_in = (DOCS / app.env.docname).parent
        content[0] = rewrite(content[0], folder, shown_in)

    app.connect("source-read", read)
    app.connect("include-read", include)
