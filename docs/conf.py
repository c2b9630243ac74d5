"""How the site is built from docs/, lessons/ and the docstrings: ``make docs``."""

import hashlib
import os
import re
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

HERE = Path(__file__).parent
SOURCES = sorted((HERE.parent / "src").rglob("*.py"))

project = "feedforward"
author = "The feedforward developers"
version = release = installed("feedforward")

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx-mathjax-offline",
]
exclude_patterns = ["lessons/README.md"]
templates_path = ["_templates"]
nitpicky = True
# Of other projects: their own sites describe them, and a build needs no network.
nitpick_ignore_regex = [("py:.*", r"(sklearn|torch|numpy|matplotlib|pandas)\..*")]

# Lessons and guide are MyST notebooks: run when they, or the library, have changed; an error in one is an error of the
# build. They run in a folder of their own each, and may write files; docs/shown.py is there for them to import.
nb_execution_mode = "cache"
nb_execution_cache_path = str(
    HERE.parent / "build" / "notebooks" / hashlib.sha256(b"".join(map(Path.read_bytes, SOURCES))).hexdigest()[:12]
)
nb_execution_in_temp = True
nb_execution_timeout = 600  # of one cell; a busy machine takes its time
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_render_markdown_format = "gfm"
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH", "")]))

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "attrs_inline"]
myst_heading_anchors = 3

# Types stand in the docstrings, in words that people read.
autodoc_typehints = "none"
autodoc_class_signature = "mixed"
autosummary_generate = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "pydata_sphinx_theme"
html_title = "feedforward"
html_logo = "_static/logo.svg"
html_favicon = "_static/logo.svg"
html_static_path = ["_static"]
html_css_files = ["looks.css"]
html_show_sourcelink = False
html_sidebars: dict[str, list[str]] = {"index": [], "changelog": [], "decisions": []}
html_theme_options = {
    "logo": {"text": "feedforward"},
    "navigation_with_keys": False,
    "show_nav_level": 1,
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
copyright = "The feedforward developers, MIT licence"


def _not_for_readers(app: Sphinx, what: str, name: str, thing: Any, skip: bool, options: Any) -> bool | None:
    """Leave out what scikit-learn adds to every estimator, described there, and what `load` alone calls."""
    ours = r"take_encoder|take_network|checked_preset"
    return (
        True if re.fullmatch(rf"set_\w+_request|get_metadata_routing|set_callbacks|set_output|{ours}", name) else None
    )


def setup(app: Sphinx) -> None:
    """Connect what is decided here with Sphinx."""
    app.connect("autodoc-skip-member", _not_for_readers)
