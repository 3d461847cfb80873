"""Strict reading of JSON values that somebody else wrote, key by key; it must never convert or repair."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NewType, NoReturn, TypeVar

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.ranges import parse_address, parse_cidr
from airflow_masq.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netaddr import IPAddress, IPNetwork

Place = NewType("Place", str)
_Member = TypeVar("_Member", bound=StrEnum)

_LONGEST_TEXT: Final = 20_000
_LARGEST_SHOWN: Final = 10**18


class Fields:
    """One mapping, whose keys are taken one by one; ``close`` refuses what is left.

    :param value: what was found.
    :param place: where, for the errors.
    :raises InvalidInputError: here and in every method, when a value is not what the method asks for.
    """

    def __init__(self, value: object, *, place: Place) -> None:
        self.place = place
        if not isinstance(value, Mapping):
            self._refuse(place, expected="a mapping", seen=value)
        self._left: dict[object, object] = dict(value)

    def any(self, key: str) -> object:
        """Take a value of whatever type."""
        if key not in self._left:
            raise InvalidInputError(where=str(self.place), expected=f"the key {key}", seen="none")
        return self._left.pop(key)

    def close(self) -> None:
        """Refuse keys that nobody took."""
        for key in self._left:
            self._refuse(self.place, expected="no further key", seen=key)

    def text(self, key: str) -> str:
        """Take one printable line."""
        return self._text(self.any(key), place=self._at(key))

    def texts(self, key: str, *, most: int) -> tuple[str, ...]:
        """Take a list of at most ``most`` printable lines."""
        return tuple(self._text(item, place=place) for place, item in self._list(key, most=most))

    def number(self, key: str, *, most: float) -> float:
        """Take a number from 0 to ``most``."""
        value = self.any(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            self._refuse(self._at(key), expected=f"a number from 0 to {most:g}", seen=value)
        return math.fabs(value)  # a float, and no negative zero

    def optional_whole_number(self, key: str, *, most: int) -> int | None:
        """Take a whole number from 0 to ``most``, or null."""
        value = self.any(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
            self._refuse(self._at(key), expected=f"a whole number from 0 to {most}, or null", seen=value)
        return value

    def truth(self, key: str) -> bool:
        """Take true or false."""
        value = self.any(key)
        if not isinstance(value, bool):
            self._refuse(self._at(key), expected="true or false", seen=value)
        return value

    def optional_truth(self, key: str) -> bool | None:
        """Take true, false or null."""
        return None if self._is_null(key) else self.truth(key)

    def member(self, key: str, members: type[_Member]) -> _Member:
        """Take one of an enumeration's values."""
        text = self.text(key)
        if text not in tuple(members):
            self._refuse(self._at(key), expected=f"one of {', '.join(members)}", seen=text)
        return members(text)

    def optional_member(self, key: str, members: type[_Member]) -> _Member | None:
        """Take one of an enumeration's values, or null."""
        return None if self._is_null(key) else self.member(key, members)

    def optional_address(self, key: str) -> IPAddress | None:
        """Take an address, or null."""
        return None if self._is_null(key) else parse_address(self.text(key), where=self._at(key))

    def optional_cidr(self, key: str) -> IPNetwork | None:
        """Take a CIDR, or null."""
        return None if self._is_null(key) else parse_cidr(self.text(key), where=self._at(key))

    def cidrs(self, key: str, *, most: int) -> tuple[IPNetwork, ...]:
        """Take a list of at most ``most`` CIDRs."""
        return tuple(parse_cidr(text, where=self._at(key)) for text in self.texts(key, most=most))

    def nested(self, key: str) -> Fields:
        """Take a mapping."""
        return Fields(self.any(key), place=self._at(key))

    def optional_nested(self, key: str) -> Fields | None:
        """Take a mapping, or null."""
        return None if self._is_null(key) else self.nested(key)

    def items(self, key: str, *, most: int) -> Iterator[Fields]:
        """Take a list of at most ``most`` mappings."""
        return (Fields(item, place=place) for place, item in self._list(key, most=most))

    def _list(self, key: str, *, most: int) -> Iterator[tuple[Place, object]]:
        value = self.any(key)
        if not isinstance(value, list | tuple):
            self._refuse(self._at(key), expected="a list", seen=value)
        if len(value) > most:
            raise InvalidInputError(where=self._at(key), expected=f"at most {most} items", seen=str(len(value)))
        return ((Place(f"{self._at(key)}[{number}]"), item) for number, item in enumerate(value))

    def _is_null(self, key: str) -> bool:
        if self._left.get(key, ...) is not None:
            return False
        self.any(key)
        return True

    def _text(self, value: object, *, place: Place) -> str:
        if not isinstance(value, str) or len(value) > _LONGEST_TEXT or not value.isprintable():
            self._refuse(place, expected=f"one printable line of at most {_LONGEST_TEXT} characters", seen=value)
        return value

    def _at(self, key: str) -> Place:
        return Place(f"{self.place}.{key}")

    @staticmethod
    def _refuse(place: Place, *, expected: str, seen: object) -> NoReturn:
        # A container's text may be of any size and depth, and an integer's too long for Python to write.
        is_short = isinstance(seen, str | float | None) or (isinstance(seen, int) and abs(seen) < _LARGEST_SHOWN)
        shown = repr(seen) if is_short else type(seen).__name__
        raise InvalidInputError(where=place, expected=expected, seen=printable(shown, limit=60))
