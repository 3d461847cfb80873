"""Fills the database of a throw-away Airflow with a history of checks; runs inside that Airflow, of version 2 or 3.

    python -m tests.plugins.seed_airflow ENVIRONMENTS HOURS

A posted event and an event with a huge text are there, too: no user of the page may notice them.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow import __version__
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunType

from airflow_masq.operators.run_reports import REPORT_ASSET_NAME, REPORT_ASSET_URI
from tests.plugins.history import SMUGGLED, TASK_ID, PastRun, make_history

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

IS_AIRFLOW_2 = __version__.startswith("2.")
WITH_XCOM_HOURS = 3


def main(environments: int, hours: int) -> None:
    """Make the tables, and everything that the page asks for."""
    initdb()
    now = datetime.now(UTC)
    runs = list(make_history(now=now - timedelta(minutes=5), environments=environments, hours=hours))
    with create_session() as session:
        asset_id = add_asset(session, dag_ids=sorted({run.dag_id for run in runs} | {"never_ran"}))
        add_events(session, runs, asset_id=asset_id)
    for run in runs:
        if run.time > now - timedelta(hours=WITH_XCOM_HOURS):
            with create_session() as session:
                add_run(session, run)


def add_asset(session: Session, *, dag_ids: Sequence[str]) -> int:
    """Add our one asset, and a DAG for each of its producing tasks."""
    if not IS_AIRFLOW_2:
        from airflow.models.dagbundle import DagBundleModel

        session.merge(DagBundleModel(name="dags-folder"))
        session.flush()
    for dag_id in dag_ids:
        if IS_AIRFLOW_2:
            session.add(DagModel(dag_id=dag_id, is_active=True, fileloc="/none"))
        else:
            session.add(DagModel(dag_id=dag_id, is_stale=False, fileloc="/none", bundle_name="dags-folder"))
    if IS_AIRFLOW_2:
        from airflow.models.dataset import DatasetModel, TaskOutletDatasetReference

        asset: Any = DatasetModel(uri=REPORT_ASSET_URI, extra={})
        session.add(asset)
        session.flush()
        for dag_id in dag_ids:
            session.add(TaskOutletDatasetReference(dataset_id=asset.id, dag_id=dag_id, task_id=TASK_ID))
    else:
        from airflow.models.asset import AssetActive, AssetModel, TaskOutletAssetReference
        asset = AssetModel(uri=REPORT_ASSET_URI, name=REPORT_ASSET_NAME, group="airflow-masq", extra={})
        session.add(asset)
        session.flush()
        session.add(AssetActive(name=REPORT_ASSET_NAME, uri=REPORT_ASSET_URI))
        for dag_id in dag_ids:
            session.add(TaskOutletAssetReference(asset_id=asset.id, dag_id=dag_id, task_id=TASK_ID))
    return int(asset.id)


def add_events(session: Session, runs: Sequence[PastRun], *, asset_id: int) -> None:
    """Add each run's event, a posted one that forges a PASS, and one with five million characters."""
    now = datetime.now(UTC)
    forged = {**runs[0].extra, "outcome": "PASS", "from_rest_api": True}
    huge = {**runs[0].extra, "environments": [{"environment": "E" * 5_000_000, "problems": [SMUGGLED] * 1000}]}
    last = runs[-1]
    rows = [
        {"extra": run.extra, "source_dag_id": run.dag_id, "source_run_id": run.run_id, "timestamp": run.time}
        for run in runs
    ]
    rows.append({"extra": forged, "source_dag_id": None, "source_run_id": None, "timestamp": now})
    rows.append(
        {
            "extra": huge,
            "source_dag_id": last.dag_id,
            "source_run_id": last.run_id,
            "timestamp": now - timedelta(days=2, hours=1),
        }
    )
    if IS_AIRFLOW_2:
        from airflow.models.dataset import DatasetEvent as Event

        key = "dataset_id"
    else:
        from airflow.models.asset import AssetEvent as Event  # type: ignore[assignment]

        key = "asset_id"
    for row in rows:
        task_id = TASK_ID if row["source_dag_id"] else None
        session.add(Event(**{key: asset_id, "source_task_id": task_id, "source_map_index": -1, **row}))


def add_run(session: Session, run: PastRun) -> None:
    """Add a run with its report's XCom."""
    from sqlalchemy import insert

    common = {"dag_id": run.dag_id, "run_id": run.run_id, "state": DagRunState.SUCCESS, "run_type": DagRunType.SCHEDULED}
    if IS_AIRFLOW_2:
        from airflow.models.xcom import XCom

        dag_run = DagRun(**common, execution_date=run.time, start_date=run.time)
        dag_run.data_interval_start = dag_run.data_interval_end = run.time
        session.add(dag_run)
        session.flush()
        session.execute(
            insert(TaskInstance).values(
                dag_id=run.dag_id, run_id=run.run_id, task_id=TASK_ID, map_index=-1, state="success", pool="default_pool", pool_slots=1
            )
        )
        XCom.set(key="return_value", value=run.report, dag_id=run.dag_id, run_id=run.run_id, task_id=TASK_ID, session=session)
        return
    from airflow.models.xcom import XComModel

    dag_run = DagRun(**common, logical_date=run.time, run_after=run.time, start_date=run.time)
    session.add(dag_run)
    session.flush()
    session.execute(
        insert(TaskInstance).values(
            dag_id=run.dag_id, run_id=run.run_id, task_id=TASK_ID, map_index=-1, state="success", pool="default_pool", pool_slots=1
        )
    )
    session.flush()
    XComModel.set(
        key="return_value", value=json.dumps(run.report), dag_id=run.dag_id, run_id=run.run_id, task_id=TASK_ID, session=session, serialize=False
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
