"""Fills the database of a throw-away Airflow 3 with a history of checks; runs in a process of its own.

    python -m tests.plugins.seed_airflow_3 ENVIRONMENTS HOURS

Without environments there are the tables alone, as where nothing was ever checked.
"""

from __future__ import annotations

import inspect
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.models.asset import AssetActive, AssetEvent, AssetModel, TaskOutletAssetReference
from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunType
from sqlalchemy import insert

from airflow_masq.operators.run_reports import REPORT_ASSET_NAME, REPORT_ASSET_URI
from tests.plugins.history import NEVER_RAN, TASK_ID, WITH_REPORT_HOURS, list_events, make_history

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from tests.plugins.history import PastRun

_BUNDLE = "dags-folder"


def main(environments: int, hours: int) -> None:
    """Make the tables, and everything that the page asks for."""
    initdb()
    if not environments:
        return
    now = datetime.now(UTC)
    runs = list(make_history(now=now, environments=environments, hours=hours))
    dag_ids = sorted({run.dag_id for run in runs} | {NEVER_RAN})
    with create_session() as session:
        session.merge(DagBundleModel(name=_BUNDLE))
        session.flush()
        dags = [{"dag_id": each, "is_stale": False, "fileloc": "/none", "bundle_name": _BUNDLE} for each in dag_ids]
        session.add_all(DagModel(**each) for each in dags)  # type: ignore[no-untyped-call]
        asset = AssetModel(uri=REPORT_ASSET_URI, name=REPORT_ASSET_NAME, group="airflow-masq", extra={})
        session.add_all([asset, AssetActive(name=REPORT_ASSET_NAME, uri=REPORT_ASSET_URI)])
        session.flush()
        session.add_all(TaskOutletAssetReference(asset_id=asset.id, dag_id=each, task_id=TASK_ID) for each in dag_ids)
        events = [{"asset_id": asset.id, "source_map_index": -1, **event} for event in list_events(runs, now=now)]
        session.execute(insert(AssetEvent), events)
        for run in runs:
            if run.time > now - timedelta(hours=WITH_REPORT_HOURS):
                _add_run(session, run)


def _add_run(session: Session, run: PastRun) -> None:
    """Add a run with its report's XCom."""
    place: dict[str, Any] = {"dag_id": run.dag_id, "run_id": run.run_id, "task_id": TASK_ID}
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


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
