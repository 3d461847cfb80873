"""A plan as plain values whose places and lines are known, whether it came as text or as a mapping.

What comes in here is bounded and made of JSON's types only, so that nothing later can be exhausted or surprised by it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from airflow_masq import reading
from airflow_masq.environment.cidr_fields import POD_FIELD, SERVICE_FIELD
from airflow_masq.environment.fields import REST_NAMES
from airflow_masq.exceptions import PlanError
from airflow_masq.reading import name_child
from airflow_masq.text import describe, describe_type, shorten

# Far above what any plan needs, far below what hurts.
DEEPEST: Final = 64
MOST_VALUES: Final = 50_000
_LARGEST_NUMBER: Final = 2**63
# A surrogate, which YAML can name ("\\ud800") and UTF-8 cannot write [source: rfc-3629-surrogates].
_HALF_CHARACTER: Final = re.compile(r"[\ud800-\udfff]")
_PLACE_CHARACTERS: Final = 200
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,61}[A-Za-z0-9])?")

_ENVIRONMENT: Final = "environment"
# Where the plan gives no ranges, the environment's field does.
_STAND_INS: Final = (("network.pod_ranges", POD_FIELD.where), ("network.service_ranges", SERVICE_FIELD.where))


@dataclass(frozen=True, kw_only=True)
class Document:
    """A plan's values and the lines on which they are.

    :param source: the file's name, or what else the plan came from.
    :param value: mappings, lists and scalars as in JSON.
    :param lines: from places such as ``network.pod_ranges[0]`` to lines, from 1; empty where there was no text.
    """

    source: str
    value: object
    lines: Mapping[str, int] = field(default_factory=dict, hash=False)

    def make_error(self, *, where: str, expected: str, seen: str, line: int | None = None) -> PlanError:
        """Make the error for one place; the default line is that of the place, or of the nearest one around it."""
        return PlanError(
            source=self.source,
            line=line or find_nearest_line(self.lines, where=where),
            where=shorten(where, limit=_PLACE_CHARACTERS),
            expected=expected,
            seen=seen,
        )

    def add_places_of_rules(self) -> Document:
        """Add lines for the places as rules name them.

        Rules see the environment's fields in camelCase, and the ranges where they end up.
        """
        lines = dict(self.lines)
        for where, line in self.lines.items():
            if where.startswith(f"{_ENVIRONMENT}."):
                parts = (part.partition("[") for part in where.split("."))
                place = ".".join(f"{REST_NAMES.get(name, name)}{bracket}{index}" for name, bracket, index in parts)
                lines.setdefault(place, line)
        for place, stand_in in _STAND_INS:
            if place not in lines and stand_in in lines:
                lines[place] = lines[stand_in]
        return replace(self, lines=lines)


def find_nearest_line(lines: Mapping[str, int], *, where: str) -> int | None:
    """Find the line of a place, or of the nearest place around it; ``None`` if no line is known at all."""
    around = where
    while around and around not in lines:
        around = around[: max(around.rfind("."), around.rfind("["), 0)]
    return lines.get(around)


@dataclass(frozen=True, kw_only=True)
class Place(reading.Place):
    """A value with its place in a plan, whose errors name the line."""

    document: Document

    def make_error(self, expected: str, *, seen: str | None = None) -> PlanError:
        """Make the error for this place; as ``reading.Place.make_error``."""
        error = super().make_error(expected, seen=seen)
        return self.document.make_error(where=self.where, expected=expected, seen=error.seen)

    def check_name(self, text: str) -> str:
        """Check a name that the plan chooses, here a value or the key; it is shown in logs."""
        if not _NAME.fullmatch(text):
            expected = "a name of at most 63 letters, digits, blanks, dots, dashes and underscores"
            raise self.make_error(expected, seen=describe(text))
        return text


class DocumentBuilder:
    """Gathers a document's values within bounds, from a text or a mapping; each method raises ``PlanError``."""

    def __init__(self, *, source: str) -> None:
        self._source = source
        self._lines: dict[str, int] = {}
        self._values_left = MOST_VALUES

    def count(self, *, where: str, depth: int, line: int | None = None) -> None:
        """Count one value, refuse too many and too deep ones; ``depth`` is from 0."""
        if line is not None:
            self._lines.setdefault(where, line)
        self._values_left -= 1
        if self._values_left < 0:
            raise self.make_error(where=where, expected=f"at most {MOST_VALUES} values", seen="more")
        if depth > DEEPEST:
            raise self.make_error(where=where, expected=f"at most {DEEPEST} levels", seen="more")

    def check_key(self, key: object, *, where: str) -> str:
        """Check a mapping's key: a text that UTF-8 can write."""
        if not isinstance(key, str):
            raise self.make_error(where=where, expected="text as key (quote it)", seen=describe(key))
        if not _is_plain(key):
            raise self.make_error(where=where, expected="a JSON key", seen=describe_type(key))
        return key

    def check_scalar(self, value: object, *, where: str) -> object:
        """Check a value that is not a mapping or a list: JSON must have it, and a number has at most 64 bits."""
        if not _is_plain(value):
            seen = describe_type(value) if isinstance(value, str) else describe(value)
            raise self.make_error(where=where, expected="a JSON value", seen=seen)
        return value

    def make_error(self, *, where: str, expected: str, seen: str, line: int | None = None) -> PlanError:
        """Make the error for one place; as ``Document.make_error``."""
        return self.make_document(None).make_error(where=where, expected=expected, seen=seen, line=line)

    def make_document(self, value: object) -> Document:
        """Finish with the whole value."""
        return Document(source=self._source, value=value, lines=self._lines)


def _is_plain(value: object) -> bool:
    if isinstance(value, int):
        return abs(value) < _LARGEST_NUMBER
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or (isinstance(value, str) and not _HALF_CHARACTER.search(value))


def load_document_from_mapping(mapping: Mapping[str, object], *, source: str) -> Document:
    """Copy a mapping into a document.

    :param mapping: for example a DAG's parameters; it stays as it is.
    :param source: where it came from, for errors.
    :raises PlanError: when it is too large or too deep, or holds what JSON has no word for.
    """
    builder = DocumentBuilder(source=source)

    def copy(value: object, *, where: str, depth: int) -> object:
        builder.count(where=where, depth=depth)
        if isinstance(value, Mapping):
            return {
                builder.check_key(key, where=where): copy(item, where=name_child(where, key=str(key)), depth=depth + 1)
                for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [copy(item, where=name_child(where, key=index), depth=depth + 1) for index, item in enumerate(value)]
        return builder.check_scalar(value, where=where)

    return builder.make_document(copy(mapping, where="", depth=0))
