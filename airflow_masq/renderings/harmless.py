"""Text of a plan in Markdown and CSV, where it must become no link, border, markup or formula.

It must not know what the text says, and leaves it readable.
"""

from __future__ import annotations

import re
from typing import Final

from airflow_masq.text import printable

_LONGEST_TEXT: Final = 2000
_MARKUP: Final = re.compile(r"([`*_\[\]<>|#~&])")
_BACKTICKS: Final = re.compile(r"`+")

# Words that GitHub (https://github.github.com/gfm/#autolinks-extension-, read 2026-11-25) or another reader takes for
# an address: with a scheme, "www.", an @, or a dot before a letter, as host names have. Links are found in what
# backslashes have been taken from, too, but never in code spans.
_LINKABLE: Final = re.compile(r"\S*(?:://|@|[wW]{3}\.|\.[^\W\d])\S*?(?=[,.;:!?)]*(?:\s|$))")

# What a spreadsheet would calculate (https://owasp.org/www-community/attacks/CSV_Injection, read 2026-11-25), at the
# beginning of a cell and where one begins for a program that parts cells by semicolons or tabs.
_FORMULA: Final = re.compile(r"(^|[;\t\r\n] *)(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")


def markdown_text(text: str, *, is_cell: bool = False) -> str:
    """Write a sentence that may hold names of a plan.

    :param text: any text.
    :param is_cell: whether it stands in a table, default not.
    :return: one line of Markdown that shows the text; words that might become links are code spans.
    """
    line = printable(text, limit=_LONGEST_TEXT)
    pieces, end = [], 0
    for linkable in _LINKABLE.finditer(line):
        pieces += [_escaped(line[end : linkable.start()]), _code(linkable[0], is_cell=is_cell)]
        end = linkable.end()
    return "".join((*pieces, _escaped(line[end:])))


def markdown_code(text: str, *, is_cell: bool = False) -> str:
    """Write a name of a plan as a code span, in which nothing is markup.

    :param text: any text that is not empty.
    :param is_cell: whether it stands in a table, default not.
    :return: the span, on one line.
    """
    return _code(printable(text, limit=_LONGEST_TEXT), is_cell=is_cell)


def csv_cell(text: str) -> str:
    """Guard a cell of a CSV file; an apostrophe makes text of what would be calculated.

    :param text: any text.
    :return: the text, with an apostrophe before each formula.
    """
    return _FORMULA.sub(r"\1'", text)


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text)


def _code(text: str, *, is_cell: bool) -> str:
    """Put a text between more backticks than it has in a row.

    A table's cell ends at a pipe even inside a code span, and takes a backslash before it away
    (https://github.github.com/gfm/#tables-extension-, read 2026-11-25).
    """
    fence = "`" * (1 + max(map(len, _BACKTICKS.findall(text)), default=0))
    padding = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    inside = text.replace("|", "\\|") if is_cell else text
    return f"{fence}{padding}{inside}{padding}{fence}"
