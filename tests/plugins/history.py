"""A history for the page: reports that the real judge made from invented observations, hour by hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from netaddr import IPAddress

from airflow_masq.observation.observation import Failure, Observation
from airflow_masq.observation.vantage import Clue, Component, Vantage
from airflow_masq.plan import load_plan_from_mapping
from airflow_masq.verdict import EventSource, Report, add_history, judge, merge, summarise_reports, write_reports
from lab.demo.past_runs import REPORT_TASK_ID, PastRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from airflow_masq.plan import Plan, Target

TASK_ID: Final = REPORT_TASK_ID
NEVER_RAN: Final = "never_ran"
"""A DAG that has the task, and was never run."""

WITH_REPORT_HOURS: Final = 3
"""How old a run may be whose XCom is still there; db clean took the older ones."""

NODES: Final = 3
POD: Final = "192.168.0.2"
"""The address of the first node's Pod."""
POD_6: Final = "2600:1900:4000:bbbb::2"
SMUGGLED: Final = '<img src=x onerror="document.title=1">'
"""What a hostile observer would like the page to run; it is an environment's name and a detail of an attempt."""


def make_history(*, now: datetime, environments: int = 4, hours: int = 24) -> Iterator[PastRun]:
    """Make the runs of some environments, each with a DAG of its own, the oldest first.

    The first environment leaks to ``erp`` in the last two hours; the second is not answered by ``crm``; the others are
    well. The last one was not checked for two days.
    """
    for number in range(environments):
        name = SMUGGLED if number == 2 else f"environment-{number}"
        plan = _make_plan(name, number)
        before: Report | None = None
        is_late = number == environments - 1 and environments > 1
        for hour in range(hours, -1, -1):
            time = now - timedelta(hours=hour + 48 * is_late, minutes=5)
            see = partial(_see, number=number, hour=hour)
            report = add_history(check_from_nodes(plan, environment=name, time=time, see=see), previous=before)
            before = report
            yield make_run(f"check_environment_{number}", time=time, reports=[report])


def make_run(dag_id: str, *, time: datetime, reports: Sequence[Report]) -> PastRun:
    """Make a run of a DAG that reported so."""
    run_id = f"scheduled__{time.isoformat()}"
    source = EventSource(dag_id=dag_id, run_id=run_id, task_id=TASK_ID, check_task_ids=("check",))
    extra = summarise_reports(reports, source=source)
    return PastRun(dag_id=dag_id, run_id=run_id, time=time, extra=extra, report=write_reports(reports))


def list_events(runs: Sequence[PastRun], *, now: datetime) -> list[dict[str, Any]]:
    """List the columns of the runs' asset events, and of two that no user of the page may notice.

    One was posted by a user, and claims that all is well: it names no source. The other has five million characters.
    """
    forged = {**runs[0].extra, "outcome": "PASS", "from_rest_api": True}
    huge = {**runs[0].extra, "environments": [{"environment": "E" * 5_000_000, "problems": [SMUGGLED] * 1000}]}
    first = min(runs, key=lambda run: run.time)
    events = [(run.extra, run.dag_id, run.run_id, run.time) for run in runs]
    events.append((forged, None, None, now))  # type: ignore[arg-type]
    events.append((huge, first.dag_id, first.run_id, first.time - timedelta(hours=1)))
    return [
        {
            "extra": extra,
            "source_dag_id": dag_id,
            "source_run_id": run_id,
            "source_task_id": dag_id and TASK_ID,
            "timestamp": time,
        }
        for extra, dag_id, run_id, time in events
    ]


def _make_plan(name: str, number: int) -> Plan:
    return load_plan_from_mapping(
        {
            "environment": {
                "name": f"projects/example-project/locations/us-central1/environments/environment-{number}",
                "config": {"nodeConfig": {"enableIpMasqAgent": True}},
            },
            "cluster": {"pods_per_node": 32},
            "network": {
                "node_ranges": [f"10.{128 + number % 64}.0.0/20"],
                "pod_ranges": ["192.168.0.0/18"],
                "service_ranges": ["10.96.0.0/20"],
                "nat_addresses": ["192.175.48.7"],
                "nat_covers": ["node"],
            },
            "targets": [
                {"name": "erp", "observe": "http://172.20.0.10:8080/client-ip", "expect": "node"},
                {"name": "crm", "observe": "http://172.20.0.11:8080/client-ip", "allowed_sources": ["10.0.0.0/8"]},
                {"name": "partner", "observe": "http://192.175.48.80/client-ip", "expect": "nat"},
            ],
        },
        source=name,
    )


def check_from_nodes(
    plan: Plan, *, environment: str, time: datetime, see: Callable[[str, int], str | Failure]
) -> Report:
    """Check once from three nodes of six.

    :param plan: names the targets.
    :param environment: the environment's name.
    :param time: when.
    :param see: gives the address that a target saw from a node, or why it saw none.
    """
    reports = []
    for node in range(NODES):
        vantage = Vantage(
            hostname=f"airflow-worker-{node}",
            pod_ip=IPAddress(POD) + 64 * node,
            component=Component.WORKER,
            environment=environment,
            known_by=Clue.HOSTNAME,
            node_name=f"gke-node-{node}",
        )
        verdicts = tuple(
            judge(target, [_observe(target, see(target.name, node), node=node, time=time)], vantage=vantage, plan=plan)
            for target in plan.targets
        )
        reports.append(
            Report(environment=environment, verdicts=verdicts, nodes_total=6, ranges=tuple(plan.ranges.list_ranges()))
        )
    return merge(reports)


def _observe(target: Target, seen: str | Failure, *, node: int, time: datetime) -> Observation:
    destination = IPAddress(str(target.host).strip("[]"))
    pod, step = (POD, 64) if destination.version == 4 else (POD_6, 1)
    failure = seen if isinstance(seen, Failure) else None
    return Observation(
        url=target.observe,
        destination=destination,
        destination_port=8080,
        local_address=IPAddress(pod) + step * node,
        observed=None if failure else IPAddress(seen),
        failure=failure,
        detail=f"nobody answered {SMUGGLED}" if failure else "",
        started_at=time,
        duration_seconds=0.012,
    )


def _see(target: str, node: int, *, number: int, hour: int) -> str | Failure:
    if target == "partner":
        return "192.175.48.7"
    if number == 0 and target == "erp" and hour <= 2 and node == 0:
        return POD
    if number == 1 and target == "crm" and node:
        return Failure.CONNECT_TIMEOUT
    return f"10.{128 + number % 64}.0.{10 + node}"
