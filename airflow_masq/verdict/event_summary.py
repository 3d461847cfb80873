"""The summary that an asset event carries: small enough for a database row, the worst findings first.

Its size is bounded, since events stay: ``airflow db clean`` removes runs with their XComs, and no events
[source: observed-db-clean]. Any user who may post asset events can forge a summary, and Airflow records no source for a
posted event [source: observed-posted-events]. So the summary names the DAG, run and task that it comes from: trust only
events whose source is the check's own report task.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from airflow_masq.text import escape, format_count
from airflow_masq.verdict.allowlist import list_allowlist
from airflow_masq.verdict.changes import find_target_outcomes
from airflow_masq.verdict.codes import Outcome, find_worst
from airflow_masq.verdict.report import Report, Verdict
from airflow_masq.verdict.report_codec import write_ranges

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EVENT_SCHEMA: Final = "airflow-masq/report-event/v1"

EVENT_LIMIT_BYTES: Final = 32_768
"""The most that an event's ``extra`` takes as JSON."""

_MOST_ENVIRONMENTS: Final = 20  # in full; of others there are these keys
_BRIEF_KEYS: Final = frozenset({"environment", "outcome", "coverage", "omitted"})
_PROBLEM_CHARACTERS: Final = 400
_MOST_CHECK_TASKS: Final = 20
_BRIEF_PART: Final = 2  # half of the room at most, so that what fails in the others has the rest
_PROBLEMS_PART: Final = 3  # a third of the room at most, so that targets and verdicts have the rest
_MOST_TARGETS: Final = 100
_MOST_RANGES: Final = 10
_SEPARATOR_BYTES: Final = 2


@dataclass(frozen=True, kw_only=True)
class EventSource:
    """The reporting task, and the tasks whose reports it read."""

    dag_id: str
    run_id: str
    task_id: str
    check_task_ids: tuple[str, ...]


def summarise_reports(
    reports: Sequence[Report], *, source: EventSource, limit_bytes: int = EVENT_LIMIT_BYTES
) -> dict[str, Any]:
    """Summarise reports, one per environment, as an asset event's ``extra``.

    It begins with the worst ``outcome`` and with ``summary``, one line, since Airflow's page of an asset shows an
    event's extra from its beginning. Problems come first, then each target's worst outcome with the one before and
    since when, the addresses to allowlist as the plan predicts them, and verdicts from FAIL to PASS. Those that do not
    fit into the limit are counted in ``omitted``.

    Of more than 20 environments, the best have their name, outcome and coverage alone; those that do not fit are
    counted in ``environments_omitted``.
    """
    # The worst first, since only some of many environments have room.
    reports = sorted(reports, key=lambda report: tuple(Outcome).index(report.outcome))
    environments = [_begin_environment(report) for report in reports[:_MOST_ENVIRONMENTS]]
    event: dict[str, Any] = {
        "outcome": find_worst(report.outcome for report in reports).value,
        "summary": escape("; ".join(_summarise(report) for report in reports[:_MOST_ENVIRONMENTS]), limit=400),
        "schema": EVENT_SCHEMA,
        "dag_id": escape(source.dag_id, limit=250),
        "run_id": escape(source.run_id, limit=250),
        "task_id": escape(source.task_id, limit=250),
        "check_task_ids": [escape(task_id, limit=250) for task_id in source.check_task_ids[:_MOST_CHECK_TASKS]],
        "environments": environments,
        "environments_omitted": len(reports),
        "omitted": sum(_count_findings(report) for report in reports),
    }
    room = limit_bytes - len(json.dumps(event))
    brief = _list_what_fits([_make_brief(report) for report in reports[_MOST_ENVIRONMENTS:]], room=room // _BRIEF_PART)
    room -= sum(map(_measure, brief))
    problems_room = room // _PROBLEMS_PART
    for summary, key, row in _list_rows(reports, environments):
        size = _measure(row)
        if size > (problems_room if key == "problems" else room):
            continue  # another row may be shorter
        room -= size
        problems_room -= size
        summary[key].append(row)
        if key in {"problems", "verdicts"}:
            summary["omitted"] -= 1
            event["omitted"] -= 1
    environments += brief
    event["environments_omitted"] -= len(environments)
    return event


def _measure(row: object) -> int:
    return len(json.dumps(row)) + _SEPARATOR_BYTES


def _count_findings(report: Report) -> int:
    return sum(report.counts.values()) + len(report.problems)


def _begin_environment(report: Report) -> dict[str, Any]:
    """Begin an environment's summary, with empty lists for what there may be room for."""
    return {
        "environment": escape(report.environment),
        "outcome": report.outcome.value,
        "counts": {outcome.value: number for outcome, number in report.counts.items()},
        "nodes_seen": len(report.nodes_seen),
        "nodes_total": report.nodes_total,
        "coverage": escape(report.coverage, limit=_PROBLEM_CHARACTERS),
        "ranges": write_ranges(report.ranges[:_MOST_RANGES]),
        "problems": [],
        "targets": [],
        "allowlist": [],
        "verdicts": [],
        "omitted": _count_findings(report),
    }


def _make_brief(report: Report) -> dict[str, Any]:
    return {key: value for key, value in _begin_environment(report).items() if key in _BRIEF_KEYS}


def _list_what_fits(rows: Sequence[dict[str, Any]], *, room: int) -> list[dict[str, Any]]:
    """List the first rows, up to the first that has no room."""
    sizes = itertools.accumulate(_measure(row) for row in rows)
    return [row for row, size in zip(rows, sizes, strict=True) if size <= room]


def _summarise(report: Report) -> str:
    found = [f"{number} {outcome}" for outcome, number in report.counts.items() if number]
    if report.problems:
        found.append(format_count(len(report.problems), noun="problem"))
    environment = report.environment.rpartition("/")[2]
    return f"{environment}: {', '.join(found) or 'no verdicts'}, {report.coverage.partition(';')[0].rstrip('.')}"


def _list_rows(
    reports: Sequence[Report], environments: Sequence[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], str, object]]:
    """Pair every row, the most important first, with its environment's summary and the key that it belongs to."""
    pairs = list(zip(reports, environments, strict=False))
    for report, summary in pairs:
        for problem in report.problems:
            yield summary, "problems", escape(problem, limit=_PROBLEM_CHARACTERS)
    for report, summary in pairs:
        yield from ((summary, "targets", row) for row in _list_targets(report))
        yield from ((summary, "allowlist", row) for row in _list_allowlist(report))
    for outcome in Outcome:
        for report, summary in pairs:
            for verdict in report.verdicts:
                if verdict.outcome is outcome:
                    yield summary, "verdicts", _make_row(verdict)


def _list_targets(report: Report) -> Iterator[dict[str, object]]:
    """List the targets, those that changed first: each with its worst outcome, and the one before where it is known."""
    histories = {history.target: history for history in report.history}
    targets = [(target, outcome, histories.get(target)) for target, outcome in find_target_outcomes(report).items()]
    targets.sort(key=lambda each: each[2] is None or not each[2].has_changed)
    for target, outcome, history in targets[:_MOST_TARGETS]:
        row: dict[str, object] = {"target": escape(target), "outcome": outcome.value}
        if history is not None and history.previous is not None:
            since = None if history.since is None else history.since.isoformat()
            row |= {"previous": history.previous.value, "since": since, "changed": history.has_changed}
        yield row


def _list_allowlist(report: Report) -> Iterator[dict[str, object]]:
    for entry in list_allowlist(report):
        sources = [str(source) for source in entry.sources[:_MOST_RANGES]]
        targets = [escape(target) for target in entry.targets[:_MOST_RANGES]]
        omitted = len(entry.sources) - len(sources) + len(entry.targets) - len(targets)
        yield {"kind": entry.kind.value, "sources": sources, "targets": targets, "omitted": omitted}


def _make_row(verdict: Verdict) -> dict[str, str | None]:
    fields = {
        "node": verdict.node_label,
        "target": verdict.target,
        "outcome": verdict.outcome,
        "code": verdict.code,
        "expected": verdict.expected,
        "observed": verdict.observed,
    }
    return {name: None if value is None else escape(str(value)) for name, value in fields.items()}
