"""Reports made by the real judge from invented observations, for tests of what is done with reports."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from netaddr import IPAddress

from airflow_masq.observation.observation import Failure, Observation
from airflow_masq.observation.vantage import Clue, Component, Vantage
from airflow_masq.plan import load_plan_from_mapping
from airflow_masq.verdict import Outcome, Report, Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Iterable

PLAN = load_plan_from_mapping(
    {
        "cluster": {"pods_per_node": 32},
        "network": {"node_ranges": ["10.128.0.0/20"], "pod_ranges": ["192.168.0.0/16"]},
        "targets": [{"name": "erp", "observe": "http://172.20.0.10/ip", "expect": "node"}],
    },
    source="example",
)

_SEEN = {
    Outcome.PASS: ("10.128.0.2", None),
    Outcome.FAIL: ("192.168.0.2", None),
    Outcome.INCONCLUSIVE: (None, Failure.CONNECT_TIMEOUT),
    Outcome.ERROR: (None, Failure.REDIRECT),
}


def example_verdict(outcome: Outcome, *, pod: str = "192.168.0.2", environment: str = "production") -> Verdict:
    """Judge an observation that comes to an outcome.

    :param outcome: the outcome.
    :param pod: the Pod's address; Pods of different /26 blocks live on different nodes.
    :param environment: the environment.
    :return: the verdict.
    """
    address, failure = _SEEN[outcome]
    observation = Observation(
        url="http://172.20.0.10/ip",
        destination=IPAddress("172.20.0.10"),
        destination_port=80,
        local_address=IPAddress(pod),
        observed=None if address is None else IPAddress(address),
        failure=failure,
        detail="" if failure is None else "nobody answered",
        started_at=datetime(2026, 11, 22, tzinfo=UTC),
        duration_seconds=0.01,
    )
    vantage = Vantage(
        hostname=f"airflow-worker-{pod}",
        pod_ip=IPAddress(pod),
        component=Component.WORKER,
        environment=environment,
        known_by=Clue.HOSTNAME,
    )
    verdict = judge(PLAN.targets[0], [observation], vantage=vantage, plan=PLAN)
    assert verdict.outcome is outcome, verdict.reason
    return verdict


def example_report(
    outcomes: Iterable[Outcome], *, environment: str = "production", problems: tuple[str, ...] = ()
) -> Report:
    """Make a report, every verdict from a node of its own.

    :param outcomes: the verdicts' outcomes.
    :param environment: the environment.
    :param problems: the report's problems.
    :return: the report.
    """
    verdicts = tuple(
        example_verdict(outcome, pod=f"192.168.{number}.2", environment=environment)
        for number, outcome in enumerate(outcomes)
    )
    ranges = tuple(PLAN.ranges.list_ranges())
    return Report(environment=environment, verdicts=verdicts, problems=problems, ranges=ranges)
