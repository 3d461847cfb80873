"""Which findings fail a task, and what the failure says."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_masq.exceptions import InvalidInputError, SourceIpCheckFailedError
from airflow_masq.verdict import FAILABLE_OUTCOMES, Outcome, assert_reports, parse_outcomes
from tests.operators.report_examples import example_report


def test_a_fail_fails() -> None:
    """The failure counts the outcomes, names verdict, code, target and node, and says where to look."""
    report = example_report([Outcome.PASS, Outcome.FAIL])
    with pytest.raises(SourceIpCheckFailedError) as raised:
        assert_reports([report], fail_on=[Outcome.FAIL])
    message = str(raised.value)
    assert message.startswith(
        f"{report.environment}: 1 FAIL, 1 PASS: {report.verdicts[1].code} erp from 192.168.1.0/26.\nerp: "
    )
    assert f"{report.verdicts[1].reason} Next: Compare the nodes in the report." in message
    assert message.endswith(
        "\nSee the table in this task's log for the verdicts, and the report (an XCom) for their evidence."
    )


def test_every_environment_is_named_up_to_a_few() -> None:
    """A failure over five environments names the first three."""
    reports = [
        dataclasses.replace(example_report([Outcome.FAIL]), environment=f"environment-{number}") for number in range(5)
    ]
    with pytest.raises(
        SourceIpCheckFailedError, match=r"^environment-0, environment-1, environment-2 and 2 more: 5 FAIL: "
    ):
        assert_reports(reports, fail_on=[Outcome.FAIL])


def test_a_pass_does_not_fail() -> None:
    """A report of nothing but PASS fails no task, however strict."""
    assert_reports([example_report([Outcome.PASS])], fail_on=FAILABLE_OUTCOMES)


def test_only_the_first_findings_are_named() -> None:
    """A hundred failing nodes make a message that still fits a line of a log, the worst outcome first."""
    report = example_report([Outcome.INCONCLUSIVE] * 50 + [Outcome.FAIL])
    with pytest.raises(
        SourceIpCheckFailedError, match=r"^\S+: 1 FAIL, 50 INCONCLUSIVE: MASQ411 .*; and 48 more\.\n"
    ) as raised:
        assert_reports([report], fail_on=FAILABLE_OUTCOMES)
    assert len(str(raised.value)) < 1000


def test_a_crashed_check_counts_as_an_error() -> None:
    """A check that left no report fails the run, and the failure says which one it was."""
    report = example_report([Outcome.PASS], problems=("task check[3] ended as failed without a report",))
    with pytest.raises(
        SourceIpCheckFailedError, match=r"1 PASS, 1 problem: task check\[3\] ended as failed without a report"
    ):
        assert_reports([report], fail_on=[Outcome.ERROR])
    assert_reports([report], fail_on=[Outcome.FAIL])


def test_problems_are_counted() -> None:
    """A failure for nothing but lost checks begins with their number, and sends nobody to a table without rows."""
    report = example_report([], problems=("task check[0] ended as failed without a report", "task check[1] did, too"))
    with pytest.raises(SourceIpCheckFailedError, match=r"^\S+: 2 problems: task check\[0\] ended") as raised:
        assert_reports([report], fail_on=[Outcome.ERROR])
    assert "table" not in str(raised.value)


def test_a_problem_with_a_code_has_its_next_step() -> None:
    """The failure of the last task says what kept the checks from running and what to do about it, each once."""
    problem = "MASQ461 task check[0] and 5 more could not check: no plan; the log of task check[0] has more"
    report = example_report([], problems=(problem,))
    with pytest.raises(SourceIpCheckFailedError) as raised:
        assert_reports([report], fail_on=[Outcome.ERROR])
    assert str(raised.value).startswith(
        f"{report.environment}: 1 problem: {problem}. Next: Correct what the message names"
    )


def test_a_failure_is_safe_to_print() -> None:
    """Names and reasons in a report, which others may have written, reach the message escaped and cut."""
    evil = "\x1b[31m" + "x" * 9_000
    [verdict] = example_report([Outcome.FAIL]).verdicts
    forged = dataclasses.replace(verdict, target=evil, node=None, reason=evil)
    forged = dataclasses.replace(forged, vantage=dataclasses.replace(forged.vantage, node_name=evil))
    report = dataclasses.replace(example_report([]), environment=evil, verdicts=(forged,))
    with pytest.raises(SourceIpCheckFailedError, match="FAIL") as raised:
        assert_reports([report], fail_on=[Outcome.FAIL])
    assert all(line.isprintable() for line in str(raised.value).split("\n"))
    assert len(str(raised.value)) < 3_000


@settings(max_examples=50, deadline=None)
@given(
    outcomes=st.lists(st.sampled_from(Outcome), min_size=1, max_size=4),
    fail_on=st.sets(st.sampled_from(FAILABLE_OUTCOMES)),
)
def test_it_fails_exactly_where_an_outcome_was_named(outcomes: list[Outcome], fail_on: set[Outcome]) -> None:
    """The task fails if and only if a report has one of the outcomes that ``fail_on`` names."""
    try:
        assert_reports([example_report(outcomes)], fail_on=fail_on)
        failed = False
    except SourceIpCheckFailedError:
        failed = True
    assert failed is bool(fail_on & set(outcomes))


def test_what_was_left_out_of_a_report_fails_too() -> None:
    """A FAIL that had no room in the report fails the task as any other, and is counted."""
    report = dataclasses.replace(example_report([Outcome.PASS]), omitted={Outcome.FAIL: 2, Outcome.PASS: 1})
    with pytest.raises(SourceIpCheckFailedError, match=r"^\S+: 2 FAIL, 2 PASS: and 2 more\.\nSee the table"):
        assert_reports([report], fail_on=[Outcome.FAIL])
    assert_reports([report], fail_on=[Outcome.ERROR])


def test_outcomes_are_read_by_name() -> None:
    """``fail_on`` takes the three outcomes that can fail a task; an empty list takes none."""
    assert parse_outcomes(["FAIL", "INCONCLUSIVE"]) == {Outcome.FAIL, Outcome.INCONCLUSIVE}
    assert parse_outcomes(()) == frozenset()


@pytest.mark.parametrize("fail_on", [["PASS"], ["fail"], ["ERROR", 3], [["FAIL"]]])
def test_other_outcomes_are_refused(fail_on: object) -> None:
    """A misspelt outcome is refused instead of never failing anything."""
    with pytest.raises(InvalidInputError, match=r"^fail_on\[[01]\]: expected one of FAIL, ERROR, INCONCLUSIVE, saw "):
        parse_outcomes(fail_on)


@pytest.mark.parametrize("fail_on", ["FAIL", None, {"FAIL": 1}])
def test_outcomes_that_are_no_list_are_refused(fail_on: object) -> None:
    """One outcome alone is refused: a text is no list of outcomes."""
    with pytest.raises(InvalidInputError, match=r"^fail_on: expected a list, saw "):
        parse_outcomes(fail_on)
