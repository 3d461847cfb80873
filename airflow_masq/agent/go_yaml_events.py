"""The events of a YAML text as Go's YAML reader sees them.

Go's ``gopkg.in/yaml.v2`` and PyYAML are both made after libyaml and differ in small things: tabs, escapes, directives,
and where a plain text ends inside brackets. This module changes PyYAML's scanner in those places, each beside its
reason; they were found by reading https://github.com/go-yaml/yaml (v2, ``scannerc.go``, read 2026-11-22). It must not
resolve or construct any value.
"""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING, Any, Final

import yaml
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from airflow_masq.agent.go_json import DEEPEST, TOO_DEEP

if TYPE_CHECKING:
    from collections.abc import Iterator

_BREAKS: Final = "\r\n\x85\u2028\u2029"
_BLANKS: Final = " \t"
_ENDS_WORD: Final = f"\0{_BLANKS}{_BREAKS}"
_FLOW_INDICATORS: Final = ",?[]{}"
_HANDLE_CHARACTERS: Final = f"{string.ascii_letters}{string.digits}-_"
_URI_CHARACTERS: Final = f"{_HANDLE_CHARACTERS};/?:@&=+$,.!~*'()[]%"
_DOCUMENT_MARKERS: Final = frozenset({"---", "..."})
_HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")
_ONLY_VERSION: Final = (1, 1)


BYTE_ORDER_MARK: Final = "\ufeff"


class GoYamlError(yaml.MarkedYAMLError):
    """Go's reader refuses what PyYAML's accepts."""


def events_of_first_document(text: str) -> Iterator[yaml.Event]:
    """Read the first document of a text; what follows it is not even looked at, as in Go.

    :param text: the text.
    :return: the events between the document's start and its end; none where there is no document.
    :raises yaml.YAMLError: (while iterating) when Go refuses the text.
    :raises RecursionError: (while iterating) when brackets nest more than 64 levels.
    """
    source = _GoEvents(text)
    _next(source)  # the stream's start
    start = _next(source)
    if not isinstance(start, yaml.DocumentStartEvent):
        return
    if start.version not in (None, _ONLY_VERSION):
        raise GoYamlError(problem="found incompatible YAML document", problem_mark=source.get_mark())
    while not isinstance(event := _next(source), yaml.DocumentEndEvent):
        yield event


def _next(source: _GoEvents) -> yaml.Event:
    try:
        event: yaml.Event | None = source.get_event()  # type: ignore[no-untyped-call]  # the stubs leave it untyped
    except (ValueError, OverflowError):  # PyYAML's, of an escape beyond Unicode
        event = None
    if event is None or (isinstance(event, yaml.ScalarEvent) and _HALF_CHARACTER.search(event.value)):
        raise GoYamlError(problem="found invalid Unicode character escape code", problem_mark=source.get_mark())
    return event


class _GoEvents(Reader, Scanner, Parser):
    """PyYAML's reader, scanner and parser, where Go differs."""

    # Go knows \' and, unlike PyYAML, not \/ .
    ESCAPE_REPLACEMENTS: Final = {  # type: ignore[misc]  # the stubs call it final; PyYAML reads it through self
        **{name: value for name, value in Scanner.ESCAPE_REPLACEMENTS.items() if name != "/"},
        "'": "'",
    }

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text.removeprefix(BYTE_ORDER_MARK))
        Scanner.__init__(self)
        Parser.__init__(self)

    def fetch_flow_collection_start(self, TokenClass: Any) -> None:  # noqa: N803, ANN401 - PyYAML's signature
        if self.flow_level >= DEEPEST:
            raise RecursionError(TOO_DEEP)
        super().fetch_flow_collection_start(TokenClass)

    def scan_to_next_token(self) -> None:
        """Skip blanks and comments; PyYAML allows no tabs here, Go does wherever no key can start."""
        while True:
            blanks = _BLANKS if self.flow_level or not self.allow_simple_key else " "
            self._skip(blanks)
            self._skip_comment()
            if not self._line_break():
                return
            if not self.flow_level:
                self.allow_simple_key = True

    def scan_directive(self) -> yaml.DirectiveToken:
        """Read a directive; Go refuses those it does not know."""
        token = super().scan_directive()
        if token.name not in ("YAML", "TAG"):
            raise GoYamlError(problem="found unknown directive name", problem_mark=token.start_mark)
        return token

    def scan_tag(self) -> yaml.TagToken:
        """Read a tag; Go allows a tab behind it, and more of what cannot be a handle."""
        start = self.get_mark()
        if self.peek(1) == "<":
            self.forward(2)
            parts: tuple[str | None, str] = (None, self.scan_tag_uri("tag", start))
            if self.peek() != ">":
                raise GoYamlError(problem="did not find the expected '>'", problem_mark=self.get_mark())
            self.forward()
        else:
            parts = self._tag_parts(start)
        if self.peek() not in _ENDS_WORD:
            raise GoYamlError(problem="found no blank behind a tag", problem_mark=self.get_mark())
        return yaml.TagToken(parts, start, self.get_mark())

    def _tag_parts(self, start: Any) -> tuple[str | None, str]:  # noqa: ANN401 - PyYAML's mark
        length = 1
        while self.peek(length) in _HANDLE_CHARACTERS:
            length += 1
        if self.peek(length) == "!":
            handle: str = self.prefix(length + 1)
            self.forward(length + 1)
            return handle, self.scan_tag_uri("tag", start)
        suffix = self.prefix(length)[1:]
        self.forward(length)
        if self.peek() in _URI_CHARACTERS:
            suffix += self.scan_tag_uri("tag", start)
        return ("!", suffix) if suffix else (None, "!")

    def scan_block_scalar_indicators(self, start_mark: Any) -> tuple[bool | None, int | None]:  # noqa: ANN401, ARG002
        """Read what stands behind the | or >; Go allows a tab or a comment right behind it."""
        chomping: bool | None = None
        increment: int | None = None
        while True:
            character = self.peek()
            if character in "+-" and chomping is None:
                chomping = character == "+"
            elif character in "123456789" and increment is None:
                increment = int(character)
            else:
                return chomping, increment
            self.forward()

    def scan_block_scalar_ignored_line(self, start_mark: Any) -> None:  # noqa: ANN401 - PyYAML's signature
        """Skip the rest of a block scalar's first line; Go allows tabs there."""
        self._skip(_BLANKS)
        super().scan_block_scalar_ignored_line(start_mark)

    def scan_block_scalar_indentation(self) -> tuple[list[Any], int, Any]:
        """Find a block scalar's indentation; Go refuses a tab in it."""
        found = super().scan_block_scalar_indentation()
        if self.peek() == "\t":
            raise self._tab_error()
        return found

    def scan_plain(self) -> yaml.ScalarToken:
        """Read a plain scalar; Go takes tabs for blanks, and inside brackets a colon ends it only before a blank."""
        pieces: list[str] = []
        start = end = self.get_mark()
        gap = ""
        while not self._at_document_marker() and self.peek() != "#" and (word := self._plain_word()):
            self.allow_simple_key = False
            pieces += (gap, word)
            end = self.get_mark()
            gap = self._plain_gap(self.indent + 1)
            if not gap or (not self.flow_level and self.column <= self.indent):
                break
        return yaml.ScalarToken("".join(pieces), True, start, end)

    def _plain_word(self) -> str:
        length = 0
        while (character := self.peek(length)) not in _ENDS_WORD:
            if character == ":" and self.peek(length + 1) in _ENDS_WORD:
                break
            if self.flow_level and character in _FLOW_INDICATORS:
                break
            length += 1
        word: str = self.prefix(length)
        self.forward(length)
        return word

    def _plain_gap(self, indent: int) -> str:
        """Read what separates two words; line breaks fold into a blank."""
        blanks = ""
        breaks: list[str] = []
        while (character := self.peek()) in _BLANKS + _BREAKS:
            if character in _BREAKS:
                breaks.append(self._line_break())
                self.allow_simple_key = True
                continue
            if breaks and character == "\t" and self.column < indent:
                raise self._tab_error()
            blanks += character
            self.forward()
        if not breaks:
            return blanks
        first, *others = breaks
        return "".join(others) or " " if first == "\n" else "".join(breaks)

    def _at_document_marker(self) -> bool:
        return self.column == 0 and self.prefix(3) in _DOCUMENT_MARKERS and self.peek(3) in _ENDS_WORD

    def _skip(self, characters: str) -> None:
        while self.peek() in characters:
            self.forward()

    def _skip_comment(self) -> None:
        if self.peek() == "#":
            while self.peek() not in f"\0{_BREAKS}":
                self.forward()

    def _line_break(self) -> str:
        """Take a line break, if there is one, in any of YAML 1.1's five forms."""
        taken: str = self.scan_line_break()  # type: ignore[no-untyped-call]  # the stubs leave it untyped
        return taken

    def _tab_error(self) -> GoYamlError:
        return GoYamlError(problem="found a tab where Go allows none", problem_mark=self.get_mark())
