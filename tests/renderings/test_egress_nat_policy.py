"""The policy as an ``EgressNATPolicy`` keeps the same destinations, and never fewer than the cluster's own ranges."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from airflow_masq.exceptions import InexpressibleError
from airflow_masq.network.egress_nat_policy import read_egress_nat_policy
from airflow_masq.network.policy import Chain, MasqueradePolicy
from airflow_masq.plan import plan_from_mapping
from airflow_masq.renderings import RENDERINGS

NETWORK = {
    "node_ranges": ["10.128.0.0/20"],
    "pod_ranges": ["192.168.0.0/16"],
    "service_ranges": ["10.96.0.0/20"],
}
OWN = ["192.168.0.0/16", "10.128.0.0/20", "10.96.0.0/20"]

render = RENDERINGS["egress-nat-policy"]


def manifest(plan: dict[str, Any]) -> dict[str, Any]:
    """Write a plan and read the YAML."""
    document = yaml.safe_load(render(plan_from_mapping({"network": NETWORK} | plan, source="plan")))
    assert isinstance(document, dict)
    return document


def policy_object(name: str, *cidrs: object) -> dict[str, Any]:
    """Make a manifest for a plan."""
    return {
        "apiVersion": "networking.gke.io/v1",
        "kind": "EgressNATPolicy",
        "metadata": {"name": name},
        "spec": {"action": "NoSNAT", "destinations": [{"cidr": cidr} for cidr in cidrs]},
    }


def test_composers_policy() -> None:
    """Composer's policy names the Pods, and Google's caution the nodes; Services are never masqueraded either."""
    assert manifest({"policy": "composer"}) == policy_object("default", *OWN)


def test_gkes_default_list() -> None:
    """GKE's default list is written out, with those of the cluster's ranges after it that it does not cover."""
    public_pods = {"policy": "gke-default", "network": NETWORK | {"pod_ranges": ["8.0.0.0/16"]}}
    destinations = [item["cidr"] for item in manifest(public_pods)["spec"]["destinations"]]
    assert destinations[:3] == ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
    assert destinations[-2:] == ["240.0.0.0/4", "8.0.0.0/16"]


def test_objects_of_ones_own() -> None:
    """Several objects become the one that replaces GKE's; where none was called default, its list stays in force."""
    replaced = manifest({"policy": {"egress_nat_policies": [policy_object("default", "172.20.0.0/16")]}})
    assert replaced["spec"]["destinations"][0] == {"cidr": "172.20.0.0/16"}
    assert "10.0.0.0/8" not in str(replaced)
    beside = manifest({"policy": {"egress_nat_policies": [policy_object("other", "8.8.8.0/24")]}})
    assert "8.8.8.0/24" in str(beside)
    assert "10.0.0.0/8" in str(beside)


def test_what_is_written_can_be_read() -> None:
    """The manifest is one that this package's own reader accepts."""
    assert [str(cidr) for cidr in read_egress_nat_policy(manifest({"policy": "composer"})).destinations] == OWN


@pytest.mark.parametrize("form", ["egress-nat-policy", "agent-config"])
@pytest.mark.parametrize(("name", "ipv4"), [("pod_ranges", "192.168.0.0/16"), ("node_ranges", "10.128.0.0/20")])
def test_ipv6_ranges_are_not_dropped_silently(form: str, name: str, ipv4: str) -> None:
    """Neither object surely takes IPv6, so a dual-stack plan gets an error instead of a list without it."""
    network = NETWORK | {name: [ipv4, "fd00::/96"]}
    with pytest.raises(InexpressibleError, match=r"fd00::/96 is IPv6; .*--enable-ipv6") as caught:
        RENDERINGS[form](plan_from_mapping({"policy": "composer", "network": network}, source="plan"))
    assert (caught.value.form, caught.value.where) == (form, f"network.{name}")


@pytest.mark.parametrize("form", ["egress-nat-policy", "agent-config"])
@pytest.mark.parametrize(
    ("plan", "where", "reason"),
    [
        ({"policy": "none"}, "policy", "masquerades nothing"),
        ({"network": {"pod_ranges": ["192.168.0.0/16"]}}, "network.node_ranges", "intranode visibility"),
        ({"network": {"node_ranges": ["10.128.0.0/20"]}}, "network.pod_ranges", "intranode visibility"),
        (
            {
                "network": {"node_ranges": ["10.128.0.0/20"]},
                "environment": {
                    "config": {"nodeConfig": {"ipAllocationPolicy": {"clusterSecondaryRangeName": "pods"}}},
                },
            },
            "environment.config.nodeConfig.ipAllocationPolicy.clusterSecondaryRangeName",
            "name them under network",
        ),
        (
            {"policy": {"egress_nat_policies": [policy_object("default") | {"kind": "Other"}]}},
            "policy.egress_nat_policies[0].kind",
            "expected EgressNATPolicy, saw 'Other'",
        ),
    ],
)
def test_what_the_list_cannot_say(form: str, plan: dict[str, Any], where: str, reason: str) -> None:
    """Where the list would be empty, too short or made up, there is an error that names the place instead."""
    with pytest.raises(InexpressibleError, match=reason) as caught:
        RENDERINGS[form](plan_from_mapping({"network": NETWORK} | plan, source="plan"))
    assert (caught.value.form, caught.value.where) == (form, where)


@pytest.mark.parametrize("form", ["egress-nat-policy", "agent-config"])
@pytest.mark.parametrize(
    ("chains", "reason"),
    [
        ((Chain(name="a", exemptions=()), Chain(name="b", exemptions=())), "several agents"),
        ((Chain(name="a", exemptions=(), ipv6=True),), "--enable-ipv6"),
    ],
)
def test_policies_that_are_no_list(form: str, chains: tuple[Chain, ...], reason: str) -> None:
    """Two agents, or one that masquerades IPv6, are more than a list of exceptions."""
    plan = plan_from_mapping({"network": NETWORK}, source="plan")
    with pytest.raises(InexpressibleError, match=reason):
        RENDERINGS[form](replace(plan, policy=MasqueradePolicy(name="own", chains=chains)))


def test_masquerading_link_local() -> None:
    """Only the agent's own config can say that link-local destinations are masqueraded."""
    plan = plan_from_mapping({"network": NETWORK}, source="plan")
    chains = (Chain(name="a", exemptions=(), masquerades_link_local=True),)
    with pytest.raises(InexpressibleError, match="masqLinkLocal"):
        render(replace(plan, policy=MasqueradePolicy(name="own", chains=chains)))


@pytest.mark.parametrize(
    ("plan", "where"),
    [
        ({"policy": {"egress_nat_policies": [policy_object("default", "fd00::/8")]}}, "policy"),
        ({"policy": "composer", "network": NETWORK | {"service_ranges": ["fd00:1::/108"]}}, "network.service_ranges"),
    ],
)
def test_ipv6_entries_are_not_dropped_silently(plan: dict[str, Any], where: str) -> None:
    """Neither an entry of the plan's own list nor a Service range vanishes from the object."""
    with pytest.raises(InexpressibleError, match="is IPv6") as caught:
        render(plan_from_mapping({"network": NETWORK} | plan, source="plan"))
    assert caught.value.where == where


@pytest.mark.parametrize(
    ("form", "image", "words"),
    [
        ("egress-nat-policy", "composer-3-airflow-2.10.5-build.3", "Composer 3 keeps its nodes and Pods out of your"),
        ("agent-config", "composer-3-airflow-2.10.5-build.3", "Composer 3 keeps its nodes and Pods out of your"),
        ("egress-nat-policy", "composer-1.20.12-airflow-1.10.15", "Composer 1 runs on a Standard cluster"),
        ("agent-config", "composer-1.20.12-airflow-1.10.15", None),
        ("egress-nat-policy", "composer-2.14.1-airflow-2.10.5", None),
    ],
)
def test_what_no_cluster_of_the_environment_reads_is_not_written(form: str, image: str, words: str | None) -> None:
    """A form for another kind of cluster than the environment's is an error that names the image."""
    environment = {"config": {"softwareConfig": {"imageVersion": image}}}
    plan = plan_from_mapping({"network": NETWORK, "environment": environment}, source="plan")
    if words is None:
        assert "192.168.0.0/16" in RENDERINGS[form](plan)
        return
    with pytest.raises(InexpressibleError, match=words) as caught:
        RENDERINGS[form](plan)
    assert caught.value.where == "environment.config.softwareConfig.imageVersion"
