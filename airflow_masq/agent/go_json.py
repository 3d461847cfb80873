"""JSON as Go's ``encoding/json`` reads it: the form in which the IP masquerade agent decodes its config.

The agent turns YAML into JSON first; what starts with ``{`` it takes for JSON already. Texts keep their raw form and
numbers their literal, because the agent's durations and integers are read from those. The grammar is RFC 8259's. The
module must not round, repair or drop anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import excerpt

# Go gives up at 10,000 levels (maxNestingDepth in encoding/json's scanner.go, read 2026-11-22), which no config has;
# here it is fewer, since reading recurses.
DEEPEST: Final = 64
TOO_DEEP: Final = f"it has more than {DEEPEST} levels"

_BLANKS: Final = re.compile(r"[ \t\r\n]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_TEXT: Final = re.compile(r'"((?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*)"')
_ESCAPE: Final = re.compile(r"(?:\\u[0-9a-fA-F]{4})+|\\.")
_ESCAPED: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS: Final[dict[str, bool | None]] = {"null": None, "true": True, "false": False}


@dataclass(frozen=True)
class JsonText:
    """A text: what it says, and how it stands between its quotes."""

    value: str
    raw: str


@dataclass(frozen=True)
class JsonNumber:
    """A number, as it is written."""

    literal: str


@dataclass(frozen=True)
class JsonList:
    """An array."""

    items: tuple[JsonValue, ...]


@dataclass(frozen=True)
class JsonObject:
    """An object with its members in their order; a name may come several times."""

    members: tuple[tuple[str, JsonValue], ...]


JsonValue: TypeAlias = bool | JsonText | JsonNumber | JsonList | JsonObject | None


def parse_json(text: str) -> JsonValue:
    """Read one JSON text, strictly.

    :param text: the text, without a byte order mark.
    :return: its value.
    :raises InvalidInputError: when it is anything else.
    :raises RecursionError: when it has more than 64 levels.
    """
    reader = _Reader(text)
    value = reader.value(depth=0)
    reader.end()
    return value


class _Reader:
    """A place in a text that moves on."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._skip_blanks()

    def value(self, *, depth: int) -> JsonValue:
        """Read a value and the blanks behind it."""
        if depth > DEEPEST:
            raise RecursionError(TOO_DEEP)
        start = self._text[self._at : self._at + 1]
        if start == "{":
            return self._object(depth=depth)
        if start == "[":
            return self._list(depth=depth)
        if start == '"':
            return self._string()
        for word, value in _WORDS.items():
            if self._text.startswith(word, self._at):
                self._move_to(self._at + len(word))
                return value
        number = _NUMBER.match(self._text, self._at)
        if number is None:
            raise self._error("a value")
        self._move_to(number.end())
        return JsonNumber(number.group())

    def end(self) -> None:
        """Refuse whatever is left."""
        if self._at < len(self._text):
            raise self._error("the end")

    def _object(self, *, depth: int) -> JsonObject:
        members: list[tuple[str, JsonValue]] = []
        self._take("{")
        while not self._took("}"):
            if members:
                self._take(",")
            name = self._string().value
            self._take(":")
            members.append((name, self.value(depth=depth + 1)))
        return JsonObject(tuple(members))

    def _list(self, *, depth: int) -> JsonList:
        items: list[JsonValue] = []
        self._take("[")
        while not self._took("]"):
            if items:
                self._take(",")
            items.append(self.value(depth=depth + 1))
        return JsonList(tuple(items))

    def _string(self) -> JsonText:
        text = _TEXT.match(self._text, self._at)
        if text is None:
            raise self._error("a text in double quotes")
        self._move_to(text.end())
        return JsonText(value=_ESCAPE.sub(_unescaped, text.group(1)), raw=text.group(1))

    def _took(self, character: str) -> bool:
        if not self._text.startswith(character, self._at):
            return False
        self._move_to(self._at + 1)
        return True

    def _take(self, character: str) -> None:
        if not self._took(character):
            raise self._error(f"{character!r}")

    def _move_to(self, place: int) -> None:
        self._at = place
        self._skip_blanks()

    def _skip_blanks(self) -> None:
        blanks = _BLANKS.match(self._text, self._at)
        self._at = self._at if blanks is None else blanks.end()

    def _error(self, expected: str) -> InvalidInputError:
        line = self._text.count("\n", 0, self._at) + 1
        seen = excerpt(self._text[self._at :]) if self._at < len(self._text) else "the end"
        return InvalidInputError(where=f"config, line {line}", expected=f"JSON with {expected}", seen=seen)


def _unescaped(escape: re.Match[str]) -> str:
    """Resolve one simple escape, or a run of UTF-16 units; halves without their other half become U+FFFD, as in Go."""
    if escape.group()[1] != "u":
        return _ESCAPED[escape.group()[1]]
    units = bytes.fromhex(escape.group().replace("\\u", ""))
    return units.decode("utf-16-be", errors="replace")
