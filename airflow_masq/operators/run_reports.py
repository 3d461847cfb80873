"""Gathers what the checks of a DAG run left behind; it must not lose an instance that left nothing.

An XCom is untrusted here: whoever may write one can write anything, so each is read strictly, and a bad one is a
problem.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.operators.report_asset import REPORT_XCOM_KEY
from airflow_masq.verdict import Report, from_dict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_masq.airflow_compat import Context

_NOT_MAPPED = -1


@dataclass(frozen=True, kw_only=True)
class GatheredReports:
    """What a run's checks left.

    :param reports: every report that could be read.
    :param problems: one sentence for every instance that left none.
    """

    reports: tuple[Report, ...]
    problems: tuple[str, ...]


def gather_reports(context: Context, *, check_task_ids: Sequence[str]) -> GatheredReports:
    """Read the report of every instance of some tasks of this run, whatever became of the instance.

    :param context: Airflow's.
    :param check_task_ids: the tasks, mapped or not.
    :return: the reports, and what is missing.
    """
    reports: list[Report] = []
    problems: list[str] = []
    for task_id in check_task_ids:
        states = _states_by_map_index(context, task_id)
        if not states:
            problems.append(f"task {task_id} has no instance in this run: it checked nothing")
        for map_index, state in sorted(states.items()):
            content = context["ti"].xcom_pull(task_ids=task_id, key=REPORT_XCOM_KEY, map_indexes=map_index)
            instance = f"task {task_id}" if map_index == _NOT_MAPPED else f"task {task_id}[{map_index}]"
            if content is None:
                problems.append(f"{instance} ended as {state} without a report: it crashed, was stopped or never ran")
                continue
            try:
                reports.append(from_dict(content))
            except InvalidInputError as error:
                problems.append(f"{instance} left something that is no report: {error}")
    return GatheredReports(reports=tuple(reports), problems=tuple(problems))


def _states_by_map_index(context: Context, task_id: str) -> dict[int, str]:
    """Ask Airflow for all instances of a task in this run, by map index (-1 where it is not mapped)."""
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
    return {_map_index(key, task_id): str(state) for key, state in states.get(instance.run_id, {}).items()}


def _map_index(key: str, task_id: str) -> int:
    """Read the map index out of a key of ``get_task_states``: the task id, with ``_3`` behind it for map index 3.

    (Airflow 3.3.2, execution API ``get_task_instance_states``, read 2026-11-22.)
    """
    return _NOT_MAPPED if key == task_id else int(key.removeprefix(f"{task_id}_"))
