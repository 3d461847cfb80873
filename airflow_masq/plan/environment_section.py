"""The environment in a plan: Google's resource, whose known fields hold what Google's own reader takes.

A plan with ``envVariables: {A: 1}`` would otherwise pass here, and be refused by Google's types when it is too late.
Only types are checked: rules say whether the values make sense, so that a plan with a flawed environment can be linted.
An unknown field, and an unknown word of an enum, are passed on.

The types' bounds are those of protobuf's JSON mapping [source: protobuf-json].
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from airflow_masq.environment import EnvironmentResource, fields
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.plan.document import Place
from airflow_masq.text import describe_type, escape

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_PLACE: Final = 200
_WHOLE_NUMBERS: Final = range(-(2**31), 2**31)
_LARGEST_FLOAT: Final = (2 - 2**-23) * 2.0**127
# Timestamps [source: rfc-3339-timestamps]; Google's reader takes capitals only, and at most nine digits of a second.
# The hours are bounded here, since Python 3.14 takes 24:00 for midnight.
_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)


def read_environment(place: Place) -> EnvironmentResource:
    """Read the environment resource.

    :raises PlanError: a known field has another type, or occurs in both spellings.
    """
    values = {name: entry.value for name, entry in place.read_entries().items()}
    try:
        environment = EnvironmentResource.read(values)
    except InvalidInputError as error:
        where = f"{place.where}.{escape(error.where, limit=_LONGEST_PLACE)}"
        raise place.document.make_error(where=where, expected=error.expected, seen=error.seen) from None
    _check_fields(Place(document=place.document, where=place.where, value=environment.fields))
    return environment


def _check_fields(place: Place) -> None:
    """Check the known fields of the environment or of a section; ``null`` says nothing, as in JSON."""
    for name, entry in place.read_entries().items():
        check = _CHECK_OF_FIELD.get(name)
        if check is not None and entry.value is not None:
            check(entry)


def _check_text(place: Place) -> None:
    if not isinstance(place.value, str):
        raise place.make_error(_expect_text(place))


def _expect_text(place: Place) -> str:
    return "text" if isinstance(place.value, dict | list) else "text (quote it)"


def _check_map(place: Place) -> None:
    if not isinstance(place.value, dict):
        raise place.make_error("a mapping from text to text", seen=describe_type(place.value))
    for entry in place.read_entries().values():
        if not isinstance(entry.value, str):
            # A value of the user's own maps may be a secret: passwords are numbers, too.
            raise entry.make_error(_expect_text(entry), seen=describe_type(entry.value))


def _check_all(check: Callable[[Place], None], *, expected: str) -> Callable[[Place], None]:
    def check_list(place: Place) -> None:
        if not isinstance(place.value, list):
            raise place.make_error(expected)
        for item in place.read_items():
            check(item)

    return check_list


def _expect(expected: str, *, accepts: Callable[[object], bool]) -> Callable[[Place], None]:
    def check(place: Place) -> None:
        if not accepts(place.value):
            raise place.make_error(expected)

    return check


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


_CHECKS: Final = (
    (fields.SECTIONS, _check_fields),
    (fields.BOOLEANS, _expect("true or false", accepts=lambda value: isinstance(value, bool))),
    (fields.WHOLE_NUMBERS, _expect("a whole number of 32 bits", accepts=_is_whole_number)),
    (fields.NUMBERS, _expect("a number of 32 bits", accepts=_is_number)),
    (fields.TIMES, _expect("a time as text, such as 2024-01-01T00:00:00Z", accepts=_is_time)),
    (fields.TEXTS | fields.ENUMS, _check_text),
    (fields.FREE_FORM_MAPS, _check_map),
    (fields.TEXT_LISTS, _check_all(_check_text, expected="a list of texts")),
    (fields.SECTION_LISTS, _check_all(_check_fields, expected="a list of mappings")),
)
_CHECK_OF_FIELD: Final = {name: check for names, check in _CHECKS for name in names}
