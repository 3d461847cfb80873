"""Numbers as operators get them: from Python, or as the text that a template made."""

from __future__ import annotations

import pytest

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.operators.settings import read_seconds, read_whole_number


@pytest.mark.parametrize("value", [3, "3", 3.0, " 3 "])
def test_a_whole_number_may_be_a_number_or_its_text(value: object) -> None:
    """A rendered template is text, and means the same."""
    assert read_whole_number(value, where="attempts", least=1, most=10) == 3


@pytest.mark.parametrize("value", [0, 11, "many", 2.5, True, None, "", "nan", "inf", [3], "9" * 5000])
def test_anything_else_is_refused_in_one_line(value: object) -> None:
    """A wrong number names the setting, what was expected and what was seen."""
    with pytest.raises(InvalidInputError, match=r"^attempts: expected a whole number from 1 to 10, saw .{1,200}$"):
        read_whole_number(value, where="attempts", least=1, most=10)


@pytest.mark.parametrize(("value", "expected"), [(2, 2.0), ("0.5", 0.5)])
def test_seconds_may_have_a_fraction(value: object, expected: float) -> None:
    """Half a second is a duration."""
    assert read_seconds(value, where="timeout_seconds", least=0.1, most=60) == expected


@pytest.mark.parametrize("value", [0, 61, "nan", "soon", False])
def test_a_duration_that_is_none_is_refused(value: object) -> None:
    """Neither "not a number" nor a time without end is a duration."""
    with pytest.raises(InvalidInputError, match=r"^timeout_seconds: expected a number of seconds from 0.1 to 60, saw "):
        read_seconds(value, where="timeout_seconds", least=0.1, most=60)
