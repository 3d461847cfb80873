"""How commands speak: JSON for programs, text for people, colours for terminals only.

Foreign text that reaches a terminal through here was escaped where it came in (``text.printable``). It must not know
any command.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from enum import Enum
from io import TextIOWrapper
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TextIO

_NARROWEST: Final = 60
_WIDEST: Final = 110
GAP: Final = "  "
"""What stands between columns."""

_RESET: Final = "\x1b[0m"


class Colour(Enum):
    """What a word means, as a terminal shows it (ECMA-48 section 8.3.117)."""

    GOOD = "\x1b[32m"
    BAD = "\x1b[1;31m"
    DOUBTFUL = "\x1b[33m"
    QUIET = "\x1b[2m"


def paint(text: str, *, colour: Colour | None) -> str:
    """Colour a word where standard output is a terminal that shows colours.

    :param text: the word; align it before, since what colours it has a length too.
    :param colour: what it means; ``None`` for nothing.
    :return: the word, coloured or as it is.
    """
    return f"{colour.value}{text}{_RESET}" if colour is not None and _shows_colours(sys.stdout) else text


def print_json(value: object) -> None:
    """Print a value as indented JSON in ASCII.

    :param value: made of JSON's types.
    """
    print(json.dumps(value, indent=2))  # noqa: T201 - the command line's output


def print_lines(*lines: str) -> None:
    """Print lines of text.

    :param lines: each without a line end.
    """
    print(*lines, sep="\n")  # noqa: T201 - the command line's output


def print_form(text: str) -> None:
    """Print what other programs read, in UTF-8 whatever a terminal's encoding: an escape would be another text to them.

    :param text: the whole of it, with a line feed at its end.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    print(text, end="")  # noqa: T201 - the command line's output


def aligned(rows: Iterable[Sequence[str]]) -> list[str]:
    """Lay cells out in columns as wide as their widest cell.

    :param rows: rows of as many cells each.
    :return: one line a row, without blanks at its end.
    """
    cells = [tuple(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def wrapped(text: str, *, indent: str = "", first: str | None = None) -> str:
    """Break a text into lines that fit the terminal, or 110 columns where there is none.

    :param text: one paragraph.
    :param indent: what stands before each line, default nothing.
    :param first: what stands before the first line, default ``indent``.
    :return: the lines, joined.
    """
    beginning = indent if first is None else first
    return textwrap.fill(
        text,
        line_width(),
        initial_indent=beginning,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def line_width() -> int:
    """Say how wide a line may be.

    :return: the columns of the terminal, 60 to 110; 110 where there is none.
    """
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDEST
    return min(max(columns, _NARROWEST), _WIDEST)


def _shows_colours(stream: TextIO) -> bool:
    # https://no-color.org, read 2026-11-22: any value that is not empty.
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
