"""HCL, the language of Terraform's files, as far as one resource needs it.

Texts are written so that Terraform evaluates nothing in them, and lines so that ``terraform fmt`` changes none. It must
not know what a resource is.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Final

_INDENT: Final = "  "
_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
_TEMPLATE_OPENING: Final = re.compile(r"(?<=[$%])\{")
_BRACE: Final = r"\\u007b"
_LAST_CHARACTER_OF_FOUR_DIGITS: Final = 0xFFFF

Scalar = str | bool | int | float


def quoted(text: str) -> str:
    r"""Write a text as a literal.

    https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md ("Quoted Templates", read 2026-11-22): the backslash
    escapes; ``${`` and ``%{`` would begin a template. Their brace is escaped like a letter, since python-hcl2 does not
    read the ``$${`` that stands for it as well. Terraform aligns by what it takes for one letter, so all that is not
    ASCII is escaped.

    :param text: any text.
    :return: the literal with its quotes, on one line of ASCII.
    """
    escaped = "".join(map(_escaped, text))
    return f'"{_TEMPLATE_OPENING.sub(_BRACE, escaped)}"'


def comes_back(text: str) -> bool:
    """Say whether Terraform reads a literal as the text that was written.

    Its strings are in normal form C, composed where they were not, escaped or not
    (https://developer.hashicorp.com/terraform/language/expressions/strings, read 2026-11-25; Terraform 1.11.4 does so).

    :param text: any text.
    :return: whether it does.
    """
    return unicodedata.is_normalized("NFC", text)


def expression(value: Scalar | list[str] | Mapping[str, str]) -> list[str]:
    """Write a value.

    :param value: a scalar, a list of texts, or a mapping from text to text.
    :return: the lines of the expression, without the indentation of what it stands in.
    """
    if isinstance(value, str):
        return [quoted(value)]
    if isinstance(value, list):
        return [f"[{', '.join(map(quoted, value))}]"]
    if isinstance(value, Mapping):
        items = {quoted(key): quoted(item) for key, item in value.items()}
        return ["{", *(f"{_INDENT}{line}" for line in aligned(items)), "}"] if items else ["{}"]
    return [json.dumps(value)]


def block(header: str, *, attributes: Mapping[str, list[str]], blocks: list[list[str]]) -> list[str]:
    """Write a block.

    :param header: its type and labels, for example ``resource "a" "b"``.
    :param attributes: the lines of an expression for each attribute, in order; those of one line come first.
    :param blocks: the lines of the blocks inside.
    :return: its lines, as ``terraform fmt`` has them.
    """
    short = {name: lines[0] for name, lines in attributes.items() if len(lines) == 1}
    long = [[f"{name} = {lines[0]}", *lines[1:]] for name, lines in attributes.items() if len(lines) > 1]
    paragraphs = [paragraph for paragraph in (aligned(short), *long, *blocks) if paragraph]
    body: list[str] = []
    for paragraph in paragraphs:
        body += ["", *paragraph] if body else paragraph
    return [f"{header} {{", *(f"{_INDENT}{line}" if line else "" for line in body), "}"]


def aligned(items: Mapping[str, str]) -> list[str]:
    """Write names and expressions with their equals signs below one another.

    :param items: expressions of one line by name.
    :return: a line for each.
    """
    width = max(map(len, items), default=0)
    return [f"{name.ljust(width)} = {text}" for name, text in items.items()]


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if " " <= character <= "~":
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= _LAST_CHARACTER_OF_FOUR_DIGITS else f"\\U{code:08x}"
