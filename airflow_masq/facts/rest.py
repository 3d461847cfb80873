"""Looks fields of Google's REST resources up; what is missing or of another type is not known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.ranges import parse_cidr

if TYPE_CHECKING:
    from netaddr import IPNetwork

_MOST_DIGITS: Final = 19  # of a 64-bit number


def find_value(resource: object, *path: str) -> object | None:
    """Look a field up; ``None`` where nothing is set, or something on the way is no mapping."""
    value: object | None = resource
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def find_text(resource: object, *path: str) -> str:
    """Look a text up; empty where there is none."""
    value = find_value(resource, *path)
    return value if isinstance(value, str) else ""


def find_flag(resource: object, *path: str) -> bool:
    """Look a boolean up; Google leaves ``false`` out [source: protobuf-json]."""
    return find_value(resource, *path) is True


def find_number(resource: object, *path: str) -> int | None:
    """Look a whole number up; JSON has 64-bit numbers as texts [source: protobuf-json]."""
    value = find_value(resource, *path)
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def find_items(resource: object, *path: str) -> tuple[object, ...]:
    """Look a list up; empty where there is none."""
    value = find_value(resource, *path)
    return tuple(value) if isinstance(value, list | tuple) else ()


def find_texts(resource: object, *path: str) -> tuple[str, ...]:
    """Look a list of texts up, without what is no text."""
    return tuple(item for item in find_items(resource, *path) if isinstance(item, str))


def read_ranges(texts: Iterable[str]) -> tuple[IPNetwork, ...]:
    """Read CIDRs, each once and in their order, without what cannot be read."""
    ranges: dict[IPNetwork, None] = {}
    for text in texts:
        try:
            ranges[parse_cidr(text)] = None
        except InvalidInputError:
            continue
    return tuple(ranges)
