"""Foreign text is shown, and can do nothing; long lists are shortened."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_masq.text import excerpt, printable


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
        ("<b>", "<b>"),
    ],
)
def test_shows_text_and_escapes_what_a_terminal_would_act_upon(foreign: str | bytes, shown: str) -> None:
    """Letters stay readable; control, direction and invisible characters appear as escapes."""
    assert printable(foreign) == shown


@pytest.mark.parametrize(
    ("limit", "shown"),
    [(1, "…"), (4, "abc…"), (7, "abc…"), (8, "abc\\n\\nd"), (9, "abc\\n\\nd")],
)
def test_cuts_at_the_limit_and_never_inside_an_escape(limit: int, shown: str) -> None:
    """A long text ends in an ellipsis, and no half escape stands before it."""
    assert printable("abc\n\nd", limit=limit) == {7: "abc\\n…"}.get(limit, shown)


def test_a_text_that_just_fits_is_not_marked_as_cut() -> None:
    """The ellipsis says that something is missing, so it must not stand where nothing is."""
    assert printable("x" * 120) == "x" * 120
    assert printable("x" * 121) == "x" * 119 + "…"


@given(st.text() | st.binary(), st.integers(min_value=1, max_value=40))
def test_is_one_short_printable_line_whatever_came(foreign: str | bytes, limit: int) -> None:
    """No text whatever breaks out of its line or exceeds its room."""
    shown = printable(foreign, limit=limit)
    assert shown.isprintable()
    assert len(shown) <= limit


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12))
def test_loses_nothing_of_a_text_that_fits(foreign: str) -> None:
    """Whoever needs the exact text can read it back from the escapes."""
    shown = printable(foreign, limit=1000).replace('"', r"\"")
    assert ast.literal_eval(f'"{shown}"') == foreign


def test_short_text_is_quoted_whole() -> None:
    """What fits is shown as it is, with everything unusual escaped."""
    assert excerpt("10.0.0.0/8") == "'10.0.0.0/8'"
    assert excerpt("\x1b[31m\n\u202e") == "'\\x1b[31m\\n\\u202e'"


def test_long_text_is_cut() -> None:
    """Sixty characters are shown whole, of sixty-one the last is cut."""
    assert excerpt("a" * 60) == "'" + "a" * 60 + "'"
    assert excerpt("a" * 61) == "'" + "a" * 60 + "...'"
