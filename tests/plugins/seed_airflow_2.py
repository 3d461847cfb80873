"""Fills the database of a throw-away Airflow 2 with a history of checks, as ``seed_airflow_3.py`` does, and with users.

    python -m tests.plugins.seed_airflow_2 ENVIRONMENTS HOURS|odd

Airflow 2 has its users in its database; Airflow 3's simple auth manager reads them from its settings.
"""
# mypy: ignore-errors
# Airflow 2 is not in the environment that is checked.

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.dataset import DatasetEvent, DatasetModel, TaskOutletDatasetReference
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XCom
from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunType
from sqlalchemy import insert

from airflow_masq.operators.run_reports import REPORT_ASSET_URI
from tests.plugins.history import NEVER_RAN, TASK_ID, WITH_REPORT_HOURS
from tests.plugins.live_airflow import USERS
from tests.plugins.odd_history import make_rows


def main(environments: int, hours: str) -> None:
    """Make the tables, the users, and everything that the page asks for."""
    initdb()
    with get_application_builder() as builder:
        for user, role in USERS.items():
            roles = [builder.sm.find_role(role or "Public")]
            builder.sm.add_user(user, user, user, f"{user}@example.com", role=roles, password=user)
    now = datetime.now(UTC)
    runs, events = make_rows(now=now, environments=environments, hours=hours)
    dag_ids = sorted({run.dag_id for run in runs} | {NEVER_RAN})
    with create_session() as session:
        # Airflow's list of DAGs ends with a failure where one has no owners.
        session.add_all(DagModel(dag_id=each, is_active=True, fileloc="/none", owners="airflow") for each in dag_ids)
        dataset = DatasetModel(uri=REPORT_ASSET_URI, extra={})
        session.add(dataset)
        session.flush()
        session.add_all(
            TaskOutletDatasetReference(dataset_id=dataset.id, dag_id=each, task_id=TASK_ID) for each in dag_ids
        )
        rows = [{"dataset_id": dataset.id, "source_map_index": -1, **event} for event in events]
        session.bulk_insert_mappings(DatasetEvent, rows)
        for run in runs:
            if run.time > now - timedelta(hours=WITH_REPORT_HOURS):
                _add_run(session, run)


def _add_run(session, run) -> None:  # noqa: ANN001 - Airflow 2's own
    """Add a run with its report's XCom."""
    place = {"dag_id": run.dag_id, "run_id": run.run_id, "task_id": TASK_ID}
    dag_run = DagRun(
        dag_id=run.dag_id,
        run_id=run.run_id,
        execution_date=run.time,
        start_date=run.time,
        run_type=DagRunType.SCHEDULED,
        state=DagRunState.SUCCESS,
    )
    dag_run.data_interval_start = dag_run.data_interval_end = run.time
    session.add(dag_run)
    session.flush()
    state = {"map_index": -1, "state": "success", "pool": "default_pool", "pool_slots": 1}
    session.execute(insert(TaskInstance).values(**place, **state))
    XCom.set(key="return_value", value=run.report, **place, session=session)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
