"""Fills the database of a throw-away Airflow 3 with a history of checks; runs in a process of its own.

    python -m tests.plugins.seed_airflow_3 ENVIRONMENTS HOURS|odd

Without environments there are the tables alone, as where nothing was ever checked. With ``odd`` there are odd ones.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

from airflow.models.asset import AssetActive, AssetEvent, AssetModel, TaskOutletAssetReference
from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from sqlalchemy import insert

from airflow_masq.operators.run_reports import REPORT_ASSET_NAME, REPORT_ASSET_URI
from lab.demo.past_runs import add_run
from tests.plugins.history import NEVER_RAN, TASK_ID, WITH_REPORT_HOURS
from tests.plugins.odd_history import make_rows

_BUNDLE = "dags-folder"


def main(environments: int, hours: str) -> None:
    """Make the tables, and everything that the page asks for."""
    initdb()
    if not environments:
        return
    now = datetime.now(UTC)
    runs, events = make_rows(now=now, environments=environments, hours=hours)
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
        rows = [{"asset_id": asset.id, "source_map_index": -1, **event} for event in events]
        session.execute(insert(AssetEvent), rows)
        for run in runs:
            if run.time > now - timedelta(hours=WITH_REPORT_HOURS):
                add_run(session, run)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
