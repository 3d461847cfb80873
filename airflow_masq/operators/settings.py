"""Numbers and booleans that operators were given, as they are or as the text that a template made of them."""

from __future__ import annotations

import math

from airflow_masq.clients.client import LONGEST_SECONDS, SHORTEST_SECONDS
from airflow_masq.reading import Place


def read_whole_number(value: object, *, where: str, least: int, most: int) -> int:
    """Read a whole number, or its decimal text, within bounds.

    :param where: the setting's name, for the error.
    :raises InvalidInputError: when it is anything else.
    """
    return Place(where=where, value=_convert_number(value)).read_whole_number(least=least, most=most)


def read_seconds(value: object, *, where: str, least: float = SHORTEST_SECONDS, most: float = LONGEST_SECONDS) -> float:
    """Read a number of seconds, or its decimal text, within bounds.

    :param where: the setting's name, for the error.
    :raises InvalidInputError: when it is anything else.
    """
    return Place(where=where, value=_convert_number(value)).read_number(
        least=least, most=most, noun="a number of seconds"
    )


def read_number(value: object, *, where: str, least: float, most: float) -> float:
    """Read a number, or its decimal text, within bounds.

    :param where: the setting's name, for the error.
    :raises InvalidInputError: when it is anything else.
    """
    return Place(where=where, value=_convert_number(value)).read_number(least=least, most=most)


def read_boolean(value: object, *, where: str) -> bool:
    """Read a boolean, or the text that a template made of one.

    :param where: the setting's name, for the error.
    :raises InvalidInputError: when it is anything else.
    """
    words = {"true": True, "false": False}
    given = words.get(value.strip().lower(), value) if isinstance(value, str) else value
    return Place(where=where, value=given).read_boolean()


def _convert_number(value: object) -> object:
    """Turn a text or a float into its number, an integer if it is whole; leave anything else as it is."""
    try:
        number = float(value) if isinstance(value, str | float) else math.nan
    except ValueError:
        return value
    if not math.isfinite(number):
        return value
    return int(number) if number.is_integer() else number
