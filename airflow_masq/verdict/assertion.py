"""Decides whether reports fail a task; both the check and the DAG's last task ask here, so that they cannot differ."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from airflow_masq.exceptions import InvalidInputError, SourceIpCheckFailedError
from airflow_masq.text import describe, format_count, printable
from airflow_masq.verdict import Outcome, Report, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


#: Outcomes that may fail a task, the worst first.
FAILABLE_OUTCOMES: Final = tuple(outcome for outcome in Outcome if outcome is not Outcome.PASS)

#: How many verdicts a message names; the table in the log has them all.
_VERDICTS_NAMED: Final = 3


def parse_outcomes(fail_on: object, *, where: str = "fail_on") -> frozenset[Outcome]:
    """Read which outcomes fail a task.

    :param fail_on: a list of ``FAIL``, ``ERROR`` and ``INCONCLUSIVE``; an empty one means that none does.
    :param where: the place to name in an error, default ``fail_on``.
    :return: the outcomes.
    :raises InvalidInputError: when it is anything else.
    """
    names = [str(outcome) for outcome in FAILABLE_OUTCOMES]
    expected = f"a list of {', '.join(names)}"
    if isinstance(fail_on, str) or not isinstance(fail_on, (list, tuple, set, frozenset)):
        raise InvalidInputError(where=where, expected=expected, seen=describe(fail_on))
    for name in fail_on:
        if name not in names:
            raise InvalidInputError(where=where, expected=expected, seen=describe(name))
    return frozenset(Outcome(name) for name in fail_on)


def assert_reports(reports: Sequence[Report], *, fail_on: Iterable[Outcome]) -> None:
    """Raise where reports hold an outcome that fails a task; a report's problem counts as an ``ERROR``.

    :param reports: what was found, one report per environment.
    :param fail_on: the outcomes that fail.
    :raises SourceIpCheckFailedError: naming the first verdicts and problems, the worst outcome first.
    """
    failing = frozenset(fail_on)
    lines = [
        _verdict_line(verdict)
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
    raise SourceIpCheckFailedError(
        f"{_counted(reports)}: {'; '.join(lines[:_VERDICTS_NAMED])}{more}. "
        "The report, in the log as a table and as XCom, has the evidence."
    )


def _verdict_line(verdict: Verdict) -> str:
    place = verdict.node or verdict.vantage.hostname
    return f"{verdict.outcome} {verdict.code} {printable(verdict.target)} from {printable(str(place))}"


def _counted(reports: Sequence[Report]) -> str:
    counts = Counter(verdict.outcome for report in reports for verdict in report.verdicts)
    words = [f"{counts[outcome]} {outcome}" for outcome in (*FAILABLE_OUTCOMES, Outcome.PASS) if counts[outcome]]
    problems = sum(len(report.problems) for report in reports)
    if problems:
        words.append(format_count(problems, noun="problem"))
    return ", ".join(words)
