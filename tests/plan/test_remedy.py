"""What would have a plan's workers masqueraded."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_masq.plan import plan_from_mapping, policy_with_agent, remedy_of

NETWORK = {"node_ranges": ["10.128.0.0/20"], "pod_ranges": ["192.168.0.0/16"]}
WITH_AGENT = {"config": {"nodeConfig": {"enableIpMasqAgent": True}}}
MANIFEST: dict[str, Any] = {
    "apiVersion": "networking.gke.io/v1",
    "kind": "EgressNATPolicy",
    "metadata": {"name": "default"},
    "spec": {"action": "NoSNAT", "destinations": [{"cidr": "10.0.0.0/8"}]},
}


@pytest.mark.parametrize(
    ("plan", "step"),
    [
        ({}, "create the environment with enableIpMasqAgent: true"),
        ({"policy": "none"}, "create the environment with enableIpMasqAgent: true"),
        ({"environment": WITH_AGENT, "policy": "gke-default"}, "leave policy out of the plan"),
        ({"policy": {"agent_config": "nonMasqueradeCIDRs: [0.0.0.0/0]"}}, "correct the list under policy"),
        ({"environment": WITH_AGENT, "policy": {"egress_nat_policies": [MANIFEST]}}, "correct the list under policy"),
    ],
)
def test_the_way_out_leads_to_what_the_agent_does(plan: dict[str, Any], step: str) -> None:
    """Whatever stands in the way is named, and the policy afterwards is the agent's."""
    read = plan_from_mapping({"network": NETWORK, **plan}, source="plan")
    remedy = remedy_of(read)
    assert (remedy.step, remedy.policy) == (step, policy_with_agent(read))


def test_a_missing_agent_brings_about_its_own_config() -> None:
    """Running the DaemonSet puts the plan's config in force, not one that somebody wishes for."""
    policy = {"agent_config": "nonMasqueradeCIDRs: [0.0.0.0/0]", "daemon_set": False}
    remedy = remedy_of(plan_from_mapping({"network": NETWORK, "policy": policy}, source="plan"))
    (chain,) = remedy.policy.chains
    assert [str(exemption.cidr) for exemption in chain.exemptions] == ["0.0.0.0/0"]
    assert remedy.step == "deploy its DaemonSet"


def test_beside_googles_own_object_only_another_default_helps() -> None:
    """GKE's object exempts more than the plan's; Composer's does not, and there the plan's own list is at fault."""
    named = {**MANIFEST, "metadata": {"name": "mine"}}
    for environment, step in (({}, "in place of GKE's"), (WITH_AGENT, "correct the list under policy")):
        plan = {"network": NETWORK, "policy": {"egress_nat_policies": [named]}}
        read = plan_from_mapping({**plan, **({"environment": environment} if environment else {})}, source="plan")
        remedy = remedy_of(read)
        assert step in remedy.step
        assert remedy.policy == policy_with_agent(read)
