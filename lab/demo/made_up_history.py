"""Gives the demo's database a day of history, in a process of its own: copies of its real runs with earlier times.

    python -m lab.demo.made_up_history HOURS

A real history would take a day. The id of each copy begins with ``made-up``, so that no one takes it for a check.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from lab.demo.past_runs import REPORT_TASK_ID, PastRun, add_run, read_report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

LABEL: Final = "made-up"


def make_earlier(run: PastRun, *, by: timedelta) -> PastRun:
    """Make a copy of a run that was earlier by so much, with every time in its report."""
    time = run.time - by
    run_id = f"{LABEL}__{time.isoformat()}"
    report = json.dumps(shift_times(json.loads(run.report), by=-by))
    extra = {**shift_times(run.extra, by=-by), "run_id": run_id}
    return PastRun(dag_id=run.dag_id, run_id=run_id, time=time, extra=extra, report=report)


def shift_times(value: Any, *, by: timedelta) -> Any:  # noqa: ANN401 - a value of JSON
    """Shift each time in a value of JSON: a text under a key that the report's format has for times."""
    if isinstance(value, list):
        return [shift_times(each, by=by) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: (datetime.fromisoformat(each) + by).isoformat()
        if key in {"started_at", "since"} and each is not None
        else shift_times(each, by=by)
        for key, each in value.items()
    }


def read_runs(session: Session, *, asset_id: int) -> Iterator[PastRun]:
    """Read the runs of which the database has both an event of the asset and a report."""
    from airflow.models.asset import AssetEvent  # noqa: PLC0415 - Airflow reads its settings when it is imported
    from sqlalchemy import select  # noqa: PLC0415

    for event in session.scalars(select(AssetEvent).where(AssetEvent.asset_id == asset_id)).all():
        dag_id, run_id = event.source_dag_id or "", event.source_run_id or ""
        report = read_report(session, dag_id=dag_id, run_id=run_id)
        if report is not None:
            yield PastRun(dag_id=dag_id, run_id=run_id, time=event.timestamp, extra=event.extra, report=report)


def main(hours: int) -> None:
    """Add the copies, one an hour of each run."""
    from airflow.models.asset import AssetEvent, AssetModel  # noqa: PLC0415 - as above
    from airflow.utils.session import create_session  # noqa: PLC0415
    from sqlalchemy import insert, select  # noqa: PLC0415

    from airflow_masq.operators.run_reports import REPORT_ASSET_URI  # noqa: PLC0415

    with create_session() as session:
        asset_id = session.scalars(select(AssetModel.id).where(AssetModel.uri == REPORT_ASSET_URI)).one()
        for run in list(read_runs(session, asset_id=asset_id)):
            for hour in range(1, hours + 1):
                earlier = make_earlier(run, by=timedelta(hours=hour))
                add_run(session, earlier)
                event = {"asset_id": asset_id, "extra": earlier.extra, "timestamp": earlier.time}
                source = {"source_dag_id": run.dag_id, "source_run_id": earlier.run_id, "source_map_index": -1}
                session.execute(insert(AssetEvent).values(**event, **source, source_task_id=REPORT_TASK_ID))


if __name__ == "__main__":
    main(int(sys.argv[1]))
