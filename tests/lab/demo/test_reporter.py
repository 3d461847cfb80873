"""The demo's result: it succeeds only if every verdict is the expected one."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from netaddr import IPAddress

from airflow_masq.observation.observation import Failure, Observation
from airflow_masq.observation.vantage import Clue, Component, Vantage
from airflow_masq.plan import Plan, load_plan_from_mapping
from airflow_masq.verdict import Outcome, Report, Verdict, encode_report, judge
from lab.demo.reporter import Reporter
from lab.demo.scenario import (
    CLOUD_NAT_ADDRESS,
    ENVIRONMENTS,
    NODES,
    TARGETS,
    WITH_AGENT,
    WITHOUT_AGENT,
    DemoEnvironment,
)

REFUSAL = "the environment exists without the agent and must be re-created"
#: The source that each target sees, by whether the environment has the agent.
SOURCES = {
    False: {"onprem-erp": "nothing", "vpc-service": "pod", "vm-beside-nodes": "pod", "public-service": "nat"},
    True: {"onprem-erp": "node", "vpc-service": "node", "vm-beside-nodes": "pod", "public-service": "nat"},
}


def read_plan(environment: DemoEnvironment) -> Plan:
    """Read the plan that the demo writes."""
    urls = {target.name: f"http://192.175.48.80:8080/{target.name}" for target in TARGETS}
    return load_plan_from_mapping(environment.make_plan(observe_urls=urls), source="demo")


def make_verdict(environment: DemoEnvironment, target_name: str, *, node: int) -> Verdict:
    """Judge the source that a target is expected to see."""
    plan = read_plan(environment)
    pod = IPAddress(int(plan.ranges.pod[0].network) + 64 * node + 2)
    addresses = {
        "pod": pod,
        "node": IPAddress(environment.first_node_address) + node,
        "nat": IPAddress(CLOUD_NAT_ADDRESS),
        "nothing": None,
    }
    address = addresses[SOURCES[environment.masquerade][target_name]]
    target = next(each for each in plan.targets if each.name == target_name)
    observation = Observation(
        url=target.observe,
        destination=IPAddress("192.175.48.80"),
        destination_port=8080,
        local_address=pod,
        observed=address,
        failure=Failure.CONNECT_TIMEOUT if address is None else None,
        detail="no answer" if address is None else "",
        started_at=datetime(2026, 11, 22, tzinfo=UTC),
        duration_seconds=0.1,
    )
    vantage = Vantage(
        hostname="airflow-worker-0",
        pod_ip=pod,
        component=Component.WORKER,
        environment=environment.environment_id,
        known_by=Clue.HOSTNAME,
    )
    return judge(target, [observation], vantage=vantage, plan=plan)


def make_report(environment: DemoEnvironment) -> Report:
    """Make the report of an environment in which every verdict is as expected."""
    verdicts = tuple(make_verdict(environment, target.name, node=node) for node in range(NODES) for target in TARGETS)
    return Report(environment=environment.environment_id, verdicts=verdicts, nodes_total=NODES)


def make_events() -> list[dict[str, Any]]:
    """Make the events of a demo in which everything is as expected."""
    return [
        {"event": "begin", "text": "starting Airflow"},
        {"event": "end", "text": "starting Airflow", "seconds": 1.0},
        {"event": "provisioned", "state": "success", "failure": ""},
        {"event": "checked", "state": "failed", "reports": [encode_report(make_report(WITHOUT_AGENT))]},
        {"event": "checked", "state": "success", "reports": [encode_report(make_report(WITH_AGENT))]},
        {"event": "refused", "state": "failed", "failure": REFUSAL},
    ]


def report_events(events: list[dict[str, Any]]) -> tuple[Reporter, io.StringIO]:
    """Send events to a reporter; return it and its output."""
    output = io.StringIO()
    reporter = Reporter(output)
    for event in events:
        reporter.receive(event)
    return reporter, output


def test_the_demo_succeeds_if_every_verdict_is_as_expected() -> None:
    """The demo succeeds, shows the table of 24 verdicts and quotes the operator's refusal."""
    reporter, output = report_events(make_events())
    assert reporter.conclude()
    text = output.getvalue()
    assert "starting Airflow … 1.0 s" in text
    assert text.count("\nwith-agent  ") == text.count("\nwithout-agent  ") == NODES * len(TARGETS)
    assert REFUSAL in text
    assert "All 24 verdicts are as expected." in text


@pytest.mark.parametrize(
    ("place", "change"),
    [
        (2, {"state": "failed"}),
        (3, {"state": "success"}),
        (4, {"state": "failed"}),
        (5, {"state": "success"}),
        (5, {"failure": "some other error"}),
        (4, {"reports": []}),
        (4, {"reports": [encode_report(replace(make_report(WITH_AGENT), nodes_total=NODES + 1))]}),
        (
            4,
            {
                "reports": [
                    encode_report(replace(make_report(WITH_AGENT), verdicts=make_report(WITH_AGENT).verdicts[1:]))
                ]
            },
        ),
    ],
)
def test_every_other_event_fails_the_demo(place: int, change: dict[str, Any]) -> None:
    """A run with another end, a missing verdict or a missing node is reported, and the demo fails."""
    events = make_events()
    events[place] = {**events[place], **change}
    reporter, output = report_events(events)
    assert not reporter.conclude()
    assert "Not as expected:" in output.getvalue()


def test_an_unexpected_verdict_fails_the_demo() -> None:
    """If the environment with the agent behaves like the other one, the demo reports where."""
    wrong = Report(
        environment=WITH_AGENT.environment_id,
        verdicts=make_report(WITHOUT_AGENT).verdicts,
        nodes_total=NODES,
    )
    events = make_events()
    events[4] = {**events[4], "reports": [encode_report(wrong)]}
    reporter, output = report_events(events)
    assert not reporter.conclude()
    assert "with-agent, 192.168.0.0/26, onprem-erp: expected PASS, saw INCONCLUSIVE" in output.getvalue()


def test_the_json_contains_the_verdicts_of_the_table() -> None:
    """``--json`` contains both environments, their nodes and targets, and null if nothing was observed."""
    reporter, _ = report_events(make_events())
    environments = reporter.make_json()["environments"]
    assert [(each["name"], each["masquerade"], len(each["verdicts"])) for each in environments] == [
        (each.environment_id, each.masquerade, 12) for each in ENVIRONMENTS
    ]
    assert environments[0]["verdicts"][0] == {
        "node": "192.168.0.0/26",
        "target": "onprem-erp",
        "expected": "node",
        "observed": None,
        "outcome": Outcome.INCONCLUSIVE.value,
        "code": "MASQ421",
    }
    assert environments[1]["verdicts"][0]["observed"] == WITH_AGENT.first_node_address


def test_a_crash_is_shown_with_the_end_of_the_log() -> None:
    """If the Airflow side crashes, the end of its log is shown."""
    output = io.StringIO()
    Reporter(output).show_crash("first line\n" * 100 + "the reason", status=1)
    assert output.getvalue().endswith("  the reason\n")
    assert len(output.getvalue().splitlines()) < 50


def test_an_unknown_event_is_refused() -> None:
    """An event that the reporter does not know raises an error."""
    with pytest.raises(ValueError, match="expected a known event"):
        Reporter(io.StringIO()).receive({"event": "gossip"})
