"""HCL read back by python-hcl2, an implementation that is not ours."""

from __future__ import annotations

import re
from typing import Any

_ESCAPE = re.compile(r'\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|([nrt"\\]))')
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def unquoted(literal: str) -> str:
    """Read a literal as HCL's specification says, from left to right.

    :param literal: with its quotes.
    :return: the text.
    """

    def meant(escape: re.Match[str]) -> str:
        four, eight, plain = escape.groups()
        return chr(int(four or eight, 16)) if four or eight else _PLAIN[plain]

    inside = literal.removeprefix('"').removesuffix('"')
    assert not re.search(r"[$%]\{", inside), "a template opens, or python-hcl2 takes it for one"
    return _ESCAPE.sub(meant, inside)


def plain(value: object) -> Any:  # noqa: ANN401 - any value that the file can hold
    """Make Python values of what python-hcl2 gives: literals unquoted, marks of blocks dropped.

    :param value: python-hcl2's answer, or a part of it.
    :return: plain values; a block that may be repeated is a list.
    """
    if isinstance(value, dict):
        return {unquoted(key): plain(inner) for key, inner in value.items() if key != "__is_block__"}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return unquoted(value) if isinstance(value, str) and value.startswith('"') else value
