"""Foreign text is quoted harmlessly."""

from __future__ import annotations

from airflow_masq.network.excerpt import excerpt


def test_short_text_is_quoted_whole() -> None:
    """What fits is shown as it is, with everything unusual escaped."""
    assert excerpt("10.0.0.0/8") == "'10.0.0.0/8'"
    assert excerpt("\x1b[31m\n\u202e") == "'\\x1b[31m\\n\\u202e'"


def test_long_text_is_cut() -> None:
    """Sixty characters are shown whole, of sixty-one the last is cut."""
    assert excerpt("a" * 60) == "'" + "a" * 60 + "'"
    assert excerpt("a" * 61) == "'" + "a" * 60 + "...'"
