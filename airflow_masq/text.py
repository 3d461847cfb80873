"""Text for people: foreign text made safe to print, and long lists shortened.

What an observer, a file or an API says ends up in task logs, tables and pages. Control characters, terminal escape
sequences, line breaks and the invisible characters that turn the reading direction ("Trojan Source", CVE-2021-42574)
are shown as escapes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_ELLIPSIS: Final = "…"
_EXCERPT_CHARACTERS: Final = 60
_MOST_LISTED: Final = 10


def printable(foreign: str | bytes, *, limit: int = 120) -> str:
    r"""Show foreign text in one harmless line of at most ``limit`` characters.

    Printable characters (``str.isprintable``) stand for themselves, all others, and the backslash, are escaped as in a
    Python literal; bytes are read as UTF-8, and those that are not become ``\xNN``. HTML is left as it is: whoever
    writes a page escapes for it.

    :param foreign: what somebody else sent.
    :param limit: the longest answer, in characters, at least 1; what was cut off shows as a closing "…".
    :return: the line; empty where ``foreign`` is empty.
    """
    # No character needs more than 4 bytes, so this much is enough to fill the line.
    text = foreign[: 4 * limit + 4].decode("utf-8", "surrogateescape") if isinstance(foreign, bytes) else foreign
    pieces: list[str] = []
    room = limit
    for character in text[: limit + 1]:
        piece = _escaped(character)
        if len(piece) > room:
            return _shortened(pieces, limit=limit)
        pieces.append(piece)
        room -= len(piece)
    return "".join(pieces)


def _shortened(pieces: list[str], *, limit: int) -> str:
    """Drop whole pieces, never half an escape, until the ellipsis fits."""
    kept = list(pieces)
    while sum(map(len, kept)) + len(_ELLIPSIS) > limit:
        kept.pop()
    return "".join(kept) + _ELLIPSIS


def _escaped(character: str) -> str:
    if character.isprintable() and character != "\\":
        return character
    if "\udc80" <= character <= "\udcff":  # a byte that was no UTF-8 (PEP 383)
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def excerpt(text: str) -> str:
    """Quote the beginning of a text.

    :param text: whatever somebody wrote.
    :return: at most 60 of its characters, in quotes, all but plain ASCII escaped.
    """
    return ascii(text if len(text) <= _EXCERPT_CHARACTERS else f"{text[:_EXCERPT_CHARACTERS]}...")


def listed(values: Iterable[object], *, most: int = _MOST_LISTED) -> str:
    """List what a sentence names.

    :param values: addresses, ranges or kinds of source.
    :param most: how many are named, default 10; of the others it is said how many there are.
    :return: them, separated by commas.
    """
    texts = [str(value) for value in values]
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more
