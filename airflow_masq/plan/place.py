"""One place in a document, and how to read what must stand there.

Every reader below speaks of places only, so that each complaint names one. It must not know the format's keys.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, TypeVar

from airflow_masq.exceptions import InvalidInputError, PlanError
from airflow_masq.network.ranges import parse_cidr
from airflow_masq.plan.document import Document, child
from airflow_masq.text import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from netaddr import IPNetwork

_Read = TypeVar("_Read")
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,61}[A-Za-z0-9])?")


@dataclass(frozen=True, kw_only=True)
class Place:
    """A value with its place in a document.

    :param document: the document.
    :param where: the place; empty for the document itself.
    :param value: what stands there.
    """

    document: Document
    where: str
    value: object

    def error(self, expected: str, *, seen: str | None = None) -> PlanError:
        """Make the error for this place.

        :param expected: what belongs here.
        :param seen: what stands here, harmless to print; default: a description of the value.
        :return: the error.
        """
        shown = describe(self.value) if seen is None else seen
        return self.document.error(where=self.where, expected=expected, seen=shown)

    def entries(self) -> dict[str, Place]:
        """Read a mapping whose keys are free.

        :return: the places below, by key.
        :raises PlanError: when it is no mapping.
        """
        if not isinstance(self.value, dict):
            raise self.error("a mapping")
        return {key: self._below(key, value) for key, value in self.value.items()}

    def section(self, known: Collection[str]) -> dict[str, Place]:
        """Read a mapping whose keys are ours.

        :param known: the keys there are.
        :return: the places below, by key.
        :raises PlanError: when it is no mapping, or a key is not ours; the nearest known one is named.
        """
        entries = self.entries()
        for key, place in entries.items():
            if key not in known:
                raise place.error(f"one of {_listed(known)}{_nearest(key, known)}", seen=describe(key))
        return entries

    def items(self) -> list[Place]:
        """Read a list.

        :return: the places in it.
        :raises PlanError: when it is no list.
        """
        if not isinstance(self.value, list):
            raise self.error("a list")
        return [self._below(index, value) for index, value in enumerate(self.value)]

    def some_items(self) -> list[Place]:
        """Read a list that says something only where it has entries.

        :return: the places in it, at least one.
        :raises PlanError: when it is no list, or empty.
        """
        places = self.items()
        if not places:
            raise self.error("a list with entries (leave the key out where there are none)", seen="an empty list")
        return places

    def text(self, expected: str = "text") -> str:
        """Read a text that is not empty.

        :param expected: what belongs here, for the error.
        :return: the text.
        :raises PlanError: when it is no text; YAML reads ``1.30`` as a number.
        """
        if not isinstance(self.value, str) or not self.value:
            raise self.error(expected)
        return self.value

    def name(self, text: str) -> str:
        """Check a name of the plan's own, which comes back in logs, tables and sentences.

        :param text: the name, which stands here as a value or as the key.
        :return: the name.
        :raises PlanError: when it is too long, or could not stand in a log.
        """
        if not _NAME.fullmatch(text):
            expected = "a name of at most 63 letters, digits, blanks, dots, dashes and underscores"
            raise self.error(expected, seen=describe(text))
        return text

    def boolean(self) -> bool:
        """Read a truth value.

        :return: the value.
        :raises PlanError: when it is none.
        """
        if not isinstance(self.value, bool):
            raise self.error("true or false")
        return self.value

    def whole_number(self, *, least: int, most: int) -> int:
        """Read a whole number.

        :param least: the smallest one allowed.
        :param most: the largest one allowed.
        :return: the number.
        :raises PlanError: when it is none, or out of bounds.
        """
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.error(f"a whole number from {least} to {most}")
        return value

    def choice(self, choices: Iterable[str]) -> str:
        """Read one of several words.

        :param choices: the words.
        :return: the word.
        :raises PlanError: when it is none of them.
        """
        words = tuple(choices)
        if not isinstance(self.value, str) or self.value not in words:
            raise self.error(f"one of {_listed(words)}")
        return self.value

    def cidrs(self) -> tuple[IPNetwork, ...]:
        """Read a list of CIDRs.

        :return: the ranges in the plan's order.
        :raises PlanError: when it is no list, or one is no CIDR or not aligned.
        """
        return tuple(item.parsed(parse_cidr, expected="a CIDR such as 10.0.0.0/8") for item in self.items())

    def parsed(self, parse: Callable[[str], _Read], *, expected: str) -> _Read:
        """Read a text with a parser of another room.

        :param parse: the parser.
        :param expected: what belongs here, where it is no text at all.
        :return: what the parser gives.
        :raises PlanError: where the parser refuses it, in the parser's words.
        """
        text = self.text(expected)
        try:
            return parse(text)
        except InvalidInputError as error:
            raise self.error(error.expected, seen=error.seen) from None

    def _below(self, key: str | int, value: object) -> Place:
        return Place(document=self.document, where=child(self.where, key=key), value=value)


def _listed(words: Collection[str]) -> str:
    return ", ".join(words)


def _nearest(key: str, known: Collection[str]) -> str:
    nearest = get_close_matches(key, known, n=1)
    return f" (did you mean {nearest[0]}?)" if nearest else ""
