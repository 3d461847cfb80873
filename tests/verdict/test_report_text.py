"""Reports as the text in an XCom: what was written is read back, and anything else is refused."""

from __future__ import annotations

import json

import pytest

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.verdict import (
    Outcome,
    encode_report,
    read_report,
    read_reports,
    report_text,
    write_report,
    write_reports,
)
from tests.operators.report_examples import example_report

REPORT = example_report([Outcome.PASS, Outcome.FAIL])


def test_a_report_is_read_back() -> None:
    """Also where an earlier version left the mapping itself."""
    assert read_report(write_report(REPORT)) == REPORT
    assert read_report(encode_report(REPORT)) == REPORT


def test_several_reports_are_read_back() -> None:
    """Also where an earlier version left the list itself."""
    assert read_reports(write_reports([REPORT, REPORT])) == [REPORT, REPORT]
    assert read_reports([encode_report(REPORT)]) == [REPORT]
    assert REPORT.ranges, "the ranges must survive the way"


@pytest.mark.parametrize("text", ["", "no JSON", "[" * 100_000, "'{}'"])
def test_a_text_that_is_no_json_is_refused(text: str) -> None:
    """It is not quoted, since it may be any text."""
    with pytest.raises(InvalidInputError, match=r"^report: expected JSON, saw a text that is none$"):
        read_report(text)


def test_a_huge_text_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is parsed that no report of ours can be."""
    monkeypatch.setattr(report_text, "_LARGEST_TEXT", 10)
    with pytest.raises(InvalidInputError, match=r"^reports: expected at most 10 characters of JSON, saw 11$"):
        read_reports("[1,1,1,1,1]")


@pytest.mark.parametrize("change", [{"kind": "dropped"}, {"cidr": "10.0.0.1/8"}, {"more": 1}])
def test_a_range_that_cannot_be_is_refused(change: dict[str, object]) -> None:
    """Ranges are read as strictly as verdicts."""
    content = json.loads(write_report(REPORT))
    content["ranges"][0] |= change
    with pytest.raises(InvalidInputError, match=r"^report\.ranges\[0\]"):
        read_report(content)


def test_a_list_with_something_else_in_it_is_refused() -> None:
    """The error names which of the reports it is."""
    with pytest.raises(InvalidInputError, match=r"^reports\[1\]"):
        read_reports(json.dumps([encode_report(REPORT), 5]))
