"""Foreign text quoted so that it can do no harm in a log or on a terminal.

``wire.foreign_text`` does the same for what observers answer; it is a neighbour out of reach here. The module must not
guess what the text means.
"""

from __future__ import annotations

from typing import Final

_CHARACTERS: Final = 60


def excerpt(text: str) -> str:
    """Quote the beginning of a text.

    :param text: whatever somebody wrote.
    :return: at most 60 of its characters, in quotes, all but plain ASCII escaped.
    """
    return ascii(text if len(text) <= _CHARACTERS else f"{text[:_CHARACTERS]}...")
