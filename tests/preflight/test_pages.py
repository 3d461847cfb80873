"""Each check of a preflight has a code and a true page.

Run with AIRFLOW_MASQ_WRITE_PAGES=1 to write the pages after a check has changed.
"""

from __future__ import annotations

import os
import re
from importlib.resources import files
from pathlib import Path

import pytest

from airflow_masq.preflight.check import Check
from airflow_masq.preflight.page import write_check_page
from airflow_masq.preflight.registry import list_checks

PAGES = Path(__file__).parents[2] / "docs" / "rules"
CHECKS = pytest.mark.parametrize("check", list_checks(), ids=lambda check: check.code)


def test_adding_a_check_is_adding_a_file() -> None:
    """Every file that is named after a code is a check of that code, and there is no other."""
    names = [file.name for file in files("airflow_masq.preflight.checks").iterdir()]
    codes = sorted(name[:7].upper() for name in names if re.fullmatch(r"masq[0-9]{3}_\w+\.py", name))
    assert [check.code for check in list_checks()] == codes
    assert len(set(codes)) == len(codes)


@CHECKS
def test_the_page_is_true(check: Check) -> None:
    """The page in docs/rules is what the check says today."""
    path = PAGES / f"{check.code}.md"
    if os.environ.get("AIRFLOW_MASQ_WRITE_PAGES"):
        path.write_text(write_check_page(check), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == write_check_page(check)


@CHECKS
def test_the_page_is_whole(check: Check) -> None:
    """A page has a title, what is asked, why with a source, and how to fix it, in this order."""
    text = write_check_page(check)
    assert text.startswith(f"# {check.code}: ")
    places = [text.index(part) for part in ("## Why", "https://", "## How to fix")]
    assert places == sorted(places)
    assert "read 2026-" in " ".join(text.split())


def test_there_is_no_page_of_a_check_that_does_not_exist() -> None:
    """A check that was withdrawn leaves no page behind."""
    assert {path.stem for path in PAGES.glob("MASQ5*.md")} == {check.code for check in list_checks()}
