r"""Text for people: escapes foreign text, describes values in errors, joins lists in sentences, and aligns tables.

Text from observers, files and APIs appears in task logs, tables and pages. Control characters, terminal escape
sequences, line breaks and the invisible characters that change the reading direction ("Trojan Source", CVE-2021-42574)
are shown as escapes. HTML is not escaped here; the code that writes a page escapes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

_ELLIPSIS: Final = "…"
_EXCERPT_CHARACTERS: Final = 80
_MOST_COMPARED: Final = 100
_LARGEST_NUMBER_SHOWN: Final = 2**63

COLUMN_GAP: Final = "  "
"""The space between columns."""


def escape(foreign: str | bytes, *, limit: int = 120) -> str:
    r"""Escape foreign text to one harmless line.

    :param foreign: any text; bytes are read as UTF-8, and those that are not UTF-8 become ``\xNN``.
    :param limit: the maximum length of the line, at least 1; a trailing "…" shows that text was cut off.
    :return: printable characters (``str.isprintable``) as they are, all others, and the backslash, escaped as in a
        Python literal.
    """
    # A character has at most 4 bytes, so this is enough to fill the line.
    text = foreign[: 4 * limit + 4].decode("utf-8", "surrogateescape") if isinstance(foreign, bytes) else foreign
    if len(text) <= limit and text.isprintable() and "\\" not in text:  # most texts need no escapes
        return text
    pieces: list[str] = []
    room = limit
    for character in text[: limit + 1]:
        if character.isprintable() and character != "\\":
            piece = character
        elif "\udc80" <= character <= "\udcff":  # a byte that is not UTF-8 (PEP 383)
            piece = f"\\x{ord(character) - 0xDC00:02x}"
        else:
            piece = character.encode("unicode_escape").decode("ascii")
        room -= len(piece)
        pieces.append(piece)
        if room < 0:
            # Drop whole pieces, never half an escape, until the ellipsis fits.
            while room < len(_ELLIPSIS):
                room += len(pieces.pop())
            return "".join(pieces) + _ELLIPSIS
    return "".join(pieces)


def escape_again(text: str, *, limit: int = 2_000) -> str:
    """Escape text that may hold escapes of ours: one printable line that is short enough stays as it is."""
    return text if text.isprintable() and len(text) <= limit else escape(text, limit=limit)


def shorten(text: str, *, limit: int) -> str:
    """Cut text that needs no escapes to at most ``limit`` characters, the closing "…" included."""
    return text if len(text) <= limit else f"{text[: limit - len(_ELLIPSIS)]}{_ELLIPSIS}"


def quote(text: str) -> str:
    """Quote the first 80 characters of a text; all but ASCII is escaped, so that look-alike letters show."""
    return ascii(text if len(text) <= _EXCERPT_CHARACTERS else f"{text[:_EXCERPT_CHARACTERS]}...")


def describe(value: object) -> str:
    """Describe any value for the ``seen`` of an error: a text by its beginning, a container by its type alone."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) >= _LARGEST_NUMBER_SHOWN:
        return "a number of more than 64 bits"
    if isinstance(value, Mapping | list | tuple) and not value:
        return describe_type(value).replace("a", "an empty", 1)
    return str(value) if isinstance(value, int | float) else describe_type(value)


def describe_type(value: object) -> str:
    """Describe a value that may be a secret: by its type alone."""
    known = next((name for kind, name in _TYPE_NAMES if isinstance(value, kind)), None)
    return known or f"a value of type {escape(type(value).__name__)}"


_TYPE_NAMES: Final = (
    (type(None), "nothing"),
    (str, "text"),
    (bool, "a boolean"),
    (int | float, "a number"),
    (Mapping, "a mapping"),
    (list | tuple, "a list"),
)


def suggest(word: str, choices: Iterable[str], *, likeness: float = 0.6) -> str:
    """Suggest the choice that was probably meant: `` (did you mean workers?)``, or nothing if none is alike.

    :param likeness: how alike they must be, from 0 to 1.
    """
    nearest = get_close_matches(word[:_MOST_COMPARED], list(choices), n=1, cutoff=likeness)
    return f" (did you mean {escape(nearest[0])}?)" if nearest else ""


def join_words(values: Iterable[object], *, most: int | None = 10) -> str:
    """Join values with commas for a sentence: the first ``most``, or all (``None``), and how many there are more."""
    texts = [str(value) for value in values]
    more = f" and {len(texts) - most} more" if most is not None and len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def format_count(number: int, *, noun: str, plural: str | None = None) -> str:
    """Write a number with its noun: ``1 error``, ``2 errors``; the plural is the noun with an s by default."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or f'{noun}s'}"


def align(rows: Iterable[Sequence[str]], *, widths: Sequence[int] = ()) -> list[str]:
    """Lay out rows with the same number of cells in columns, without spaces at the end of a line.

    :param widths: the columns' widths, default those of their longest cells.
    """
    rows = list(rows)
    widths = widths or [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        COLUMN_GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
