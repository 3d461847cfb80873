"""Whether reports fail a task. The check and the DAG's last task both ask here, so that they agree."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from airflow_masq.exceptions import SourceIpCheckFailedError
from airflow_masq.reading import Place
from airflow_masq.text import escape, format_count
from airflow_masq.verdict.codes import CODES, Outcome, find_code
from airflow_masq.verdict.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FAILABLE_OUTCOMES: Final = tuple(outcome for outcome in Outcome if outcome is not Outcome.PASS)
"""Outcomes that may fail a task, the worst first."""

_PROBLEM_CHARACTERS: Final = 600
_VERDICTS_NAMED: Final = 3  # in a message; the table in the log has them all


def parse_outcomes(fail_on: object, *, where: str = "fail_on") -> frozenset[Outcome]:
    """Read which outcomes fail a task.

    :param fail_on: a list of ``FAIL``, ``ERROR`` and ``INCONCLUSIVE``; an empty one means that none does.
    :param where: the place to name in an error, default ``fail_on``.
    :raises InvalidInputError: when it is anything else.
    """
    return frozenset(item.read_choice(FAILABLE_OUTCOMES) for item in Place(where=where, value=fail_on).read_items())


def assert_reports(reports: Sequence[Report], *, fail_on: Iterable[Outcome], table_in: str = "this task's log") -> None:
    """Raise where reports hold an outcome that fails a task; a report's problem counts as an ``ERROR``.

    :param table_in: where a user finds the table of all verdicts, for the message.
    :raises SourceIpCheckFailedError: naming the environments and the first verdicts and problems, the worst outcome
        first; then why, and what to do.
    """
    failing = frozenset(fail_on)
    found = [
        verdict
        for outcome in FAILABLE_OUTCOMES
        if outcome in failing
        for report in reports
        for verdict in report.verdicts
        if verdict.outcome is outcome
    ]
    lines = [
        f"{verdict.code} {escape(verdict.target)} from {escape(verdict.node_label or verdict.vantage.hostname)}"
        for verdict in found
    ]
    if Outcome.ERROR in failing:
        lines += [_describe_problem(problem) for report in reports for problem in report.problems]
    left_out = sum(report.omitted.get(outcome, 0) for outcome in failing for report in reports)
    if not lines and not left_out:
        return
    named = lines[:_VERDICTS_NAMED]
    unnamed = len(lines) - len(named) + left_out
    if unnamed:
        named.append(f"and {unnamed} more")
    # What a mail or a chat shows of a failed task: the first line says where and what, the others why and what to do.
    message = [f"{_name_environments(reports)}: {_count(reports)}: {'; '.join(named)}."]
    if found:
        reason = escape(found[0].reason, limit=_PROBLEM_CHARACTERS)
        message.append(f"{escape(found[0].target)}: {reason} Next: {CODES[found[0].code].what_to_do}")
    if any(any(report.counts.values()) for report in reports):
        message.append(f"See the table in {table_in} for the verdicts, and the report (an XCom) for their evidence.")
    raise SourceIpCheckFailedError("\n".join(message))


def _name_environments(reports: Sequence[Report]) -> str:
    names = [escape(name) for name in dict.fromkeys(report.environment for report in reports)]
    named = names[:_VERDICTS_NAMED]
    return ", ".join(named) + (f" and {len(names) - len(named)} more" if names[_VERDICTS_NAMED:] else "")


def _count(reports: Sequence[Report]) -> str:
    counts = sum((Counter(report.counts) for report in reports), Counter[Outcome]())
    found = [f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome]]
    problems = sum(len(report.problems) for report in reports)
    if problems:
        found.append(format_count(problems, noun="problem"))
    return ", ".join(found)


def _describe_problem(problem: str) -> str:
    code = find_code(problem)
    shown = escape(problem, limit=_PROBLEM_CHARACTERS)
    return shown if code is None else f"{shown}. Next: {CODES[code].what_to_do.rstrip('.')}"
