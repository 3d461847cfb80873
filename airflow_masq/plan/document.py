"""A plan as plain values whose places are known, whether it came as text or as a mapping.

What comes in here is bounded and made of JSON's types only, so that nothing later can be exhausted or surprised by it.
It must not know the format's keys.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from airflow_masq.exceptions import PlanError
from airflow_masq.text import describe, printable, shorten

# Far above what any plan needs, far below what hurts.
DEEPEST: Final = 64
MOST_VALUES: Final = 50_000
_LARGEST_NUMBER: Final = 2**63
# A surrogate, which YAML can name ("\\ud800") and UTF-8 cannot write (RFC 3629 section 3).
_HALF_CHARACTER: Final = re.compile(r"[\ud800-\udfff]")
_KEY_CHARACTERS: Final = 60
_PLACE_CHARACTERS: Final = 200


@dataclass(frozen=True, kw_only=True)
class Document:
    """A plan's values and the lines on which they stand.

    :param source: the file's name, or what else the plan came from.
    :param value: mappings, lists and scalars as in JSON.
    :param lines: from places such as ``network.pod_ranges[0]`` to lines, from 1; empty where there was no text.
    """

    source: str
    value: object
    lines: Mapping[str, int] = field(default_factory=dict, hash=False)

    def error(self, *, where: str, expected: str, seen: str, line: int | None = None) -> PlanError:
        """Make the error for one place.

        :param where: the place.
        :param expected: what belongs there.
        :param seen: what stands there, harmless to print.
        :param line: default the line of the place, or of the nearest one around it.
        :return: the error.
        """
        place = shorten(where, limit=_PLACE_CHARACTERS)
        known_line = line or nearest_line(self.lines, where=where)
        return PlanError(source=self.source, line=known_line, where=place, expected=expected, seen=seen)


class DocumentBuilder:
    """Gathers a document's values within bounds.

    :param source: the file's name, or what else the plan comes from.
    """

    def __init__(self, *, source: str) -> None:
        self._source = source
        self._lines: dict[str, int] = {}
        self._values_left = MOST_VALUES

    def count(self, *, where: str, depth: int, line: int | None = None) -> None:
        """Count one value.

        :param where: its place.
        :param depth: how deep it nests, from 0.
        :param line: its line, where there is a text.
        :raises PlanError: when there are too many, or it nests too deep.
        """
        if line is not None:
            self._lines.setdefault(where, line)
        self._values_left -= 1
        if self._values_left < 0:
            raise self.error(where=where, expected=f"at most {MOST_VALUES} values", seen="more")
        if depth > DEEPEST:
            raise self.error(where=where, expected=f"at most {DEEPEST} levels", seen="more")

    def key(self, key: object, *, where: str) -> str:
        """Check a mapping's key.

        :param key: the key.
        :param where: the mapping's place.
        :return: the key.
        :raises PlanError: when it is no text, or none that UTF-8 can write.
        """
        if not isinstance(key, str):
            raise self.error(where=where, expected="text as key (quote it)", seen=describe(key))
        if not _is_plain(key):
            raise self.error(where=where, expected="a JSON key", seen=describe(key))
        return key

    def scalar(self, value: object, *, where: str) -> object:
        """Check a value that is neither mapping nor list.

        :param value: the value.
        :param where: its place.
        :return: the value.
        :raises PlanError: when JSON has no word for it, its number needs more than 64 bits, or UTF-8 cannot write it.
        """
        if not _is_plain(value):
            raise self.error(where=where, expected="a JSON value", seen=describe(value))
        return value

    def error(self, *, where: str, expected: str, seen: str, line: int | None = None) -> PlanError:
        """Make the error for one place; as ``Document.error``."""
        return self.document(None).error(where=where, expected=expected, seen=seen, line=line)

    def document(self, value: object) -> Document:
        """Finish.

        :param value: all of it.
        :return: the document.
        """
        return Document(source=self._source, value=value, lines=self._lines)


def document_from_mapping(mapping: Mapping[str, object], *, source: str) -> Document:
    """Copy a mapping into a document.

    :param mapping: for example a DAG's parameters; it stays as it is.
    :param source: where it came from, for errors.
    :return: the document.
    :raises PlanError: when it is too large or too deep, or holds what JSON has no word for.
    """
    builder = DocumentBuilder(source=source)
    return builder.document(_copy(mapping, builder, where="", depth=0))


def nearest_line(lines: Mapping[str, int], *, where: str) -> int | None:
    """Find the line of a place.

    :param lines: from places to lines.
    :param where: the place.
    :return: its line, or that of the nearest place around it; ``None`` where no line is known at all.
    """
    around = where
    while around and around not in lines:
        around = around[: max(around.rfind("."), around.rfind("["), 0)]
    return lines.get(around)


def child(where: str, *, key: str | int) -> str:
    """Name the place below another.

    :param where: the outer place; empty for the document.
    :param key: a key, or an index from 0.
    :return: the inner place, harmless to print.
    """
    if isinstance(key, int):
        return f"{where}[{key}]"
    name = printable(key, limit=_KEY_CHARACTERS)
    return f"{where}.{name}" if where else name


def _is_plain(value: object) -> bool:
    if isinstance(value, int):
        return abs(value) < _LARGEST_NUMBER
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or (isinstance(value, str) and not _HALF_CHARACTER.search(value))


def _copy(value: object, builder: DocumentBuilder, *, where: str, depth: int) -> object:
    builder.count(where=where, depth=depth)
    if isinstance(value, Mapping):
        return {
            builder.key(key, where=where): _copy(item, builder, where=child(where, key=str(key)), depth=depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [
            _copy(item, builder, where=child(where, key=index), depth=depth + 1) for index, item in enumerate(value)
        ]
    return builder.scalar(value, where=where)
