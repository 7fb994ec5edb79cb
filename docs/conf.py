"""Sphinx's settings; ``make docs`` builds the site."""

import shutil
import sys
from pathlib import Path
from unittest.mock import patch

from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS))

import docstrings  # noqa: E402
import repository_links  # noqa: E402

import speechbrain_bifsmn  # noqa: E402


def import_engine() -> None:
    """Imports the engine; without its library, the Python part alone.

    Its pages need signatures and docstrings, and no library.
    """
    try:
        import bifsmn_engine.model  # noqa: F401
    except ImportError:
        with (
            patch("ctypes.CDLL"),
            patch("pathlib.Path.is_file", return_value=True),
        ):
            import bifsmn_engine.model  # noqa: F401


import_engine()
# The pages of modules are made anew, lest that of a former one remains.
shutil.rmtree(DOCS / "reference" / "api", ignore_errors=True)

project = "speechbrain-bifsmn"
author = f"The {project} contributors"
project_copyright = author
version = release = speechbrain_bifsmn.__version__

extensions = [
    "myst_nb",  # Markdown and notebooks
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
templates_path = ["_templates"]
exclude_patterns = ["_build"]

highlight_language = "none"  # of blocks that do not say theirs
html_theme = "furo"
html_title = project
html_show_sphinx = False

myst_heading_anchors = 4  # links to headings, as in the repository
nb_execution_mode = "off"  # a test runs the tutorial

autosummary_generate = True
autodoc_default_options = {
    "members": True,
    "member-order": "bysource",
    "ignore-module-all": True,  # each thing on the page of its own module
    "show-inheritance": True,
}
autodoc_preserve_defaults = True
add_module_names = False
napoleon_google_docstring = False
napoleon_use_rtype = False


def setup(app: Sphinx) -> None:
    """Adds what the project does by itself."""
    docstrings.setup(app)
    repository_links.setup(app)
