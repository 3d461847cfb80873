"""The demo's last word: it says that all is well only when every verdict is the one that the story needs."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from netaddr import IPAddress

from airflow_masq.observation.observation import Component, Failure, Observation, Vantage
from airflow_masq.plan import Plan, plan_from_mapping
from airflow_masq.verdict import Outcome, Report, Verdict, judge, to_dict
from lab.demo.story import (
    CLOUD_NAT_ADDRESS,
    ENVIRONMENTS,
    NODES,
    TARGETS,
    WITH_AGENT,
    WITHOUT_AGENT,
    StoryEnvironment,
    plan,
)
from lab.demo.telling import Teller

REFUSAL = "the environment exists without the agent and must be re-created"
#: What each target sees, by whether the environment has the agent.
SEEN = {
    False: {"onprem-erp": "nothing", "vpc-service": "pod", "vm-beside-nodes": "pod", "public-service": "nat"},
    True: {"onprem-erp": "node", "vpc-service": "node", "vm-beside-nodes": "pod", "public-service": "nat"},
}


def story_plan(environment: StoryEnvironment) -> Plan:
    """Read the plan that the demo writes."""
    urls = {target.name: f"http://192.175.48.80:8080/{target.name}" for target in TARGETS}
    return plan_from_mapping(plan(environment, observe_urls=urls), source="story")


def story_verdict(environment: StoryEnvironment, target_name: str, *, node: int) -> Verdict:
    """Judge what the story needs to be seen."""
    the_plan = story_plan(environment)
    pod = IPAddress(int(the_plan.ranges.pod[0].network) + 64 * node + 2)
    addresses = {
        "pod": pod,
        "node": IPAddress(environment.first_node_address) + node,
        "nat": IPAddress(CLOUD_NAT_ADDRESS),
        "nothing": None,
    }
    address = addresses[SEEN[environment.masquerade][target_name]]
    target = next(each for each in the_plan.targets if each.name == target_name)
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
        hostname="airflow-worker-0", pod_ip=pod, component=Component.WORKER, environment=environment.environment_id
    )
    return judge(target, [observation], vantage=vantage, plan=the_plan)


def story_report(environment: StoryEnvironment) -> Report:
    """Make the report of an environment in which all is as the story needs it."""
    verdicts = tuple(story_verdict(environment, target.name, node=node) for node in range(NODES) for target in TARGETS)
    return Report(environment=environment.environment_id, verdicts=verdicts, nodes_total=NODES)


def story_events() -> list[dict[str, Any]]:
    """Give the events of a demo in which all is as the story needs it."""
    return [
        {"event": "begin", "text": "starting Airflow"},
        {"event": "end", "text": "starting Airflow", "seconds": 1.0},
        {"event": "provisioned", "state": "success", "failure": ""},
        {"event": "checked", "state": "failed", "reports": [to_dict(story_report(WITHOUT_AGENT))]},
        {"event": "checked", "state": "success", "reports": [to_dict(story_report(WITH_AGENT))]},
        {"event": "refused", "state": "failed", "failure": REFUSAL},
    ]


def heard(events: list[dict[str, Any]]) -> tuple[Teller, io.StringIO]:
    """Let a teller hear events."""
    output = io.StringIO()
    teller = Teller(output)
    for event in events:
        teller.hear(event)
    return teller, output


def test_all_is_well_when_every_verdict_is_as_needed() -> None:
    """The demo ends well, shows the table of 24 verdicts and quotes the operator's refusal."""
    teller, output = heard(story_events())
    assert teller.conclude()
    text = output.getvalue()
    assert "starting Airflow … 1.0 s" in text
    assert text.count("\nwith-agent  ") == text.count("\nwithout-agent  ") == NODES * len(TARGETS)
    assert REFUSAL in text
    assert "Every one of the 24 verdicts" in text


@pytest.mark.parametrize(
    ("place", "change"),
    [
        (2, {"state": "failed"}),
        (3, {"state": "success"}),
        (4, {"state": "failed"}),
        (5, {"state": "success"}),
        (5, {"failure": "some other error"}),
        (4, {"reports": []}),
        (4, {"reports": [to_dict(replace(story_report(WITH_AGENT), nodes_total=NODES + 1))]}),
        (4, {"reports": [to_dict(replace(story_report(WITH_AGENT), verdicts=story_report(WITH_AGENT).verdicts[1:]))]}),
    ],
)
def test_any_other_course_of_events_is_said_and_fails_the_demo(place: int, change: dict[str, Any]) -> None:
    """A run that ends otherwise, a lost verdict or an unseen node is named, and the demo does not end well."""
    events = story_events()
    events[place] = {**events[place], **change}
    teller, output = heard(events)
    assert not teller.conclude()
    assert "Not as the story needs it" in output.getvalue()


def test_a_verdict_that_the_story_does_not_need_fails_the_demo() -> None:
    """Were the agent's environment to behave like the other one, the demo would say where."""
    lie = Report(
        environment=WITH_AGENT.environment_id,
        verdicts=story_report(WITHOUT_AGENT).verdicts,
        nodes_total=NODES,
    )
    events = story_events()
    events[4] = {**events[4], "reports": [to_dict(lie)]}
    teller, output = heard(events)
    assert not teller.conclude()
    assert "with-agent, 192.168.0.0/26, onprem-erp: needs PASS, saw INCONCLUSIVE" in output.getvalue()


def test_the_machine_readable_verdicts_say_what_the_table_says() -> None:
    """``--json`` names both environments, their nodes and targets, and null where nothing was seen."""
    teller, _ = heard(story_events())
    environments = teller.verdicts()["environments"]
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


def test_a_crash_of_the_airflow_side_is_shown_with_the_end_of_its_log() -> None:
    """Whoever sees the demo fail sees why."""
    output = io.StringIO()
    Teller(output).show_crash("first line\n" * 100 + "the reason", status=1)
    assert output.getvalue().endswith("  the reason\n")
    assert len(output.getvalue().splitlines()) < 50


def test_an_unknown_event_is_refused() -> None:
    """The two sides of the demo cannot drift apart unnoticed."""
    with pytest.raises(ValueError, match="no such event"):
        Teller(io.StringIO()).hear({"event": "gossip"})
