"""Runs of a check that Airflow remembers, for a database that is to hold a history; written into Airflow 3's tables.

Airflow is imported by the functions alone, since a process reads its settings with the first import.
"""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

REPORT_TASK_ID: Final = "report"


@dataclass(frozen=True, kw_only=True)
class PastRun:
    """One run of a check as Airflow remembers it.

    :param dag_id: its DAG.
    :param run_id: its run.
    :param time: when its report was made.
    :param extra: the asset event's.
    :param report: the XCom of its report's task.
    """

    dag_id: str
    run_id: str
    time: datetime
    extra: dict[str, Any]
    report: str


def read_report(session: Session, *, dag_id: str, run_id: str) -> str | None:
    """Read the XCom of a run's report task, which is JSON text; ``None`` if there is none."""
    from airflow.models.xcom import XComModel  # noqa: PLC0415 - see the module

    query = XComModel.get_many(run_id=run_id, key="return_value", task_ids=REPORT_TASK_ID, dag_ids=dag_id)
    text: str | None = session.scalars(query.with_only_columns(XComModel.value)).first()
    return text


def add_run(session: Session, run: PastRun) -> None:
    """Add a run with the XCom of its report's task, to a DAG that the database knows."""
    from airflow.models.dagrun import DagRun  # noqa: PLC0415 - see the module
    from airflow.models.taskinstance import TaskInstance  # noqa: PLC0415
    from airflow.models.xcom import XComModel  # noqa: PLC0415
    from airflow.utils.state import DagRunState  # noqa: PLC0415
    from airflow.utils.types import DagRunType  # noqa: PLC0415
    from sqlalchemy import insert  # noqa: PLC0415

    place: dict[str, Any] = {"dag_id": run.dag_id, "run_id": run.run_id, "task_id": REPORT_TASK_ID}
    session.add(
        DagRun(
            dag_id=run.dag_id,
            run_id=run.run_id,
            logical_date=run.time,
            run_after=run.time,
            start_date=run.time,
            run_type=DagRunType.SCHEDULED,
            state=DagRunState.SUCCESS,
        )
    )
    session.flush()
    state = {"map_index": -1, "state": "success", "pool": "default_pool", "pool_slots": 1}
    session.execute(insert(TaskInstance).values(**place, **state))
    # Before 3.2, Airflow always writes the JSON itself.
    may_write = "serialize" not in inspect.signature(XComModel.set).parameters
    value: dict[str, Any] = (
        {"value": run.report} if may_write else {"value": json.dumps(run.report), "serialize": False}
    )
    XComModel.set(key="return_value", **value, **place, session=session)
