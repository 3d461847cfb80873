"""Foreign text quoted, and long lists shortened, so that they do no harm in a log or on a terminal.

``wire.foreign_text`` does the same for what observers answer; it is a neighbour out of reach here. The module must not
guess what the text means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_CHARACTERS: Final = 60
_MOST_LISTED: Final = 10


def excerpt(text: str) -> str:
    """Quote the beginning of a text.

    :param text: whatever somebody wrote.
    :return: at most 60 of its characters, in quotes, all but plain ASCII escaped.
    """
    return ascii(text if len(text) <= _CHARACTERS else f"{text[:_CHARACTERS]}...")


def listed(values: Iterable[object], *, most: int = _MOST_LISTED) -> str:
    """List what a sentence names.

    :param values: addresses, ranges or kinds of source.
    :param most: how many are named, default 10; of the others it is said how many there are.
    :return: them, separated by commas.
    """
    texts = [str(value) for value in values]
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more
