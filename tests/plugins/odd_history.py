"""Odd checks for the page: very many targets or environments, IPv6, two DAGs for one environment, a huge event."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from airflow_masq.observation.observation import Failure
from airflow_masq.plan import load_plan_from_mapping
from airflow_masq.verdict import UNKNOWN_ENVIRONMENT, Report
from tests.plugins.history import (
    POD,
    POD_6,
    SMUGGLED,
    TASK_ID,
    check_from_nodes,
    list_events,
    make_history,
    make_run,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from airflow_masq.plan import Plan
    from lab.demo.past_runs import PastRun

TARGETS: Final = 30
ENVIRONMENTS: Final = 25
"""How many one run checks; more than an event has in full."""

RARE_HOURS: Final = 30
LONG_WORD: Final = "W" * 20_000
_HOURS: Final = 2
_MANY_TARGETS: Final = tuple(f"service-with-a-long-name-{number}" for number in range(TARGETS))


def make_rows(*, now: datetime, environments: int, hours: str) -> tuple[list[PastRun], list[dict[str, Any]]]:
    """Make the runs and the columns of their asset events: those of ``history.py``, or the odd ones of this module.

    :param hours: how many hours of history, or ``odd``.
    """
    if hours == "odd":
        runs = list(_make_odd_runs(now=now))
        return runs, [*list_events(runs, now=now), _make_huge_event(runs, now=now)]
    runs = list(make_history(now=now, environments=environments, hours=int(hours)))
    return runs, list_events(runs, now=now)


def _make_odd_runs(*, now: datetime) -> Iterator[PastRun]:
    rarely = now - timedelta(hours=RARE_HOURS)
    lost = Report(environment=UNKNOWN_ENVIRONMENT, verdicts=(), problems=("MASQ461 task check could not check",))
    yield make_run("check_mended", time=now - timedelta(minutes=50), reports=[lost])
    yield _run("check_mended", now - timedelta(minutes=5), sees={"mended": _see_nodes})
    yield make_run("check_without_plan", time=now - timedelta(minutes=5), reports=[lost])
    yield _run("check_two_environments", rarely, sees={"often": _see_nodes, "rarely": _see_nodes})
    for hour in range(_HOURS, -1, -1):
        time = now - timedelta(hours=hour, minutes=5)
        yield _run("check_two_environments", time, sees={"often": _see_nodes})
        yield _run("check_many", time, sees={"many-targets": _see_many}, targets=_MANY_TARGETS)
        many = {f"environment-{number}": _see_nodes for number in range(ENVIRONMENTS - 1)}
        yield _run("check_many_environments", time, sees=many | {f"environment-{ENVIRONMENTS - 1}": _see_leak})
        yield _run("check_two_a", time, sees={"two-dags": _see_nodes})
        yield _run("check_two_b", time, sees={"two-dags": _see_leak})
        yield _run("check_ipv6", time, sees={"dual-stack": _see_ipv6}, host="[2001:db8:5::10]")
        yield _run("check_huge", time, sees={"huge": _see_nodes})


def _run(
    dag_id: str,
    time: datetime,
    *,
    sees: Mapping[str, Callable[[str, int], str | Failure]],
    targets: Sequence[str] = ("erp",),
    host: str = "172.20.0.10",
) -> PastRun:
    """Make a run that checked some environments, by what their targets saw."""
    plan = _make_plan(targets, host=host)
    reports = [check_from_nodes(plan, environment=name, time=time, see=see) for name, see in sees.items()]
    return make_run(dag_id, time=time, reports=reports)


def _make_huge_event(runs: list[PastRun], *, now: datetime) -> dict[str, Any]:
    """Make an event of five megabytes, the newest of its task: long words, markup, and values of other types."""
    newest = next(run for run in reversed(runs) if run.dag_id == "check_huge")
    environment = {
        **newest.extra["environments"][0],
        "problems": [SMUGGLED + LONG_WORD] * 250,
        "targets": [{"target": LONG_WORD, "outcome": "FAIL"}, None, {"target": {"a": 1}, "outcome": 7}],
    }
    return {
        "extra": {**newest.extra, "environments": [environment, None, 7]},
        "source_dag_id": newest.dag_id,
        "source_run_id": "scheduled__huge",
        "source_task_id": TASK_ID,
        "timestamp": now,
    }


def _make_plan(targets: Sequence[str], *, host: str) -> Plan:
    return load_plan_from_mapping(
        {
            "environment": {
                "name": "projects/example-project/locations/us-central1/environments/odd",
                "config": {"nodeConfig": {"enableIpMasqAgent": True}},
            },
            "cluster": {"pods_per_node": 32},
            "network": {
                "node_ranges": ["10.128.0.0/20", "2600:1900:4000:aaaa::/64"],
                "pod_ranges": ["192.168.0.0/18", "2600:1900:4000:bbbb::/64"],
                "service_ranges": ["10.96.0.0/20"],
            },
            "targets": [{"name": name, "observe": f"http://{host}:8080/client-ip"} for name in targets],
        },
        source="odd",
    )


def _see_nodes(_target: str, node: int) -> str:
    return f"10.128.0.{10 + node}"


def _see_leak(_target: str, _node: int) -> str:
    return POD


def _see_many(target: str, node: int) -> str | Failure:
    if target.endswith("-29") and node == 0:
        return POD
    return Failure.CONNECT_TIMEOUT if target.endswith("-7") else _see_nodes(target, node)


def _see_ipv6(_target: str, node: int) -> str:
    return f"{POD_6[:-1]}{2 + node}"
