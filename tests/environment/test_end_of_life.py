"""Composer 1 and 2.0 have ended, nothing later has."""

from __future__ import annotations

from datetime import date

import pytest

from airflow_masq.environment import ImageVersion, end_of_life
from airflow_masq.environment.end_of_life import END_OF_LIFE


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("composer-1.20.12-airflow-1.10.15", "Composer 1"),
        ("composer-1-airflow-2", "Composer 1"),
        ("composer-2.0.32-airflow-2.3.4", "Composer 2.0"),
    ],
)
def test_ended_versions_are_in_the_table(text: str, name: str) -> None:
    """Every Composer 1 and every Composer 2.0 ended on 2026-09-15 [source: composer-end-of-life]."""
    end = end_of_life(ImageVersion.parse(text))
    assert end is not None
    assert (end.name, end.ended_on) == (name, date(2026, 9, 15))


@pytest.mark.parametrize(
    "text",
    [
        "composer-2.1.0-airflow-2.4.3",
        "composer-2.14.1-airflow-2.10.5",
        "composer-2-airflow-2",
        "composer-3-airflow-2.10.5-build.3",
        "composer-latest-airflow-2",
    ],
)
def test_other_versions_are_not(text: str) -> None:
    """Later versions, and aliases that resolve to current ones, have not ended."""
    assert end_of_life(ImageVersion.parse(text)) is None


def test_every_row_says_where_google_says_so() -> None:
    """Each row of the table carries its source and the day it was read."""
    assert all("https://cloud.google.com/" in row.source and "read 20" in row.source for row in END_OF_LIFE)
