"""The summary that an asset event carries: small enough for a database row, the worst findings first.

It must stay bounded whatever the reports hold, since events are an append-only log. Whoever may post asset events can
forge one, so it names the DAG, run and task it came from: trust only those of the check's own task.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from airflow_masq.text import printable
from airflow_masq.verdict import Outcome, Report, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence


EVENT_SCHEMA: Final = "airflow-masq/report-event/v1"

#: The most that an event's ``extra`` takes as JSON.
EVENT_LIMIT_BYTES: Final = 32_768

_MOST_ENVIRONMENTS: Final = 20
_MOST_CHECK_TASKS: Final = 20
_SEPARATOR_BYTES: Final = 2


@dataclass(frozen=True, kw_only=True)
class EventSource:
    """Which task says it.

    :param dag_id: its DAG.
    :param run_id: its run.
    :param task_id: the reporting task.
    :param check_task_ids: the tasks whose reports it read.
    """

    dag_id: str
    run_id: str
    task_id: str
    check_task_ids: tuple[str, ...]


def report_event(
    reports: Sequence[Report], *, source: EventSource, limit_bytes: int = EVENT_LIMIT_BYTES
) -> dict[str, Any]:
    """Summarise reports for an asset event: problems first, then verdicts from FAIL to PASS, as many as fit.

    :param reports: one per environment.
    :param source: the task that says it.
    :param limit_bytes: the most that it takes as JSON, default 32 KiB.
    :return: the event's ``extra``; what did not fit is counted in ``omitted``.
    """
    environments = [_environment_summary(report) for report in reports[:_MOST_ENVIRONMENTS]]
    event: dict[str, Any] = {
        "schema": EVENT_SCHEMA,
        "dag_id": printable(source.dag_id, limit=250),
        "run_id": printable(source.run_id, limit=250),
        "task_id": printable(source.task_id, limit=250),
        "check_task_ids": [printable(task_id, limit=250) for task_id in source.check_task_ids[:_MOST_CHECK_TASKS]],
        "environments": environments,
        "omitted": sum(len(report.verdicts) + len(report.problems) for report in reports),
    }
    room = limit_bytes - len(json.dumps(event))
    for rows, row in _rows_worst_first(reports, environments):
        size = len(json.dumps(row)) + _SEPARATOR_BYTES
        if size > room:
            break
        room -= size
        rows.append(row)
        event["omitted"] -= 1
    return event


def _environment_summary(report: Report) -> dict[str, Any]:
    return {
        "environment": printable(report.environment),
        "outcome": report.outcome.value,
        "counts": {outcome.value: number for outcome, number in report.counts.items()},
        "nodes_seen": len(report.nodes_seen),
        "nodes_total": report.nodes_total,
        "problems": [],
        "verdicts": [],
    }


def _rows_worst_first(
    reports: Sequence[Report], environments: Sequence[dict[str, Any]]
) -> list[tuple[list[Any], str | dict[str, str | None]]]:
    """Pair every row with the list that it belongs to."""
    pairs = list(zip(reports, environments, strict=False))
    problems = [(summary["problems"], printable(text)) for report, summary in pairs for text in report.problems]
    verdicts = [
        (summary["verdicts"], _verdict_row(verdict))
        for outcome in Outcome  # the worst first
        for report, summary in pairs
        for verdict in report.verdicts
        if verdict.outcome is outcome
    ]
    return [*problems, *verdicts]


def _verdict_row(verdict: Verdict) -> dict[str, str | None]:
    fields = {
        "node": verdict.node,
        "target": verdict.target,
        "outcome": verdict.outcome,
        "code": verdict.code,
        "expected": verdict.expected,
        "observed": verdict.observed,
    }
    return {name: None if value is None else printable(str(value)) for name, value in fields.items()}
