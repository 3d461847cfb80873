"""The demo's history: a day that the package judges like any other, and that says that it is made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from netaddr import IPAddress, IPNetwork

from airflow_masq.observation.observation import Observation
from airflow_masq.observation.vantage import Clue, Component, Vantage
from airflow_masq.plan import load_plan_from_mapping
from airflow_masq.verdict import Outcome, Report, judge, read_reports
from lab.demo.made_up_history import LABEL, NODE_JOINED, NODE_MENDED, SERVICE_DOWN, list_runs
from lab.demo.past_runs import PastRun
from lab.demo.scenario import CLOUD_NAT_ADDRESS, NODES, WITH_AGENT, WITHOUT_AGENT, DemoEnvironment

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOURS = 24
URLS = {
    "onprem-erp": "http://172.20.0.10:8080/",
    "vpc-service": "http://10.200.0.20:8080/",
    "vm-beside-nodes": "http://10.128.15.200:8080/",
    "public-service": "http://192.175.48.80:8080/",
}


def make_real_report(environment: DemoEnvironment) -> Report:
    """Make what the real run reports: each node's address on every node, but for the node subnet's own VM."""
    plan = load_plan_from_mapping(environment.make_plan(observe_urls=URLS), source="test")
    verdicts = []
    for node in range(NODES):
        pod = IPNetwork(environment.pod_range)[2 + 64 * node]
        address = IPAddress(environment.first_node_address) + node if environment.masquerade else pod
        vantage = Vantage(
            hostname=f"airflow-worker-{node}",
            pod_ip=pod,
            component=Component.WORKER,
            environment=environment.environment_id,
            known_by=Clue.HOSTNAME,
        )
        seen = {"vm-beside-nodes": pod, "public-service": IPAddress(CLOUD_NAT_ADDRESS)}
        for target in plan.targets:
            observation = Observation(
                url=target.observe,
                destination=IPAddress(str(target.host)),
                destination_port=8080,
                local_address=pod,
                observed=seen.get(target.name, address),
                failure=None,
                detail="",
                started_at=NOW,
                duration_seconds=0.01,
            )
            verdicts.append(judge(target, [observation], vantage=vantage, plan=plan))
    return Report(environment=environment.environment_id, verdicts=tuple(verdicts), nodes_total=NODES)


def make_runs(environment: DemoEnvironment) -> list[PastRun]:
    """Make the runs of a day, the newest first, so that the index says how many hours ago one was."""
    return list_runs("check", "manual__1", NOW, make_real_report(environment), hours=HOURS)[::-1]


def find_outcomes(run: PastRun) -> dict[str, Outcome]:
    """Find each target's worst outcome in a run's event."""
    (environment,) = run.extra["environments"]
    return {row["target"]: Outcome(row["outcome"]) for row in environment["targets"]}


def test_a_node_joins_leaks_and_is_mended() -> None:
    """The environment with the agent has two nodes first; the third leaks until it masquerades."""
    runs = make_runs(WITH_AGENT)
    assert [run.extra["environments"][0]["coverage"] for run in runs] == [
        "3 of 3 nodes seen." if hour <= NODE_JOINED else "2 of 2 nodes seen." for hour in range(HOURS + 1)
    ]
    leaks = [hour for hour, run in enumerate(runs) if find_outcomes(run)["vpc-service"] is Outcome.FAIL]
    assert leaks == list(range(NODE_MENDED + 1, NODE_JOINED + 1))
    (leaking,) = read_reports(runs[NODE_JOINED].report)
    assert [str(each.observed) for each in leaking.verdicts if each.outcome is Outcome.FAIL] == ["192.168.128.130"]
    assert find_outcomes(runs[NODE_JOINED])["onprem-erp"] is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("environment", [WITH_AGENT, WITHOUT_AGENT], ids=lambda each: each.environment_id)
def test_one_run_is_inconclusive(environment: DemoEnvironment) -> None:
    """In one run the public service did not answer, and in no other without a leak."""
    outcomes = [find_outcomes(run)["public-service"] for run in make_runs(environment)]
    assert outcomes[SERVICE_DOWN] is Outcome.INCONCLUSIVE
    assert set(outcomes[: NODE_MENDED + 1]) - {outcomes[SERVICE_DOWN]} == {Outcome.PASS}


def test_the_real_run_stays_and_knows_what_has_changed() -> None:
    """The last run's verdicts are the real ones; its event says since when they are so."""
    real = make_real_report(WITH_AGENT)
    newest, *earlier = make_runs(WITH_AGENT)
    (report,) = read_reports(newest.report)
    assert (newest.run_id, report.verdicts) == ("manual__1", real.verdicts)
    (row,) = (each for each in newest.extra["environments"][0]["targets"] if each["target"] == "vpc-service")
    assert (row["previous"], row["since"]) == ("FAIL", (NOW - timedelta(hours=NODE_MENDED)).isoformat())
    assert all(run.run_id == run.extra["run_id"] == f"{LABEL}__{run.time.isoformat()}" for run in earlier)
    started = {
        each.started_at
        for run in earlier
        for verdict in read_reports(run.report)[0].verdicts
        for each in verdict.evidence
    }
    assert started == {NOW - timedelta(hours=hour) for hour in range(1, HOURS + 1)}
