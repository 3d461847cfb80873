"""What follows from a plan: policies with and without the agent, the room, and what would have workers masqueraded."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_masq.network.policy import make_composer_policy, make_gke_default_policy
from airflow_masq.plan import load_plan_from_mapping

NETWORK = {"node_ranges": ["10.128.0.0/20"], "pod_ranges": ["192.168.0.0/16"]}
WITH_AGENT = {"config": {"nodeConfig": {"enableIpMasqAgent": True}}}
WITHOUT_AGENT = {"config": {"nodeConfig": {"enableIpMasqAgent": False}}}
MANIFEST: dict[str, Any] = {
    "apiVersion": "networking.gke.io/v1",
    "kind": "EgressNATPolicy",
    "metadata": {"name": "default"},
    "spec": {"action": "NoSNAT", "destinations": [{"cidr": "10.0.0.0/8"}]},
}


@pytest.mark.parametrize(
    ("plan", "step"),
    [
        ({"environment": WITHOUT_AGENT}, "create the environment with enableIpMasqAgent: true"),
        ({"environment": WITHOUT_AGENT, "policy": "none"}, "create the environment with enableIpMasqAgent: true"),
        ({}, "list only these, in the EgressNATPolicy default (Autopilot) or the agent's config (Standard)"),
        ({"environment": WITH_AGENT, "policy": "gke-default"}, "remove policy from the plan"),
        ({"policy": {"agent_config": "nonMasqueradeCIDRs: [0.0.0.0/0]"}}, "correct the list under policy"),
        ({"environment": WITH_AGENT, "policy": {"egress_nat_policies": [MANIFEST]}}, "correct the list under policy"),
    ],
)
def test_the_way_out_leads_to_what_the_agent_does(plan: dict[str, Any], step: str) -> None:
    """The remedy names the obstacle, and the policy afterwards is the agent's."""
    read = load_plan_from_mapping({"network": NETWORK, **plan}, source="plan")
    remedy = read.find_remedy()
    assert (remedy.step, remedy.policy) == (step, read.policy_with_agent)


def test_a_missing_agent_brings_about_its_own_config() -> None:
    """Running the DaemonSet puts the plan's config in force, not a better one."""
    policy = {"agent_config": "nonMasqueradeCIDRs: [0.0.0.0/0]", "daemon_set": False}
    remedy = load_plan_from_mapping({"network": NETWORK, "policy": policy}, source="plan").find_remedy()
    (chain,) = remedy.policy.chains
    assert [str(exemption.cidr) for exemption in chain.exemptions] == ["0.0.0.0/0"]
    assert remedy.step == "deploy its DaemonSet"


def test_beside_googles_own_object_only_another_default_helps() -> None:
    """GKE's object exempts more than the plan's; Composer's does not, and there the plan's own list is at fault."""
    named = {**MANIFEST, "metadata": {"name": "mine"}}
    for environment, step in (({}, "replace GKE's"), (WITH_AGENT, "correct the list under policy")):
        plan = {"network": NETWORK, "policy": {"egress_nat_policies": [named]}}
        read = load_plan_from_mapping({**plan, **({"environment": environment} if environment else {})}, source="plan")
        remedy = read.find_remedy()
        assert step in remedy.step
        assert remedy.policy == read.policy_with_agent


@pytest.mark.parametrize(
    ("image", "autopilot"), [("composer-1.20.12-airflow-1.10.15", False), ("composer-2.17.9-airflow-2.11.1", True)]
)
def test_the_policies_with_and_without_the_agent(image: str, *, autopilot: bool) -> None:
    """A plan with any policy gives the other two for its own ranges and its own kind of cluster."""
    environment = {"config": {"softwareConfig": {"imageVersion": image}}}
    plan = load_plan_from_mapping({"environment": environment, "network": NETWORK, "policy": "none"}, source="plan")
    assert plan.policy_with_agent == make_composer_policy(plan.ranges, autopilot=autopilot)
    assert plan.policy_without_agent == make_gke_default_policy(plan.ranges, autopilot=autopilot)


@pytest.mark.parametrize(("field", "nodes"), [("/22", 16), ("192.168.0.0/23", 8), ("nonsense", None), (None, None)])
def test_the_room_of_a_bare_size(field: str | None, nodes: int | None) -> None:
    """A plan without Pod ranges has the room of the size that its environment asks for, and ranges count before it."""
    node_config = {"ipAllocationPolicy": {"clusterIpv4CidrBlock": field}}
    plan = load_plan_from_mapping({"environment": {"config": {"nodeConfig": node_config}}}, source="plan")
    assert plan.capacity.nodes_by_pod_range == nodes
    stated = {"environment": {"config": {"nodeConfig": node_config}}, "network": {"pod_ranges": ["10.4.0.0/24"]}}
    assert load_plan_from_mapping(stated, source="plan").capacity.nodes_by_pod_range == 4


@pytest.mark.parametrize(("subnetwork", "addresses"), [("other", 1), ("nodes", 0), ("", 0), (None, 0)])
def test_an_endpoint_takes_an_address_of_its_own_subnetwork(subnetwork: str | None, addresses: int) -> None:
    """Private Service Connect's endpoint is counted, unless it takes an address of the nodes' subnetwork."""
    private = {"cloudComposerConnectionSubnetwork": subnetwork}
    config = {"nodeConfig": {"subnetwork": "nodes"}, "privateEnvironmentConfig": private}
    plan = load_plan_from_mapping({"environment": {"config": config}}, source="plan")
    assert plan.capacity.endpoint_addresses == addresses
