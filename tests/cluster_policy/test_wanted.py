"""What is wanted is read from a plan, a list or manifests, and what cannot be applied is refused with its place."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_masq.cluster_policy import want_destinations, want_manifests, want_plan_policy
from airflow_masq.exceptions import InexpressibleError, InvalidInputError
from airflow_masq.network.live_policy import make_manifest
from airflow_masq.plan import Plan, load_plan_from_mapping

NETWORK = {
    "node_ranges": ["10.128.0.0/20"],
    "pod_ranges": ["192.168.0.0/16"],
    "service_ranges": ["10.96.0.0/20"],
}


def plan(policy: object, **network: object) -> Plan:
    """Make a plan with a policy."""
    return load_plan_from_mapping({"network": NETWORK | network, "policy": policy}, source="plan")


def listed(*cidrs: str, name: str = "default") -> tuple[dict[str, Any], ...]:
    """Give the one manifest that is to come out."""
    return (make_manifest(name, cidrs=cidrs),)


def test_composers_policy_gets_the_clusters_ranges() -> None:
    """The plan's word becomes the object ``default``, with the cluster's node and Service ranges besides."""
    assert want_plan_policy(plan("composer")).manifests == listed("192.168.0.0/16", "10.128.0.0/20", "10.96.0.0/20")


def test_a_plans_own_manifests_are_wanted_as_they_are() -> None:
    """A plan's own objects are wanted under their own names, and nothing is added to them."""
    own = [make_manifest("default", cidrs=["10.0.0.0/8"]), make_manifest("extra", cidrs=["172.20.0.0/16"])]
    wanted = want_plan_policy(plan({"egress_nat_policies": own}))
    assert list(wanted.manifests) == own
    assert [each.name for each in wanted.policy.objects] == ["default", "extra"]


@pytest.mark.parametrize(
    "policy", ["none", {"agent_config": "nonMasqueradeCIDRs: [10.128.0.0/20, 192.168.0.0/16]\nmasqLinkLocal: true"}]
)
def test_a_policy_that_is_no_list_is_refused(policy: object) -> None:
    """A plan whose policy no object can express is refused."""
    with pytest.raises(InexpressibleError, match="egress-nat-policy"):
        want_plan_policy(plan(policy))


@pytest.mark.parametrize(
    "value",
    [
        ["10.128.0.0/20", "192.168.0.0/16"],
        "10.128.0.0/20, 192.168.0.0/16",
        " 10.128.0.0/20\n192.168.0.0/16 ",
        '["10.128.0.0/20", "192.168.0.0/16"]',
        "- 10.128.0.0/20\n- 192.168.0.0/16\n",
    ],
)
def test_a_list_may_come_from_a_template(value: object) -> None:
    """A list, a text with commas or blanks, and a JSON or YAML list mean the same."""
    assert want_destinations(value).manifests == listed("10.128.0.0/20", "192.168.0.0/16")
    assert want_destinations(value, name="extra").manifests == listed("10.128.0.0/20", "192.168.0.0/16", name="extra")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (["10.128.0.1/20"], r"destinations\[0\]: expected a CIDR aligned to its prefix, here 10.128.0.0/20"),
        (["10.0.0.0/8", "fd00::/8"], r"destinations\[1\].cidr: expected an IPv4 CIDR"),
        (["10.0.0.0"], r"destinations\[0\]: expected a CIDR"),
        ([{"cidr": "10.0.0.0/8"}], r"destinations\[0\]: expected a CIDR"),
        (5, "destinations: expected a list"),
        ("[10.0.0.0/8", "destinations: expected a list of CIDRs"),
        ("[\x1b[31m", r"destinations: expected a list of CIDRs, saw '\[\\x1b\[31m'"),
        ("", r"destinations\[0\]: expected a CIDR"),
        (["10.0.0.0/8"] * 2001, "at most 2000 items"),
    ],
)
def test_a_list_with_a_mistake_is_refused(value: object, message: str) -> None:
    """A range that is no CIDR, or not aligned, is refused with its place."""
    with pytest.raises(InvalidInputError, match=message):
        want_destinations(value)


def test_an_empty_list_is_a_list() -> None:
    """An empty list can be wanted; whether it may be applied is judged later."""
    assert want_destinations([]).manifests == listed()


def test_manifests_may_be_text_a_mapping_or_a_list() -> None:
    """YAML documents, what kubectl prints, a mapping and a list are read; all but name and list is dropped."""
    manifest = make_manifest("default", cidrs=["10.0.0.0/8"])
    printed = {**manifest, "metadata": {"name": "default", "uid": "x", "managedFields": []}, "status": {}}
    for value in (manifest, [manifest], printed, {"kind": "List", "apiVersion": "v1", "items": [printed]}):
        assert want_manifests(value).manifests == (manifest,)
    text = "\n---\n".join(
        f"apiVersion: networking.gke.io/v1\nkind: EgressNATPolicy\nmetadata: {{name: {name}}}\n"
        "spec: {action: NoSNAT, destinations: [{cidr: 10.0.0.0/8}]}"
        for name in ("default", "extra")
    )
    assert [each["metadata"]["name"] for each in want_manifests(text).manifests] == ["default", "extra"]


def change(**fields: object) -> dict[str, Any]:
    """Change a right manifest."""
    return make_manifest("default", cidrs=["10.0.0.0/8"]) | fields


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (change(spec={"action": "SNAT", "destinations": []}), "manifest.spec.action: expected NoSNAT, the only action"),
        (change(spec={"action": "NoSNAT", "destinations": ["10.0.0.0/8"]}), r"destinations\[0\]: .* not a bare value"),
        (change(spec={"action": "NoSNAT", "destinations": [], "podSelector": {}}), "manifest.spec.podSelector"),
        (change(metadata={"name": "gke-bbfa6c0e-1"}), "metadata.name: expected the name of an object that can be"),
        ([change(), change()], r"manifest\[1\].metadata.name: expected another name for each"),
        ([change(), change(kind="ConfigMap", apiVersion="v1")], r"manifest\[1\].apiVersion"),
        ("hello", "manifest: expected a manifest of kind EgressNATPolicy"),
        ([], "manifest: expected a manifest of kind EgressNATPolicy"),
        (None, "manifest: expected a manifest of kind EgressNATPolicy"),
    ],
)
def test_a_manifest_with_a_mistake_is_refused(value: object, message: str) -> None:
    """Bare strings, another action, unknown keys and GKE's own object are refused before anything is asked."""
    with pytest.raises(InvalidInputError, match=message):
        want_manifests(value)
