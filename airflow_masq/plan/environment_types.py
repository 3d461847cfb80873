"""Google's fields in a plan's environment hold what Google's own reader takes, by the types in ``environment.fields``.

A plan with ``envVariables: {A: 1}`` would otherwise be found sound here, and be refused by Google's types when it is
too late. It must not list words: an unknown field, and an enum's unknown word, are passed on.

Source of the types' bounds: https://protobuf.dev/programming-guides/json/, read 2026-11-25.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from airflow_masq.environment import fields
from airflow_masq.plan.document import Document
from airflow_masq.reading import name_child
from airflow_masq.text import describe, describe_type

_WHOLE_NUMBERS: Final = range(-(2**31), 2**31)
_LARGEST_FLOAT: Final = (2 - 2**-23) * 2.0**127
# RFC 3339 section 5.6; Google's reader takes capitals only, and at most nine digits of a second.
_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_A_TEXT: Final = "text"
_QUOTED_TEXT: Final = "text (quote it)"


def check_types(values: Mapping[str, object], *, document: Document, around: str) -> None:
    """Check the known fields of an environment, or of a part of it.

    :param values: the fields, in camelCase.
    :param document: the document they stand in, for errors.
    :param around: their place in it.
    :raises PlanError: when one holds another type; ``null`` says nothing, as in JSON.
    """
    for name, value in values.items():
        kind = _KINDS.get(name)
        if kind is not None and value is not None:
            kind(document, f"{around}.{name}", value)


_Check = Callable[["Document", str, object], None]


def _refuse(document: Document, where: str, value: object, *, expected: str) -> None:
    raise document.error(where=where, expected=expected, seen=describe(value))


def _scalar(accepts: Callable[[object], bool], *, expected: str) -> _Check:
    def check(document: Document, where: str, value: object) -> None:
        if not accepts(value):
            _refuse(document, where, value, expected=expected)

    return check


def _text(document: Document, where: str, value: object) -> None:
    if not isinstance(value, str):
        _refuse(document, where, value, expected=_A_TEXT if isinstance(value, dict | list) else _QUOTED_TEXT)


def _section(document: Document, where: str, value: object) -> None:
    if not isinstance(value, dict):
        _refuse(document, where, value, expected="a mapping")
    else:
        check_types(value, document=document, around=where)


def _map_of_texts(document: Document, where: str, value: object) -> None:
    if not isinstance(value, dict):
        _refuse(document, where, value, expected="a mapping from text to text")
    else:
        for key, item in value.items():
            if not isinstance(item, str):
                expected = _A_TEXT if isinstance(item, dict | list) else _QUOTED_TEXT
                # A value of the user's own maps may be a secret: passwords are numbers, too.
                raise document.error(where=name_child(where, key=key), expected=expected, seen=describe_type(item))


def _list_of(check: _Check, *, expected: str) -> _Check:
    def check_list(document: Document, where: str, value: object) -> None:
        if not isinstance(value, list):
            _refuse(document, where, value, expected=expected)
        else:
            for index, item in enumerate(value):
                check(document, name_child(where, key=index), item)

    return check_list


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST_FLOAT


def _is_whole_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in _WHOLE_NUMBERS


def _is_time(value: object) -> bool:
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    try:
        return match is not None and bool(datetime.fromisoformat(f"{match[1]}{match[2]}").astimezone(UTC))
    except (ValueError, OverflowError):  # no such day; a year that UTC does not have
        return False


_CHECKS: Final[tuple[tuple[frozenset[str], _Check], ...]] = (
    (fields.SECTIONS, _section),
    (fields.BOOLEANS, _scalar(lambda value: isinstance(value, bool), expected="true or false")),
    (fields.WHOLE_NUMBERS, _scalar(_is_whole_number, expected="a whole number of 32 bits")),
    (fields.NUMBERS, _scalar(_is_number, expected="a number of 32 bits")),
    (fields.TEXTS, _text),
    (fields.ENUMS, _text),
    (fields.TIMES, _scalar(_is_time, expected="a time as text, such as 2024-01-01T00:00:00Z")),
    (fields.FREE_FORM_MAPS, _map_of_texts),
    (fields.TEXT_LISTS, _list_of(_text, expected="a list of texts")),
    (fields.SECTION_LISTS, _list_of(_section, expected="a list of mappings")),
)
_KINDS: Final = {name: check for names, check in _CHECKS for name in names}
