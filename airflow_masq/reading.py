"""Reads untrusted values strictly, each with its place: plans, reports, operators' settings and connections.

Every method returns the value of a place, or raises an error that names the place, what was expected and what was seen.
Values are not converted or repaired. They may come from any user, so errors show little of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self, TypeVar

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.ranges import parse_address, parse_cidr
from airflow_masq.text import describe, describe_type, escape, shorten, suggest

if TYPE_CHECKING:
    from netaddr import IPAddress, IPNetwork

LONGEST_LINE_CHARACTERS: Final = 20_000
"""The longest text that a report can hold, so that it can be read back."""

_PLACE_CHARACTERS: Final = 200
_KEY_CHARACTERS: Final = 60
_NAME: Final = re.compile(r"[\w][\w .-]{0,199}")


class Reaction(StrEnum):
    """What to do about trouble: the one vocabulary of settings such as ``on_findings``."""

    FAIL = "fail"
    WARN = "warn"
    IGNORE = "ignore"


_Read = TypeVar("_Read")
_Word = TypeVar("_Word", bound=str)


@dataclass(frozen=True, kw_only=True)
class Place:
    """An untrusted value and its place.

    :param where: the place as its author would name it, such as ``network.pod_ranges[0]``; empty for a whole document.
    :param is_secret: whether errors show only the type of this value and of the values in it; default not.
    """

    where: str
    value: object
    is_secret: bool = False

    def make_error(self, expected: str, *, seen: str | None = None) -> InvalidInputError:
        """Make the error for this place.

        :param expected: what is valid here.
        :param seen: what is here instead, escaped; default a description of the value. A whole document is described
            by its type: it may be any file, a key for example.
        """
        if seen is None:
            seen = describe_type(self.value) if self.is_secret or not self.where else describe(self.value)
        return InvalidInputError(where=shorten(self.where, limit=_PLACE_CHARACTERS), expected=expected, seen=seen)

    def read_entries(self) -> dict[str, Self]:
        """Read a mapping with any keys; return the places of its values by key."""
        if not isinstance(self.value, Mapping):
            raise self.make_error("a mapping")
        places: dict[str, Self] = {}
        for key, value in self.value.items():
            if not isinstance(key, str):
                raise self.make_error("a text key", seen=describe(key))
            places[key] = self._make_place(key, value)
        return places

    def read_section(
        self, known: Collection[str], *, complete: bool = False, optional: Collection[str] = ()
    ) -> dict[str, Self]:
        """Read a mapping with known keys; return the places of its values by key.

        :param known: the keys that may be there.
        :param complete: whether all of them must be there, default not.
        :param optional: further known keys, which need not be there.
        """
        entries = self.read_entries()
        for key, place in entries.items():
            if key not in known and key not in optional:
                choices = (*known, *optional)
                expected = f"one of {', '.join(choices)}{suggest(key, choices)}"
                if not _NAME.fullmatch(key):  # a line of any file that ends with a colon, such as /etc/shadow
                    raise self.make_error(expected, seen="a key that is no name")
                raise place.make_error(expected, seen=describe(key))
        for key in known if complete else ():
            if key not in entries:
                raise self.make_error(f"the key {key}", seen="none")
        return entries

    def read_items(self, *, most: int | None = None) -> list[Self]:
        """Read a list of at most ``most`` items, default any number."""
        if not isinstance(self.value, list | tuple):
            raise self.make_error("a list")
        if most is not None and len(self.value) > most:
            raise self.make_error(f"at most {most} items", seen=str(len(self.value)))
        return [self._make_place(index, value) for index, value in enumerate(self.value)]

    def read_some_items(self) -> list[Self]:
        """Read a list that must not be empty."""
        places = self.read_items()
        if not places:
            raise self.make_error("a list with entries (remove the key if there are none)", seen="an empty list")
        return places

    def read_text(self, expected: str = "text", *, may_be_empty: bool = False) -> str:
        """Read a text; YAML reads ``1.30`` as a number, which is refused."""
        if not isinstance(self.value, str) or not (self.value or may_be_empty):
            raise self.make_error(expected)
        return self.value

    def read_line(self) -> str:
        """Read one printable line, which may be empty."""
        value = self.value
        if not isinstance(value, str) or len(value) > LONGEST_LINE_CHARACTERS or not value.isprintable():
            raise self.make_error(f"one printable line of at most {LONGEST_LINE_CHARACTERS} characters")
        return value

    def read_boolean(self) -> bool:
        """Read ``true`` or ``false``."""
        if not isinstance(self.value, bool):
            raise self.make_error("true or false")
        return self.value

    def read_whole_number(self, *, least: int, most: int) -> int:
        """Read a whole number within bounds."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.make_error(f"a whole number from {least} to {most}")
        return value

    def read_number(self, *, least: float, most: float, noun: str = "a number") -> float:
        """Read a number within bounds; ``noun`` names it in errors, with its unit."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise self.make_error(f"{noun} from {least:g} to {most:g}")
        return float(value) + 0.0  # no negative zero

    def read_choice(self, choices: Iterable[_Word]) -> _Word:
        """Read one of several words, or the enumeration member with that word as its value."""
        words = {str(word): word for word in choices}
        if not isinstance(self.value, str) or self.value not in words:
            raise self.make_error(f"one of {', '.join(words)}" if len(words) > 1 else "".join(words))
        return words[self.value]

    def read_address(self) -> IPAddress:
        """Read an IP address."""
        return self.parse(parse_address, expected="an IP address such as 10.0.0.5")

    def read_cidr(self) -> IPNetwork:
        """Read a CIDR that is aligned to its prefix."""
        return self.parse(parse_cidr, expected="a CIDR such as 10.0.0.0/8")

    def read_cidrs(self, *, most: int | None = None) -> tuple[IPNetwork, ...]:
        """Read a list of CIDRs, at most ``most``, default any number."""
        return tuple(item.read_cidr() for item in self.read_items(most=most))

    def parse(self, parse: Callable[[str], _Read], *, expected: str) -> _Read:
        """Read a text with a parser; its error is raised again with this place.

        :param parse: raises ``InvalidInputError``.
        :param expected: what is valid here, for the error if the value is not text.
        """
        text = self.read_text(expected)
        try:
            return parse(text)
        except InvalidInputError as error:
            raise self.make_error(error.expected, seen=None if self.is_secret else error.seen) from None

    def read_optional(self, read: Callable[[Self], _Read]) -> _Read | None:
        """Read a value that may be null: ``place.read_optional(Place.read_address)``."""
        return None if self.value is None else read(self)

    def _make_place(self, key: str | int, value: object) -> Self:
        return replace(self, where=name_child(self.where, key=key), value=value)


def name_child(where: str, *, key: str | int) -> str:
    """Name the place of a key, or of an index from 0, in another place; the name is escaped."""
    if isinstance(key, int):
        return f"{where}[{key}]"
    name = escape(key, limit=_KEY_CHARACTERS)
    return f"{where}.{name}" if where else name
