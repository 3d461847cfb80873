"""JSON is read as strictly as Go reads it, and keeps its raw form."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_masq.agent.go_json import (
    DEEPEST,
    JsonList,
    JsonNumber,
    JsonObject,
    JsonText,
    JsonValue,
    parse_json,
)
from airflow_masq.exceptions import InvalidInputError


def _plain(value: JsonValue) -> Any:  # noqa: ANN401 - any JSON value
    """Turn a value into what Python's own reader gives."""
    if isinstance(value, JsonText):
        return value.value
    if isinstance(value, JsonNumber):
        return json.loads(value.literal)
    if isinstance(value, JsonList):
        return [_plain(item) for item in value.items]
    if isinstance(value, JsonObject):
        return {name: _plain(member) for name, member in value.members}
    return value


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)


@given(value=VALUES, ascii_only=st.booleans(), indent=st.none() | st.integers(0, 2))
def test_whatever_python_writes_is_read_back(value: Any, *, ascii_only: bool, indent: int | None) -> None:  # noqa: ANN401
    """Every JSON value survives, whether or not its text is escaped and indented."""
    assert _plain(parse_json(json.dumps(value, ensure_ascii=ascii_only, indent=indent))) == value


@given(text=st.text(alphabet='{}[]",:\\u0019aeEtruefalsn. \t\n-+\x1f/', max_size=12))
def test_what_python_refuses_is_refused(text: str) -> None:
    """Both readers agree on what is JSON, except for Python's own NaN and infinities."""
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(InvalidInputError):
            parse_json(text)
    else:
        assert _plain(parse_json(text)) == expected


def test_texts_and_numbers_keep_their_raw_form() -> None:
    """A text knows what stood between its quotes, a number its digits, and an object every member in its order."""
    members = (("a", JsonText(value="60s", raw="6\\u0030s")), ("a", JsonNumber("1.50e+1")))
    assert parse_json('{"a": "6\\u0030s", "a": 1.50e+1}') == JsonObject(members)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_what_only_python_calls_a_number_is_refused(word: str) -> None:
    """JSON has no word for these."""
    with pytest.raises(InvalidInputError, match="JSON with"):
        parse_json(f"[{word}]")


def test_half_a_surrogate_pair_is_replaced() -> None:
    """As in Go, a half alone becomes U+FFFD, and two halves a character."""
    assert parse_json('["\\ud83d", "\\ud83d\\ude00"]') == JsonList(
        (JsonText(value="\ufffd", raw="\\ud83d"), JsonText(value="\U0001f600", raw="\\ud83d\\ude00"))
    )


def test_nesting_has_a_limit() -> None:
    """What is within the limit is read, one level more is not."""
    assert parse_json("[" * DEEPEST + "1" + "]" * DEEPEST)
    with pytest.raises(RecursionError, match="64 levels"):
        parse_json("[" * (DEEPEST + 1) + "1" + "]" * (DEEPEST + 1))


def test_errors_name_the_line() -> None:
    """The line and what stands there are in the message, also at the end."""
    with pytest.raises(InvalidInputError, match=r"config, line 3: expected JSON with a value, saw '\]'"):
        parse_json("[\n1,\n]")
    with pytest.raises(InvalidInputError, match="config, line 1: expected JSON with ':', saw the end"):
        parse_json('{"a"')
