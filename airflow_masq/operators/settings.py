"""Reads settings that operators were given, as they are or as what a template made of them; it must not guess."""

from __future__ import annotations

import math
from typing import Final

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import printable

LONGEST_LINE_CHARACTERS: Final = 20_000
"""The longest text that a report may hold: reports with longer ones are not read back (``verdict.from_dict``)."""


def one_line(value: object, *, where: str) -> str:
    """Read a text that goes into a report.

    :param value: the text.
    :param where: the setting's name.
    :return: the text.
    :raises InvalidInputError: when it is anything else than one printable line of a length that a report may hold.
    """
    if not isinstance(value, str) or len(value) > LONGEST_LINE_CHARACTERS or not value.isprintable():
        raise InvalidInputError(
            where=where,
            expected=f"one printable line of at most {LONGEST_LINE_CHARACTERS} characters",
            seen=printable(repr(value)),
        )
    return value


def whole_number(value: object, *, where: str, least: int, most: int) -> int:
    """Read a whole number.

    :param value: the number, or its decimal text.
    :param where: the setting's name.
    :param least: the smallest allowed.
    :param most: the largest allowed.
    :return: the number.
    :raises InvalidInputError: when it is anything else.
    """
    number = _number(value)
    if number is None or not number.is_integer() or not least <= number <= most:
        raise InvalidInputError(where=where, expected=f"a whole number, {least} to {most}", seen=printable(repr(value)))
    return int(number)


def seconds(value: object, *, where: str, least: float, most: float) -> float:
    """Read a duration.

    :param value: the number of seconds, or its decimal text.
    :param where: the setting's name.
    :param least: the smallest allowed.
    :param most: the largest allowed.
    :return: the seconds.
    :raises InvalidInputError: when it is anything else.
    """
    number = _number(value)
    if number is None or not least <= number <= most:
        raise InvalidInputError(where=where, expected=f"{least:g} to {most:g} seconds", seen=printable(repr(value)))
    return number


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
