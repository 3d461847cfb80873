"""Gives the demo's database a day of history, in a process of its own, made up from what its real runs saw.

    python -m lab.demo.made_up_history HOURS

A real history would take a day. What the services saw then is invented, and the package judges it like anything else:

    hours ago
    24 … 17   with-agent has two nodes
    16        a third joins; it has no masquerade rules yet, so its Pods' addresses leak
    11        the third node masquerades
     5        the public service does not answer, in either environment

The id of each run begins with ``made-up``, so that no one takes it for a check. The events of the real runs say what
has changed since; nothing else of them is touched.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from airflow_masq.observation.observation import Failure
from airflow_masq.plan import load_plan_from_mapping
from airflow_masq.verdict import (
    EventSource,
    Report,
    add_history,
    judge,
    merge,
    read_reports,
    summarise_reports,
    write_reports,
)
from lab.demo.past_runs import REPORT_TASK_ID, PastRun, add_run, read_report
from lab.demo.scenario import ENVIRONMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session

    from airflow_masq.observation.observation import Observation
    from airflow_masq.verdict import Verdict

LABEL: Final = "made-up"
NODE_JOINED: Final = 16
NODE_MENDED: Final = 11
SERVICE_DOWN: Final = 5


def make_day(real: Report, *, hours: int) -> Iterator[tuple[int, Report]]:
    """Make the report of each hour before a real one, the oldest first, and at last the real one, as hour 0.

    Each knows what has changed since the one before.
    """
    before: Report | None = None
    for hour in range(hours, -1, -1):
        report = add_history(real if hour == 0 else _make_up(real, hour=hour), previous=before)
        before = report
        yield hour, report


def _make_up(real: Report, *, hour: int) -> Report:
    (environment,) = (each for each in ENVIRONMENTS if each.environment_id == real.environment)
    urls = {verdict.target: verdict.evidence[0].url for verdict in real.verdicts}
    plan = load_plan_from_mapping(environment.make_plan(observe_urls=urls), source=LABEL)
    targets = {target.name: target for target in plan.targets}
    newcomer = real.nodes_seen[-1] if environment.masquerade else None
    is_there = hour <= NODE_JOINED
    verdicts = [
        judge(
            targets[verdict.target],
            [_see(each, verdict, hour=hour, is_newcomer=verdict.node == newcomer) for each in verdict.evidence],
            vantage=verdict.vantage,
            plan=plan,
        )
        for verdict in real.verdicts
        if is_there or verdict.node != newcomer
    ]
    total = real.nodes_total
    if total is not None and newcomer is not None and not is_there:
        total -= 1
    return merge([replace(real, verdicts=tuple(verdicts), nodes_total=total, history=())])


def _see(seen: Observation, verdict: Verdict, *, hour: int, is_newcomer: bool) -> Observation:
    """Invent what an attempt saw some hours before it was made."""
    seen = replace(seen, started_at=seen.started_at - timedelta(hours=hour))
    nothing = replace(
        seen, observed=None, failure=Failure.CONNECT_TIMEOUT, detail="no answer within 2 s", duration_seconds=2.0
    )
    if hour == SERVICE_DOWN and verdict.target == "public-service":
        return nothing
    if is_newcomer and hour > NODE_MENDED and verdict.target != "vm-beside-nodes":
        # The firewall on-premises lets in no Pod address, and Cloud NAT translates none.
        return replace(seen, observed=verdict.vantage.pod_ip) if verdict.target == "vpc-service" else nothing
    return seen


def list_runs(dag_id: str, run_id: str, time: datetime, report: Report, *, hours: int) -> list[PastRun]:
    """List the made-up runs before a real one, the oldest first, and the real one, whose event says what changed."""
    runs = []
    for hour, each in make_day(report, hours=hours):
        when = time - timedelta(hours=hour)
        name = f"{LABEL}__{when.isoformat()}" if hour else run_id
        source = EventSource(dag_id=dag_id, run_id=name, task_id=REPORT_TASK_ID, check_task_ids=("check",))
        extra = summarise_reports([each], source=source)
        runs.append(PastRun(dag_id=dag_id, run_id=name, time=when, extra=extra, report=write_reports([each])))
    return runs


def add_history_of_asset(session: Session, *, asset_id: int, hours: int) -> None:
    """Add made-up runs before each run of which the database has both an event of the asset and a report."""
    from airflow.models.asset import AssetEvent  # noqa: PLC0415 - Airflow reads its settings when it is imported
    from sqlalchemy import insert, select  # noqa: PLC0415

    for event in list(session.scalars(select(AssetEvent).where(AssetEvent.asset_id == asset_id))):
        dag_id, run_id = event.source_dag_id or "", event.source_run_id or ""
        text = read_report(session, dag_id=dag_id, run_id=run_id)
        if text is None:
            continue
        (report,) = read_reports(text)
        *made_up, real = list_runs(dag_id, run_id, event.timestamp, report, hours=hours)
        for run in made_up:
            add_run(session, run)
            columns = {"asset_id": asset_id, "extra": run.extra, "timestamp": run.time}
            source = {"source_dag_id": dag_id, "source_run_id": run.run_id, "source_map_index": -1}
            session.execute(insert(AssetEvent).values(**columns, **source, source_task_id=REPORT_TASK_ID))
        event.extra = real.extra


def main(hours: int) -> None:
    """Add the history to Airflow's database."""
    from airflow.models.asset import AssetModel  # noqa: PLC0415 - as above
    from airflow.utils.session import create_session  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415

    from airflow_masq.operators.run_reports import REPORT_ASSET_URI  # noqa: PLC0415

    with create_session() as session:
        asset_id = session.scalars(select(AssetModel.id).where(AssetModel.uri == REPORT_ASSET_URI)).one()
        add_history_of_asset(session, asset_id=asset_id, hours=hours)


if __name__ == "__main__":
    main(int(sys.argv[1]))
