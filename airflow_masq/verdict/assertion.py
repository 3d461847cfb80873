"""Whether reports fail a task. The check and the DAG's last task both ask here, so that they agree."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from airflow_masq.exceptions import InvalidInputError, SourceIpCheckFailedError
from airflow_masq.text import printable
from airflow_masq.verdict.codes import Outcome
from airflow_masq.verdict.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FAILABLE_OUTCOMES: Final = tuple(outcome for outcome in Outcome if outcome is not Outcome.PASS)
"""Outcomes that may fail a task, the worst first."""

_VERDICTS_NAMED: Final = 3  # in a message; the table in the log has them all


def parse_outcomes(fail_on: object, *, where: str = "fail_on") -> frozenset[Outcome]:
    """Read which outcomes fail a task.

    :param fail_on: a list of ``FAIL``, ``ERROR`` and ``INCONCLUSIVE``; an empty one means that none does.
    :param where: the place to name in an error, default ``fail_on``.
    :raises InvalidInputError: when it is anything else.
    """
    names = [str(outcome) for outcome in FAILABLE_OUTCOMES]
    expected = f"a list of {', '.join(names)}"
    if isinstance(fail_on, str) or not isinstance(fail_on, (list, tuple, set, frozenset)):
        raise InvalidInputError(where=where, expected=expected, seen=printable(repr(fail_on)))
    for name in fail_on:
        if name not in names:
            raise InvalidInputError(where=where, expected=expected, seen=printable(repr(name)))
    return frozenset(Outcome(name) for name in fail_on)


def assert_reports(reports: Sequence[Report], *, fail_on: Iterable[Outcome]) -> None:
    """Raise where reports hold an outcome that fails a task; a report's problem counts as an ``ERROR``.

    :raises SourceIpCheckFailedError: naming the first verdicts and problems, the worst outcome first.
    """
    failing = frozenset(fail_on)
    lines = [
        f"{outcome} {verdict.code} {printable(verdict.target)} from "
        f"{printable(str(verdict.node or verdict.vantage.hostname))}"
        for outcome in FAILABLE_OUTCOMES
        if outcome in failing
        for report in reports
        for verdict in report.verdicts
        if verdict.outcome is outcome
    ]
    if Outcome.ERROR in failing:
        lines += [f"ERROR {printable(problem)}" for report in reports for problem in report.problems]
    if not lines:
        return
    more = f"; and {len(lines) - _VERDICTS_NAMED} more" if len(lines) > _VERDICTS_NAMED else ""
    counts = Counter(verdict.outcome for report in reports for verdict in report.verdicts)
    found = [f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome]]
    problems = sum(len(report.problems) for report in reports)
    if problems:
        found.append(f"{problems} problem{'s' if problems > 1 else ''}")
    raise SourceIpCheckFailedError(
        f"{', '.join(found)}: {'; '.join(lines[:_VERDICTS_NAMED])}{more}. "
        "The report has the evidence; it is a table in the task's log, and an XCom."
    )
