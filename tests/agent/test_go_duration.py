"""Durations are Go's."""

from __future__ import annotations

import pytest

from airflow_masq.agent.go_duration import parse_duration
from airflow_masq.exceptions import InvalidInputError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60s", 60),
        ("1h30m", 5400),
        ("100ms", 0.1),
        ("1.5h", 5400),
        ("+.5s", 0.5),
        ("1.s", 1),
        ("-5s", -5),
        ("0", 0),
        ("-0", 0),
        ("1us", 1e-6),
        ("1\N{MICRO SIGN}s", 1e-6),
        ("1\N{GREEK SMALL LETTER MU}s", 1e-6),
        ("1ns", 1e-9),
        ("1s1s", 2),
        ("9223372036854775807ns", 9223372036.854775807),
        ("-9223372036854775808ns", -9223372036.854775808),
        ("000000000000000000000001s", 1),
        ("0.00000000000000000000000009h", 0),
    ],
)
def test_gos_durations_are_read(text: str, seconds: float) -> None:
    """Numbers with units add up to seconds."""
    assert parse_duration(text, where="resyncInterval") == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", "60", "1d", "s", ".s", "-", "1 s", "1S", "1m-1s", "\u0661s", "1h "),
        *("9223372036854775808ns", "-9223372036854775809ns", "2562048h", "99999999999999999999h"),
    ],
)
def test_what_go_refuses_is_refused(text: str) -> None:
    """No unit, an unknown one, another order or more than Go can hold is an error that names the place."""
    with pytest.raises(InvalidInputError, match="resyncInterval: expected a duration with units") as raised:
        parse_duration(text, where="resyncInterval")
    assert raised.value.seen == ascii(text)
