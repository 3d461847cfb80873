"""How Sphinx builds the site; ``./scripts/docs`` runs it.

The repository's top is the source folder, so that the README and links to other files are the same on the site and in
the repository. A link to a file that is no page becomes a download.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "airflow-masq"
extensions = ["myst_parser"]
include_patterns = ["*.md", "docs/**.md"]
exclude_patterns = [".*", "site"]
root_doc = "docs/README"
myst_heading_anchors = 4  # named as in the repository
html_theme = "furo"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
highlight_language = "text"  # a block without a language is a program's output
html_title = "airflow-masq"
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False

LANDING_PAGE = root_doc
CODES_PAGE = "docs/rules/README"


def add_navigation(_app: Sphinx, page: str, text: list[str]) -> None:
    """Make the navigation from the landing page's headings and links, which the repository shows as they are."""
    if page == LANDING_PAGE:
        beginning, *sections = re.split(r"^## ", text[0], flags=re.MULTILINE)
        text[0] += write_navigation(beginning)
        for section in sections:
            text[0] += write_navigation(section, options=(f":caption: {section.partition(chr(10))[0]}",))
    if page == CODES_PAGE:
        text[0] += write_navigation(text[0])


def write_navigation(section: str, *, options: tuple[str, ...] = ()) -> str:
    """Write a part of the navigation, in Sphinx's own words: the pages to which a text has links."""
    pages = dict.fromkeys(re.findall(r"\]\(([^):#]+)\.md\)", section))
    return "\n".join(["", "```{toctree}", ":hidden:", *options, "", *pages, "```", ""])


def setup(app: Sphinx) -> None:
    """Take part in Sphinx's work; Sphinx calls this."""
    app.connect("source-read", add_navigation)
