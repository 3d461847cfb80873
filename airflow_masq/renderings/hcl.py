"""HCL, the language of Terraform's files, as far as one resource needs it.

Texts are written so that Terraform evaluates nothing in them, and lines so that ``terraform fmt`` changes none.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_INDENT: Final = "  "
_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
_TEMPLATE_OPENING: Final = re.compile(r"(?<=[$%])\{")
_BRACE: Final = r"\\u007b"
_LAST_CHARACTER_OF_FOUR_DIGITS: Final = 0xFFFF

Scalar = str | bool | int | float


def quote(text: str) -> str:
    r"""Write a text as a literal with its quotes, on one line of ASCII.

    The backslash escapes; ``${`` and ``%{`` would begin a template [source: hcl-literals]. Their brace is escaped like
    a letter, since python-hcl2 does not read ``$${``, which means the same [source: observed-hcl2-brace].
    Terraform aligns by what it takes for one letter, so all that is not ASCII is escaped.
    """
    escaped = "".join(map(_escape, text))
    return f'"{_TEMPLATE_OPENING.sub(_BRACE, escaped)}"'


def is_kept(text: str) -> bool:
    """Say whether Terraform reads a literal as the text that was written.

    Its strings are in normal form C, composed where they were not, escaped or not [source: terraform-strings,
    observed-terraform-nfc].
    """
    return unicodedata.is_normalized("NFC", text)


def write_expression(value: Scalar | list[str] | Mapping[str, str]) -> list[str]:
    """Write a value as lines, without the indentation of the block around them."""
    if isinstance(value, str):
        return [quote(value)]
    if isinstance(value, list):
        return [f"[{', '.join(map(quote, value))}]"]
    if isinstance(value, Mapping):
        items = {quote(key): quote(item) for key, item in value.items()}
        return ["{", *(f"{_INDENT}{line}" for line in _align(items)), "}"] if items else ["{}"]
    return [json.dumps(value)]


@dataclass(kw_only=True)
class Block:
    """A block while it is being filled.

    :param attributes: the lines of an expression for each attribute, in order.
    :param repeated: name and content of blocks that may occur several times.
    :param blocks: the other blocks inside.
    """

    attributes: dict[str, list[str]] = field(default_factory=dict)
    repeated: list[tuple[str, Block]] = field(default_factory=list)
    blocks: dict[str, Block] = field(default_factory=dict)

    def enter(self, name: str) -> Block:
        """Give the block of a name inside this one, made where it was not there."""
        return self.blocks.setdefault(name, Block())

    def write(self, header: str) -> list[str]:
        """Write the block as ``terraform fmt`` has it: attributes of one line first, then longer ones, then blocks.

        :param header: its type and labels, for example ``resource "a" "b"``.
        """
        short = {name: lines[0] for name, lines in self.attributes.items() if len(lines) == 1}
        long = [[f"{name} = {lines[0]}", *lines[1:]] for name, lines in self.attributes.items() if len(lines) > 1]
        inner = [block.write(name) for name, block in (*self.repeated, *self.blocks.items())]
        body: list[str] = []
        for paragraph in filter(None, (_align(short), *long, *inner)):
            body += ["", *paragraph] if body else paragraph
        return [f"{header} {{", *(f"{_INDENT}{line}" if line else "" for line in body), "}"]


def _align(items: Mapping[str, str]) -> list[str]:
    """Write names and expressions of one line with their equals signs below one another."""
    width = max(map(len, items), default=0)
    return [f"{name.ljust(width)} = {text}" for name, text in items.items()]


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if " " <= character <= "~":
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= _LAST_CHARACTER_OF_FOUR_DIGITS else f"\\U{code:08x}"
