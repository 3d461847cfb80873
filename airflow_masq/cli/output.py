"""The output of commands: JSON for programs, text for people, colours for terminals only.

Foreign text is escaped where it enters (``text.escape``), not here.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from contextlib import suppress
from enum import Enum
from io import TextIOWrapper
from typing import Final

_NARROWEST: Final = 60
_WIDEST: Final = 110
_RESET: Final = "\x1b[0m"


class Colour(Enum):
    """The meaning of a word, shown as a terminal colour (ECMA-48 section 8.3.117)."""

    GOOD = "\x1b[32m"
    BAD = "\x1b[1;31m"
    DOUBTFUL = "\x1b[33m"
    QUIET = "\x1b[2m"


def paint(text: str, *, colour: Colour | None) -> str:
    """Colour a text if standard output is a terminal that shows colours.

    Align the text first, since the escape sequences count as characters.
    """
    # Any value of NO_COLOR that is not empty [source: no-color].
    shows_colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return f"{colour.value}{text}{_RESET}" if colour is not None and shows_colours else text


def print_json(value: object) -> None:
    """Print a value as indented JSON in ASCII."""
    print(json.dumps(value, indent=2))  # noqa: T201 - the command line's output


def print_lines(*lines: str) -> None:
    """Print lines of text, given without their line ends."""
    print(*lines, sep="\n")  # noqa: T201 - the command line's output


def print_form(text: str) -> None:
    """Print text for other programs, always in UTF-8, since an escape would change its meaning."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    print(text, end="")  # noqa: T201 - the command line's output


def print_remark(text: str) -> None:
    """Print a remark beside a form, on standard error; if that is full or closed, the form has to do."""
    if sys.stderr is not None:
        with suppress(OSError):
            print(text, file=sys.stderr)  # noqa: T201 - the command line's output


def show_progress(text: str) -> None:
    """Replace the progress on standard error, where that is a terminal; an empty text removes it."""
    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def wrap(text: str, *, indent: str = "", first: str | None = None) -> str:
    """Break a paragraph into lines that fit the terminal, or 110 columns without one.

    :param indent: the beginning of each line (default: empty).
    :param first: the beginning of the first line (default: ``indent``).
    """
    return textwrap.fill(
        text,
        get_line_width(),
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def get_line_width() -> int:
    """Return the columns of the terminal, 60 to 110, or 110 without one."""
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDEST
    return min(max(columns, _NARROWEST), _WIDEST)
