"""Text of a plan in Markdown and CSV: it stays readable, and becomes no link, border, markup or formula."""

from __future__ import annotations

import re
from typing import Final

from airflow_masq.text import escape

_LONGEST_TEXT: Final = 2000
_MARKUP: Final = re.compile(r"([`*_\[\]<>|#~&])")
_BACKTICKS: Final = re.compile(r"`+")

# Words that GitHub [source: gfm-autolinks] or another reader takes for an address: with a scheme, "www.", an @, or a
# dot before a letter, as host names have. Such readers also find links in text whose backslashes were removed, but
# never in code spans.
_LINKABLE: Final = re.compile(r"\S*(?:://|@|[wW]{3}\.|\.[^\W\d])\S*?(?=[,.;:!?)]*(?:\s|$))")

# What a spreadsheet would calculate [source: csv-injection], at the beginning of a cell, and after a semicolon or tab,
# where a cell begins for some programs.
_FORMULA: Final = re.compile(r"(^|[;\t\r\n] *)(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")


def escape_markdown(text: str, *, is_cell: bool = False) -> str:
    """Write a sentence that may hold names of a plan as one line of Markdown.

    Words that might become links are code spans.

    :param is_cell: whether it is in a table.
    """
    line = escape(text, limit=_LONGEST_TEXT)
    pieces, end = [], 0
    for linkable in _LINKABLE.finditer(line):
        pieces += [_escape_markup(line[end : linkable.start()]), _write_code(linkable[0], is_cell=is_cell)]
        end = linkable.end()
    return "".join((*pieces, _escape_markup(line[end:])))


def write_code_span(text: str, *, is_cell: bool = False) -> str:
    """Write a name of a plan, which is not empty, as a code span on one line; nothing in it is markup.

    :param is_cell: whether it is in a table.
    """
    return _write_code(escape(text, limit=_LONGEST_TEXT), is_cell=is_cell)


def escape_cell(text: str) -> str:
    """Write a cell of a CSV file, with an apostrophe before each formula, which makes it text."""
    return _FORMULA.sub(r"\1'", text)


def _escape_markup(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text)


def _write_code(text: str, *, is_cell: bool) -> str:
    """Put a text between more backticks than it has in a row.

    A table's cell ends at a pipe even inside a code span, and takes a backslash before it away [source: gfm-tables].
    """
    fence = "`" * (1 + max(map(len, _BACKTICKS.findall(text)), default=0))
    padding = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    inside = text.replace("|", "\\|") if is_cell else text
    return f"{fence}{padding}{inside}{padding}{fence}"
