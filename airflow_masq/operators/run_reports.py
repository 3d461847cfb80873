"""Where the checks of a DAG run leave their reports, and how the reports are gathered.

An instance without a report is stated as a problem, never left out. Everyone who may write an XCom can write anything
into it, so each one is read strictly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from airflow_masq.airflow_compat import Asset
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.verdict import Report, from_dict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_masq.airflow_compat import Context

#: The asset's events are the history that the page "Masquerade" shows, and other DAGs may be scheduled on them, so the
#: URI must not change. Airflow 3.3.2 accepts it for an asset and 2.10.5 for a dataset [source: observed-asset-uri].
REPORT_ASSET_URI: Final = "airflow-masq://source-ip/check"

#: The XCom key of one check's report, a mapping as ``verdict.to_dict`` writes it.
REPORT_XCOM_KEY: Final = "report"

#: The environment of a report whose environment is not known.
UNKNOWN_ENVIRONMENT: Final = "unknown"

_NOT_MAPPED: Final = -1


@dataclass(frozen=True, kw_only=True)
class GatheredReports:
    """What the checks of a run left.

    :param reports: every report that could be read.
    :param problems: one sentence for every instance without a readable report.
    """

    reports: tuple[Report, ...]
    problems: tuple[str, ...]


def make_report_asset() -> Asset:
    """Make the asset whose events carry the checks' results; on Airflow 2 it is a dataset."""
    return Asset(uri=REPORT_ASSET_URI)


def gather_reports(context: Context, *, check_task_ids: Sequence[str]) -> GatheredReports:
    """Read the report of every instance of the given tasks in this run, however the instance ended."""
    reports: list[Report] = []
    problems: list[str] = []
    for task_id in check_task_ids:
        states = _read_states(context, task_id)
        if not states:
            problems.append(f"task {task_id} has no instance in this run, so it checked nothing")
        for map_index, state in sorted(states.items()):
            content = context["ti"].xcom_pull(task_ids=task_id, key=REPORT_XCOM_KEY, map_indexes=map_index)
            instance = f"task {task_id}" if map_index == _NOT_MAPPED else f"task {task_id}[{map_index}]"
            if content is None:
                problems.append(f"{instance} ended as {state} without a report: it crashed, was stopped or never ran")
                continue
            try:
                reports.append(from_dict(content))
            except InvalidInputError as error:
                problems.append(f"{instance} left something that is not a report: {error}")
    return GatheredReports(reports=tuple(reports), problems=tuple(problems))


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
