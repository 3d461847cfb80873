"""Durations as Go's ``time.ParseDuration`` reads them: ``60s``, ``1h30m``, ``-1.5h``, ``100ms``.

The agent's ``resyncInterval`` is one. The module must not accept what Go refuses: no bare ``60``, no days.
"""

from __future__ import annotations

import re
from typing import Final

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import excerpt

# https://pkg.go.dev/time#ParseDuration, read 2026-11-22: the units, and both letters that look like a micro sign.
_NANOSECONDS: Final = {
    "ns": 1,
    "us": 10**3,
    "\N{MICRO SIGN}s": 10**3,
    "\N{GREEK SMALL LETTER MU}s": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_UNITS: Final = "|".join(sorted(_NANOSECONDS, key=len, reverse=True))
_PART: Final = rf"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)({_UNITS})"
_DURATION: Final = re.compile(rf"[-+]?(?:0|(?:{_PART})+)")
_PARTS: Final = re.compile(_PART)

_LARGEST: Final = 2**63  # nanoseconds of a Go duration; only a negative one reaches it
_LONGEST_DIGITS: Final = 19  # more digits exceed 2**63 in any unit, and in a fraction they count for nothing


def parse_duration(text: str, *, where: str) -> float:
    """Read a duration.

    :param text: numbers with units, one after the other, perhaps with a sign before them all; or ``0``.
    :param where: the place to name in an error.
    :return: seconds.
    :raises InvalidInputError: when it is anything else, or longer than Go can hold (292 years).
    """
    if _DURATION.fullmatch(text) is None:
        raise _not_a_duration(text, where=where)
    negative = text.startswith("-")
    nanoseconds = sum(_nanoseconds(number, unit) for number, unit in _PARTS.findall(text))
    if nanoseconds > _LARGEST - (not negative):
        raise _not_a_duration(text, where=where)
    return (-nanoseconds if negative else nanoseconds) / 10**9


def _nanoseconds(number: str, unit: str) -> int:
    whole, _, fraction = number.partition(".")
    whole = whole.lstrip("0") or "0"
    if len(whole) > _LONGEST_DIGITS:
        return _LARGEST + 1
    fraction = fraction[:_LONGEST_DIGITS]
    scale: int = 10 ** len(fraction)
    return int(whole) * _NANOSECONDS[unit] + int(fraction or "0") * _NANOSECONDS[unit] // scale


def _not_a_duration(text: str, *, where: str) -> InvalidInputError:
    expected = "a duration with units such as 60s or 1m30s"
    return InvalidInputError(where=where, expected=expected, seen=excerpt(text))
