"""Lets Markdown be written for the repository, and be read on the site.

Links between files of the repository are relative. On the site, a link to a
file that a page includes leads to that page. Any other leads to the repository,
where its address is known: from ``BIFSMN_REPOSITORY``, or from Read the Docs.
Where it is not, the link is plain text.
"""

import os
import re
from functools import cache
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
        File, by its path -> page, by its name in ``docs``.
    """
    shown = {page: page.name for page in DOCS.glob("*.ipynb")}
    for page in sorted(DOCS.glob("*.md")):
        shown[page] = page.name
        for included in INCLUDE.findall(page.read_text(encoding="utf-8")):
            shown[(DOCS / included).resolve()] = page.name
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


def rewrite(text: str, folder: Path) -> str:
    """Makes the links of a file's text those of the site.

    Arguments
    ---------
    text : str
        Markdown.
    folder : Path
        That the file is in.

    Returns
    -------
    str
    """
    parts = CODE.split(text)
    for k, part in enumerate(parts):
        if not CODE.fullmatch(part):
            part = IMAGE.sub(lambda image: _image(image, folder), part)
            parts[k] = LINK.sub(lambda link: _link(link, folder), part)
    return "".join(parts)


def _link(link, folder):
    label, target, anchor = link[1], link[2], link[3] or ""
    path = (folder / target).resolve()
    if not target or "://" in target:
        return link[0]
    if not path.exists():
        raise FileNotFoundError(
            f"expected a file at the link {target} in {folder}, found none"
        )
    if page := pages().get(path):
        return f"[{label}]({page}{anchor})"
    if address := repository():
        return f"[{label}]({address}/{path.relative_to(ROOT)}{anchor})"
    return label


def _image(image, folder):
    """An image by its path from the site's folder, where pages are shown."""
    path = folder / image[2]
    if "://" in image[2] or not path.is_file():
        return image[0]  # Sphinx says what is missing.
    return f"![{image[1]}]({os.path.relpath(path, DOCS)})"


def setup(app: Sphinx) -> None:
    """Takes part in Sphinx's reading of pages, and of what they include."""

    def read(app, name, content):
        content[0] = rewrite(content[0], DOCS)

    def include(app, path, parent, content):
        content[0] = rewrite(content[0], (DOCS / path).resolve().parent)

    app.connect("source-read", read)
    app.connect("include-read", include)
