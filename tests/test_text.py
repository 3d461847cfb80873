"""Foreign text is shown and harmless, values are described, and long lists are shortened."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_masq.text import (
    align,
    describe,
    describe_type,
    escape,
    escape_again,
    format_count,
    join_words,
    quote,
    shorten,
    suggest,
)


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("", ""),
        (b"", ""),
        ("größe 大", "größe 大"),
        ("two\nlines\r\n", r"two\nlines\r\n"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("bell\a null\0", r"bell\x07 null\x00"),
        ("\u202eexe.pdf", r"\u202eexe.pdf"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("line\u2028separator", r"line\u2028separator"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("back\\slash", r"back\\slash"),
        (b"\xff\xfe10", r"\xff\xfe10"),
        (b"\x80 \xff", r"\x80 \xff"),
        ("<b>", "<b>"),
    ],
)
def test_shows_text_and_escapes_what_a_terminal_would_act_upon(foreign: str | bytes, shown: str) -> None:
    """Letters stay readable; control, direction and invisible characters appear as escapes."""
    assert escape(foreign) == shown


@pytest.mark.parametrize(
    ("limit", "shown"),
    [(1, "…"), (4, "abc…"), (5, "abc…"), (6, "abc\\n…"), (7, "abc\\n…"), (8, "abc\\n\\nd"), (9, "abc\\n\\nd")],
)
def test_cuts_at_the_limit_and_never_inside_an_escape(limit: int, shown: str) -> None:
    """A long text ends in an ellipsis, and no half escape is before it."""
    assert escape("abc\n\nd", limit=limit) == shown


def test_a_text_that_just_fits_is_not_marked_as_cut() -> None:
    """The ellipsis says that something is missing, so a complete text has none."""
    assert escape("x" * 120) == "x" * 120
    assert escape("x" * 121) == "x" * 119 + "…"


@given(st.text() | st.binary(), st.integers(min_value=1, max_value=40))
def test_any_text_becomes_one_short_printable_line(foreign: str | bytes, limit: int) -> None:
    """No text breaks out of its line or exceeds its limit."""
    shown = escape(foreign, limit=limit)
    assert shown.isprintable()
    assert len(shown) <= limit


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12))
def test_loses_nothing_of_a_text_that_fits(foreign: str) -> None:
    """The exact text can be read back from the escapes."""
    shown = escape(foreign, limit=1000).replace('"', r"\"")
    assert ast.literal_eval(f'"{shown}"') == foreign


def test_bytes_are_read_as_text_to_the_end_of_the_line() -> None:
    """Bytes of four-byte characters fill a line as text does."""
    assert escape(("\N{GRINNING FACE}" * 121).encode()) == "\N{GRINNING FACE}" * 119 + "…"


def test_shortens_what_needs_no_escape() -> None:
    """A text that fits stays whole; of a longer one the ellipsis replaces the end."""
    assert [shorten(text, limit=3) for text in ("", "abc", "abcd")] == ["", "abc", "ab…"]


def test_what_holds_escapes_is_not_escaped_twice() -> None:
    """A printable line stays as it is; control characters and a line that is too long do not."""
    assert escape_again(escape("a\nb")) == r"a\nb"
    assert escape_again("a\nb") == r"a\nb"
    assert escape_again("a" * 5, limit=5) == "a" * 5
    assert escape_again("a" * 6, limit=5) == "aaaa…"


def test_suggests_what_was_probably_meant() -> None:
    """The nearest choice is suggested, escaped; a word that is like none gets no suggestion, however long it is."""
    assert suggest("wrokers", ["nodes", "workers"]) == " (did you mean workers?)"
    assert suggest("wo", ["nodes", "workers"]) == ""
    assert suggest("wo", ["nodes", "workers"], likeness=0.4) == " (did you mean workers?)"
    assert suggest("a\nb", ["a\nbc"]) == r" (did you mean a\nbc?)"
    assert suggest("a" * 100_000, ["a" * 100]) == f" (did you mean {'a' * 100}?)"


def test_short_text_is_quoted_whole() -> None:
    """What fits is shown as it is, with everything unusual escaped, letters that look like others too."""
    assert quote("10.0.0.0/8") == "'10.0.0.0/8'"
    assert quote("\x1b[31m\n\u202e") == "'\\x1b[31m\\n\\u202e'"
    assert quote("n\u043ede") == "'n\\u043ede'"


def test_long_text_is_cut() -> None:
    """Eighty characters are shown whole, of eighty-one the last is cut."""
    assert quote("a" * 80) == "'" + "a" * 80 + "'"
    assert quote("a" * 81) == "'" + "a" * 80 + "...'"


class Odd:
    """Something that no plan or report can hold."""

    def __repr__(self) -> str:
        raise AssertionError("a description must not ask a foreign object for words")


@pytest.mark.parametrize(
    ("value", "description", "type_alone"),
    [
        ("it's", '"it\'s"', "text"),
        (None, "nothing", "nothing"),
        (True, "true", "a boolean"),
        (False, "false", "a boolean"),
        (0, "0", "a number"),
        (2**63 - 1, "9223372036854775807", "a number"),
        (2**63, "a number of more than 64 bits", "a number"),
        (-(2**63), "a number of more than 64 bits", "a number"),
        pytest.param(10**5000, "a number of more than 64 bits", "a number", id="a number of 5000 digits"),
        (1.5, "1.5", "a number"),
        (float("nan"), "nan", "a number"),
        ({"a": 1}, "a mapping", "a mapping"),
        ({}, "an empty mapping", "a mapping"),
        ([1], "a list", "a list"),
        ([], "an empty list", "a list"),
        ((1,), "a list", "a list"),
        (Odd(), "a value of type Odd", "a value of type Odd"),
        (type("e\x1bvil", (), {})(), r"a value of type e\x1bvil", r"a value of type e\x1bvil"),
    ],
)
def test_describes_any_value_in_a_few_harmless_words(value: object, description: str, type_alone: str) -> None:
    """An error shows a text or a number, and of everything else, and of what may be secret, the type alone."""
    assert describe(value) == description
    assert describe_type(value) == type_alone


def test_a_long_list_is_cut_and_the_rest_is_counted() -> None:
    """A firewall with many ranges does not bury the sentence."""
    assert join_words([]) == ""
    assert join_words(range(10)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
    assert join_words(range(12)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"
    assert join_words(iter("abc"), most=2) == "a, b and 1 more"
    assert join_words("abcdefghijkl", most=None) == "a, b, c, d, e, f, g, h, i, j, k, l"


def test_things_are_counted() -> None:
    """One thing is not several."""
    assert [format_count(number, noun="error") for number in (0, 1, 2)] == ["0 errors", "1 error", "2 errors"]
    assert [format_count(number, noun="address", plural="addresses") for number in (1, 2)] == [
        "1 address",
        "2 addresses",
    ]


def test_columns_are_aligned() -> None:
    """Columns are as wide as their widest cell, and lines end without blanks."""
    assert align([("a", "b", ""), ("long", "c", "d")]) == ["a     b", "long  c  d"]
    assert align([]) == []
    assert align([("a", "b")], widths=(3, 1)) == ["a    b"]
