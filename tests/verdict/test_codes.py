"""Each code has a page, made from the table, so that what people read is what the code does.

``AIRFLOW_MASQ_WRITE_PAGES=1 pytest tests/verdict/test_codes.py`` writes the pages.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from airflow_masq.verdict import CODES, Outcome, VerdictCode, write_code_page

RULES = Path(__file__).resolve().parents[2] / "docs" / "rules"


@pytest.mark.parametrize("code", list(VerdictCode))
def test_the_page_of_a_code_says_what_the_table_says(code: VerdictCode) -> None:
    """A reader who looks a code up finds its outcome, its meaning, its causes and the next step."""
    path = RULES / f"{code}.md"
    if os.environ.get("AIRFLOW_MASQ_WRITE_PAGES"):
        path.write_text(write_code_page(code), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == write_code_page(code)
    assert CODES[code].what_to_do in write_code_page(code)


def test_there_is_no_page_of_a_code_that_does_not_exist() -> None:
    """A code that was withdrawn leaves no page behind."""
    assert {path.stem for path in RULES.glob("MASQ4*.md")} == set(VerdictCode)


def test_every_code_is_either_an_outcome_or_a_finding() -> None:
    """The table of codes is complete, and its hundreds mean what the pages say."""
    assert set(CODES) == set(VerdictCode)
    hundreds = {"MASQ40": Outcome.PASS, "MASQ41": Outcome.FAIL, "MASQ42": Outcome.INCONCLUSIVE}
    hundreds |= {"MASQ43": Outcome.INCONCLUSIVE, "MASQ44": Outcome.ERROR, "MASQ45": Outcome.ERROR}
    hundreds |= {"MASQ46": Outcome.ERROR, "MASQ47": Outcome.INCONCLUSIVE}
    for code, meaning in CODES.items():
        assert meaning.outcome == hundreds.get(code[:6])
