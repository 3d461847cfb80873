"""Reads numbers that operators were given, as numbers or as what a template made of them; it must not guess."""

from __future__ import annotations

import math

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.wire import printable


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
