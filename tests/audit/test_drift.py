"""What is otherwise than planned, and what has changed since the last audit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_masq.audit import Audit, AuditedEnvironment, EarlierAudit, NotAsked, decode_earlier_audit, encode_audit
from airflow_masq.audit.drift import add_drift, compare_policy_with_plan, compare_with_plan
from airflow_masq.environment import EnvironmentName
from airflow_masq.network.live_policy import LiveObject, LivePolicy
from airflow_masq.plan import Plan, load_plan_from_mapping
from tests.audit.examples import BEGAN, PROJECT, REGION, audit_one, describe, make_audit

if TYPE_CHECKING:
    from collections.abc import Mapping

OTHER = "europe-west1"


def earlier_of(*environments: AuditedEnvironment, **fields: object) -> EarlierAudit:
    """Make the audit of a week before, as it is read back."""
    audit = make_audit(*environments, **{"began": BEGAN - timedelta(days=7), **fields})
    return decode_earlier_audit(encode_audit(audit))


def changes(audit: Audit, earlier: EarlierAudit) -> list[tuple[str, str]]:
    """Give severity and message of what has changed."""
    compared = add_drift(audit, against_plans={}, planned=(), earlier=earlier)
    assert compared.compared_with == earlier.began
    return [(each.severity.value, each.message) for each in compared.drift]


def plan_of(**sections: Any) -> Plan:  # noqa: ANN401 - any JSON
    """Make a plan of the example."""
    return load_plan_from_mapping({"environment": describe().as_rest(), **sections}, source="")


def with_policy(*cidrs: str) -> AuditedEnvironment:
    """Audit an environment whose cluster has this policy."""
    audited = audit_one(describe())
    policy = LivePolicy(objects=(LiveObject(name="default", destinations=cidrs),))
    return replace(audited, record=replace(audited.record, policy=policy))


def test_nothing_has_changed() -> None:
    """An audit that sees the same has no drift."""
    same = audit_one(describe())
    assert changes(make_audit(same), earlier_of(same)) == []


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ({"agent": True}, {"agent": False}, [("error", "has lost the agent")]),
        ({"agent": False}, {"agent": True}, [("info", "has the agent now")]),
        (
            {"image": "composer-2.17.8-airflow-2.11.1"},
            {},
            [("info", "the image was 'composer-2.17.8-airflow-2.11.1', and is 'composer-2.17.9-airflow-2.11.1'")],
        ),
        ({}, {"state": "ERROR"}, [("warning", "was in state RUNNING, and is in state ERROR")]),
        ({"state": "ERROR"}, {}, [("info", "was in state ERROR, and is in state RUNNING")]),
        (
            {"ipAllocationPolicy": {"clusterIpv4CidrBlock": "10.0.0.0/17"}},
            {},
            [
                ("warning", "the Pod range was '10.0.0.0/17', and is '10.4.0.0/17'"),
                ("warning", "the Service range was '', and is '10.8.0.0/22'"),
            ],
        ),
    ],
)
def test_changes_are_told(before: Mapping[str, Any], now: Mapping[str, Any], expected: list[tuple[str, str]]) -> None:
    """The agent, the image, the state and the ranges are compared, each with its weight."""
    audit = make_audit(audit_one(describe(**now)))
    assert changes(audit, earlier_of(audit_one(describe(**before)))) == expected


def test_another_environment_of_the_same_name_is_told() -> None:
    """Another UUID means that the environment was re-created; a missing one means nothing."""
    audited = audit_one(describe())
    again = replace(audited, record=replace(audited.record, uuid="u-2"))
    assert changes(make_audit(again), earlier_of(audited)) == [
        ("warning", "was re-created: another environment has its name")
    ]
    unknown = replace(audited, record=replace(audited.record, uuid=""))
    assert changes(make_audit(unknown), earlier_of(audited)) == []


def test_what_is_new_and_gone_is_told() -> None:
    """A new environment is a remark, one that is gone a warning."""
    old, new, bare = (audit_one(describe(name, agent=name != "bare")) for name in ("old", "new", "bare"))
    assert changes(make_audit(new, bare), earlier_of(old)) == [
        ("warning", "is gone"),
        ("info", "is new, without the agent"),
        ("info", "is new, with the agent"),
    ]


def test_places_that_were_not_asked_have_neither_new_nor_gone_environments() -> None:
    """Where one of the two audits did not ask, or left environments out, nothing is concluded from what it lacks."""
    one = audit_one(describe())
    silent = NotAsked(project=PROJECT, regions=(REGION,), status="UNAVAILABLE", problem="-", next_step="-")
    assert changes(make_audit(not_asked=(silent,)), earlier_of(one)) == []
    assert changes(make_audit(one), earlier_of(not_asked=(silent,))) == []
    assert changes(make_audit(one), earlier_of(regions=(OTHER,))) == []
    assert changes(make_audit(regions=(OTHER,)), earlier_of(one)) == []
    assert changes(make_audit(one), replace(earlier_of(), is_bounded=True)) == []


def test_a_changed_policy_is_told_with_its_diff() -> None:
    """A destination that was added is a warning with a diff; one policy that is not known is none."""
    before, now = with_policy("10.4.0.0/17"), with_policy("10.4.0.0/17", "172.20.0.0/16")
    [drift] = add_drift(make_audit(now), against_plans={}, planned=(), earlier=earlier_of(before)).drift
    assert (drift.severity.value, drift.message) == ("warning", "its policy has changed")
    assert "+172.20.0.0/16" in drift.diff
    assert changes(make_audit(now), earlier_of(with_policy("172.20.0.0/16", "10.4.0.0/17"))) == []
    assert changes(make_audit(now), earlier_of(audit_one(describe()))) == []
    assert changes(make_audit(audit_one(describe())), earlier_of(before)) == []


def test_a_plan_is_compared_field_by_field() -> None:
    """A missing agent is an error; what an update can change is a warning, what the service sets a remark."""
    found = describe(agent=False, tags=["a"])
    plan = load_plan_from_mapping(
        {"environment": describe(tags=["b"]).as_rest() | {"satisfiesPzs": True, "labels": {"team": "data"}}}, source=""
    )
    assert [(each.severity.value, each.message) for each in compare_with_plan(plan, resource=found)] == [
        ("error", "lacks the agent that the plan has, and that can be enabled only at creation"),
        ("warning", "config.nodeConfig.tags: planned ['b'], found ['a'] (needs re-creation)"),
        ("warning", "labels.team: differs (can be updated)"),
        ("info", "satisfiesPzs: planned True, found None (set by the service)"),
    ]
    assert compare_with_plan(plan_of(), resource=describe()) == ()


def test_many_differences_are_counted() -> None:
    """A plan that has little to do with its environment is one page of drift, not a hundred."""
    labels = {f"label-{number}": "x" for number in range(25)}
    plan = load_plan_from_mapping({"environment": describe().as_rest() | {"labels": labels}}, source="")
    drift = compare_with_plan(plan, resource=describe())
    assert len(drift) == 21
    assert drift[-1].message == "5 more fields of it differ from the plan"


def test_a_planned_environment_that_does_not_exist_is_an_error() -> None:
    """It is said only of places that were asked."""
    name = EnvironmentName.parse(describe("planned").name or "")
    elsewhere = replace(name, location=OTHER)
    audit = make_audit(audit_one(describe()))
    [drift] = add_drift(audit, against_plans={}, planned=(name, elsewhere), earlier=None).drift
    assert (drift.environment, drift.severity.value) == (str(name), "error")
    assert drift.message == "the plan's environment does not exist"
    there = make_audit(audit_one(describe("planned")))
    assert add_drift(there, against_plans={}, planned=(name,), earlier=None).drift == ()


FIXED = LiveObject(name="gke-bbfa6c0e-1", destinations=("10.128.0.0/20", "10.4.0.0/17", "10.8.0.0/22"))


@pytest.mark.parametrize(
    ("policy", "live", "line"),
    [
        ("composer", ["10.4.0.0/17"], None),
        ("composer", ["10.4.0.0/18", "10.8.0.0/22"], None),
        ("composer", ["10.0.0.0/8"], "+10.0.0.0/8"),
        ("composer", ["nonsense"], "+nonsense"),
        ("none", ["10.0.0.0/8"], None),
        ({"agent_config": "nonMasqueradeCIDRs: []"}, ["10.0.0.0/8"], None),
        (
            {
                "egress_nat_policies": [
                    {
                        "apiVersion": "networking.gke.io/v1",
                        "kind": "EgressNATPolicy",
                        "metadata": {"name": "default"},
                        "spec": {"action": "NoSNAT", "destinations": [{"cidr": "172.20.0.0/16"}]},
                    }
                ]
            },
            ["10.4.0.0/17"],
            "-172.20.0.0/16",
        ),
    ],
)
def test_the_live_policy_is_compared_with_the_plans(policy: object, live: list[str], line: str | None) -> None:
    """What keeps the Pod's address is compared, beside the cluster's own ranges, which keep it in any case."""
    objects = (LiveObject(name="default", destinations=tuple(live)), FIXED)
    drift = compare_policy_with_plan(plan_of(policy=policy), live=LivePolicy(objects=objects))
    if line is None:
        assert drift == ()
    else:
        [found] = drift
        assert (found.environment.rpartition("/")[2], found.severity.value) == ("example", "warning")
        assert line in found.diff
