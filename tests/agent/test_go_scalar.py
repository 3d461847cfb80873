"""Scalars mean what they mean to Go's YAML."""

from __future__ import annotations

import math

import pytest

from airflow_masq.agent.go_scalar import GoScalar, resolve_scalar
from airflow_masq.exceptions import InvalidInputError

TAG = "tag:yaml.org,2002:"


def _same(value: GoScalar, expected: GoScalar) -> bool:
    return type(value) is type(expected) and (value == expected or value != value)  # noqa: PLR0124 - NaN


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("y", True), ("Yes", True), ("ON", True), ("true", True), ("n", False), ("No", False), ("OFF", False)),
        *(("", None), ("~", None), ("Null", None), ("nUll", "nUll"), ("tRue", "tRue"), ("yea", "yea")),
        *(("64", 64), ("+5", 5), ("-5", -5), ("-0", 0), ("1_0", 10), ("0x40", 64), ("0X4_0", 64), ("0100", 64)),
        *(("0o100", 64), ("0O100", 64), ("0b11", 3), ("0B11", 3), ("0b-11", -3), ("0b+1", 1), ("0b--1", "0b--1")),
        *(("08", 8.0), ("0o8", "0o8"), ("0x", "0x"), ("0b", "0b"), ("1e2", 100.0), (".5", 0.5), ("5.", 5.0)),
        *(("+.5", 0.5), ("._5", "._5"), ("1_0.5", 10.5), ("1e400", "1e400"), ("-", "-"), (".", "."), ("+", "+")),
        *((".inf", math.inf), ("-.Inf", -math.inf), (".NaN", math.nan), ("+.INF", math.inf), (".iNf", ".iNf")),
        *(("9223372036854775807", 2**63 - 1), ("18446744073709551615", 2**64 - 1), ("18446744073709551616", 2.0**64)),
        *(("-9223372036854775808", -(2**63)), ("+18446744073709551615", 2.0**64), ("0x" + "f" * 65, "0x" + "f" * 65)),
        *(("1:30", "1:30"), ("2001-01-01", "2001-01-01"), ("=", "="), ("<<", "<<"), ("10.0.0.0/8", "10.0.0.0/8")),
    ],
)
def test_plain_scalars_resolve_as_in_go(text: str, value: GoScalar) -> None:
    """YAML 1.1's words, Go's numbers, and everything else a text."""
    assert _same(resolve_scalar(text), value)


@pytest.mark.parametrize("text", ["true", "64", "", "~"])
def test_quoted_scalars_are_texts(text: str) -> None:
    """Quotes make a text of anything."""
    assert resolve_scalar(text, plain=False) == text


@pytest.mark.parametrize(
    ("tag", "text", "value"),
    [
        *(("bool", "y", True), ("int", "0b1", 1), ("float", "1.5", 1.5), ("float", "3", 3.0), ("null", "~", None)),
        *(("str", "true", "true"), ("timestamp", "2001-01-01", "2001-01-01"), ("unknown", "true", "true")),
        ("timestamp", "2001-1-1T1:2:3.5Z", "2001-1-1T1:2:3.5Z"),
        ("binary", "MTAu\nMC4wLjAvOA==", "10.0.0.0/8"),
        ("binary", "/w==", "\ufffd"),
    ],
)
def test_tags_are_obeyed(tag: str, text: str, value: GoScalar) -> None:
    """A tag decides, with or without quotes, and one that Go does not know leaves a text."""
    assert _same(resolve_scalar(text, tag=TAG + tag), value)
    assert _same(resolve_scalar(text, tag=TAG + tag, plain=False), value)
    assert resolve_scalar("true", tag="!own") == "true"


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        *(("bool", "1"), ("int", "1.5"), ("int", "x"), ("float", "x"), ("null", "x"), ("timestamp", "60s")),
        *(("float", "18446744073709551615"), ("binary", "a"), ("binary", "MTA=="), ("binary", "\u00e9")),
    ],
)
def test_what_its_tag_does_not_fit_is_refused(tag: str, text: str) -> None:
    """Go fails on such a document."""
    with pytest.raises(InvalidInputError, match=f"!!{tag}"):
        resolve_scalar(text, tag=TAG + tag)
