"""Where the checks of a DAG run leave their reports, and how the reports are gathered.

An instance without a report is stated as a problem, never left out. Everyone who may write an XCom can write anything
into it, so each one is read strictly.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from airflow_masq.airflow_compat import make_asset
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.links.report import REASON_XCOM_KEY, REPORT_XCOM_KEY
from airflow_masq.operators.last_run import pull_last_result
from airflow_masq.text import escape, join_words
from airflow_masq.verdict import Report, VerdictCode, read_report, read_reports

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_masq.airflow_compat import Asset, Context

log = logging.getLogger(__name__)

#: The asset's events are the history that the page "Masquerade" shows, and other DAGs may be scheduled on them, so the
#: URI must not change. Airflow accepts it for an asset and for a dataset [source: observed-asset-uri]. A scheme without
#: ``x-`` would have each parse of a DAG file load Google's URI handlers [source: observed-uri-handlers-cost].
REPORT_ASSET_URI: Final = "x-airflow-masq://source-ip/check"

REPORT_ASSET_NAME: Final = "source_ip_check"
"""The asset's name on Airflow 3, as its page "Assets" shows it."""

_ASSET_GROUP: Final = "airflow-masq"
_ASSET_DESCRIPTION: Final = "Which source addresses services saw, one event per run; its extra begins with the outcome."

_NOT_MAPPED: Final = -1
_LONGEST_REASON: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class GatheredReports:
    """What the checks of a run left.

    :param reports: every report that could be read.
    :param problems: one line, which begins with a code, for all instances of a task that left no readable report for
        the same reason.
    """

    reports: tuple[Report, ...]
    problems: tuple[str, ...]


def make_report_asset() -> Asset:
    """Make the asset whose events carry the checks' results; on Airflow 2 it is a dataset."""
    return make_asset(uri=REPORT_ASSET_URI, name=REPORT_ASSET_NAME, group=_ASSET_GROUP, description=_ASSET_DESCRIPTION)


def gather_reports(context: Context, *, check_task_ids: Sequence[str]) -> GatheredReports:
    """Read the report of every instance of the given tasks in this run, however the instance ended."""
    reports: list[Report] = []
    problems: list[str] = []
    for task_id in check_task_ids:
        states = _read_states(context, task_id)
        if not states:
            problems.append(
                f"{VerdictCode.CHECK_LOST} task {task_id} has no instance in this run, so it checked nothing"
            )
        if "upstream_failed" in states.values():  # Airflow's word where a task before it failed; there is no log then
            before = join_words(_list_tasks_before(context, task_id)) or "the task before it"
            problems.append(
                f"{VerdictCode.CHECK_LOST} task {task_id} did not run, since a task before it failed, so it checked "
                f"nothing; the log of {before} says why"
            )
        lost: dict[tuple[VerdictCode, str], list[int]] = {}
        for map_index, state in sorted(states.items()):
            if state == "upstream_failed":
                continue
            pull = partial(context["ti"].xcom_pull, task_ids=task_id, map_indexes=map_index)
            # Airflow 3 logs an error for each XCom that is missing, so the one that is likely there is asked for first.
            reason = pull(key=REASON_XCOM_KEY) if state == "failed" else None
            content = None if reason else pull(key=REPORT_XCOM_KEY)
            if content is None:
                lost.setdefault(_explain_loss(reason, state=state), []).append(map_index)
                continue
            try:
                reports.append(read_report(content))
            except InvalidInputError as error:
                reason = f"left something that is not a report: {error}"
                lost.setdefault((VerdictCode.CHECK_LOST, reason), []).append(map_index)
        for (code, reason), map_indexes in lost.items():
            first = task_id if map_indexes[0] == _NOT_MAPPED else f"{task_id}[{map_indexes[0]}]"
            more = f" and {len(map_indexes) - 1} more" if len(map_indexes) > 1 else ""
            problems.append(f"{code} task {first}{more} {reason}; the log of task {first} has more")
    return GatheredReports(reports=tuple(reports), problems=tuple(problems))


def read_previous_reports(context: Context) -> tuple[Report, ...]:
    """Read what this task returned in the run before, for what changed since.

    None is found in the first run, and where the last report is not one of ours; neither is worth a problem, since the
    verdicts of this run do not depend on it.
    """
    try:
        content: Any = pull_last_result(context)
        return tuple(read_reports(content)) if content else ()
    except Exception as error:  # noqa: BLE001 - XCom backends raise whatever they like
        reason = str(error) if isinstance(error, InvalidInputError) else type(error).__name__
        log.info("The last run's report cannot be read, so nothing is compared with it: %s", reason)
        return ()


def _explain_loss(reason: object, *, state: str) -> tuple[VerdictCode, str]:
    """Say why an instance has no report: by the reason that it pushed, else by its state."""
    if isinstance(reason, str) and reason:
        return VerdictCode.CHECK_REFUSED, f"could not check: {escape(reason, limit=_LONGEST_REASON)}"
    return VerdictCode.CHECK_LOST, f"ended as {state} without a report: it crashed, was stopped or never ran"


def _list_tasks_before(context: Context, task_id: str) -> list[str]:
    dag = context.get("dag")
    return sorted(f"task {each}" for each in dag.get_task(task_id).upstream_task_ids) if dag else []


def _read_states(context: Context, task_id: str) -> dict[int, str]:
    """Read the state of every instance of a task in this run, by map index."""
    instance = context["ti"]
    if not hasattr(instance, "get_task_states"):  # Airflow 2, whose tasks read the database themselves
        return {
            each.map_index: str(each.state)
            for each in context["dag_run"].get_task_instances()  # type: ignore[attr-defined]  # Airflow 2's DagRun
            if each.task_id == task_id
        }
    states: Mapping[str, Mapping[str, Any]] = instance.get_task_states(
        dag_id=instance.dag_id, task_ids=[task_id], run_ids=[instance.run_id]
    )
    # A key is the task's id, with _3 behind it for map index 3 [source: airflow-task-states].
    return {
        _NOT_MAPPED if key == task_id else int(key.removeprefix(f"{task_id}_")): str(state)
        for key, state in states.get(instance.run_id, {}).items()
    }
