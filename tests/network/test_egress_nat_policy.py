"""EgressNATPolicy objects mean what the cluster does with them, and a flawed one says where."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from netaddr import IPAddress, IPNetwork

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.egress_nat_policy import (
    EgressNatPolicy,
    check_egress_nat_policy,
    combine_egress_nat_policies,
    find_unknown_keys,
    read_egress_nat_policy,
)
from airflow_masq.network.policy import Decision, MasqueradePolicy, Reason, decide
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import NetworkRanges

if TYPE_CHECKING:
    from collections.abc import Callable

POD = IPAddress("192.168.0.2")
RANGES = NetworkRanges(
    node=(IPNetwork("10.128.0.0/20"),), pod=(IPNetwork("192.168.0.0/16"),), service=(IPNetwork("10.96.0.0/20"),)
)


def manifest(*cidrs: str, name: str = "default") -> dict[str, Any]:
    """Give an object as ``kubectl get`` prints it."""
    return {
        "apiVersion": "networking.gke.io/v1",
        "kind": "EgressNATPolicy",
        "metadata": {"name": name, "annotations": {"components.gke.io/layer": "addon"}},
        "spec": {"action": "NoSNAT", "destinations": [{"cidr": cidr} for cidr in cidrs]},
    }


def _decide(policy: MasqueradePolicy, destination: str) -> Decision:
    return decide(policy, pod=POD, destination=IPAddress(destination))


def test_an_object_is_read() -> None:
    """A manifest gives its name and its destinations in order; what else it says is let pass."""
    assert read_egress_nat_policy(manifest("192.168.0.0/16", "10.128.0.0/20")) == EgressNatPolicy(
        name="default", destinations=(IPNetwork("192.168.0.0/16"), IPNetwork("10.128.0.0/20"))
    )


def test_an_edited_default_takes_the_place_of_gkes() -> None:
    """What ``default`` names sees the Pod; what only GKE's list named sees the node."""
    policy = combine_egress_nat_policies([manifest("172.20.0.0/16")], ranges=RANGES)
    spared = _decide(policy, "172.20.0.10")
    assert (spared.masqueraded, spared.origin) == (False, "EgressNATPolicy default")
    assert spared.reason is Reason.DESTINATION_IP_IN_CONFIGURED_NON_MASQUERADE_RANGE
    assert _decide(policy, "10.200.0.20").masqueraded
    assert policy.provenance is Provenance.DOCUMENTED


@pytest.mark.parametrize("destination", ["10.128.0.9", "192.168.77.1", "10.96.0.1"])
def test_gkes_fixed_policy_holds_beside_every_list(destination: str) -> None:
    """Nodes, Pods and Services see the Pod even where ``default`` was emptied, and only they do."""
    policy = combine_egress_nat_policies([manifest()], ranges=RANGES)
    assert _decide(policy, destination).origin == "GKE's fixed policy"
    assert not _decide(policy, destination).masqueraded
    assert _decide(policy, "10.129.0.9").masqueraded


def test_an_object_of_another_name_leaves_gkes_default_in_force() -> None:
    """Who creates an object beside ``default`` keeps the default's exceptions, and the rest is masqueraded."""
    policy = combine_egress_nat_policies([manifest("8.8.0.0/16", name="partners")], ranges=RANGES)
    assert _decide(policy, "8.8.8.8").origin == "EgressNATPolicy partners"
    assert _decide(policy, "10.200.0.20").origin == "GKE's default list"
    assert _decide(policy, "9.9.9.9").masqueraded
    assert policy.provenance is Provenance.INFERRED


def test_without_any_object_gkes_default_is_in_force() -> None:
    """An empty list of objects means that the default policy is unchanged."""
    policy = combine_egress_nat_policies([], ranges=RANGES)
    assert not _decide(policy, "10.200.0.20").masqueraded
    assert _decide(policy, "9.9.9.9").masqueraded


def test_several_objects_add_up() -> None:
    """A destination that any object names sees the Pod."""
    fixed = manifest("10.128.0.0/20", name="gke-6fb8c6d0-1")
    policy = combine_egress_nat_policies(
        [manifest("172.20.0.0/16"), manifest("8.8.0.0/16", name="partners"), fixed], ranges=RANGES
    )
    assert [_decide(policy, to).masqueraded for to in ("172.20.0.1", "8.8.8.8", "10.128.0.1", "10.200.0.1")] == [
        False,
        False,
        False,
        True,
    ]
    assert policy.provenance is Provenance.INFERRED


def test_a_later_object_of_the_same_name_replaces_the_earlier() -> None:
    """Of two objects with one name only the last one counts; of two names both do."""
    policy = combine_egress_nat_policies([manifest("172.20.0.0/16"), manifest("8.8.0.0/16")], ranges=RANGES)
    assert _decide(policy, "172.20.0.1").masqueraded
    assert not _decide(policy, "8.8.8.8").masqueraded
    assert policy.provenance is Provenance.DOCUMENTED
    both = combine_egress_nat_policies(
        [manifest("172.20.0.0/16"), manifest("8.8.0.0/16", name="partners")], ranges=RANGES
    )
    assert not _decide(both, "172.20.0.1").masqueraded


def _without(section: str, key: str) -> Callable[[dict[str, Any]], object]:
    return lambda content: content[section].pop(key)


def _with(value: object) -> Callable[[dict[str, Any]], object]:
    return lambda content: content["spec"].update(destinations=value)


@pytest.mark.parametrize(
    ("change", "where", "message"),
    [
        (
            lambda content: content.update(apiVersion="networking.gke.io/v1alpha1"),
            "apiVersion",
            "expected networking.gke.io/v1, saw 'networking.gke.io/v1alpha1'",
        ),
        (
            lambda content: content.update(kind="EgressNatPolicy"),
            "kind",
            "expected EgressNATPolicy, saw 'EgressNatPolicy'",
        ),
        (
            _without("metadata", "name"),
            "metadata.name",
            "expected a name of lower-case letters, digits, '-' and '.', saw nothing",
        ),
        (
            lambda content: content.update(metadata="default"),
            "metadata.name",
            "expected a name of lower-case letters, digits, '-' and '.', saw nothing",
        ),
        (
            lambda content: content["metadata"].update(name="Default"),
            "metadata.name",
            "expected a name of lower-case letters, digits, '-' and '.', saw 'Default'",
        ),
        (
            lambda content: content["spec"].update(action="SNAT"),
            "spec.action",
            "expected NoSNAT, the only action, saw 'SNAT'",
        ),
        (
            _without("spec", "destinations"),
            "spec.destinations",
            "expected a list of objects with a cidr, saw nothing",
        ),
        (
            _with({"cidr": "10.0.0.0/8"}),
            "spec.destinations",
            "expected a list of objects with a cidr, saw a mapping",
        ),
        (
            _with(["10.0.0.0/8"]),
            "spec.destinations[0]",
            "expected an object such as {cidr: 10.0.0.0/8}, not a bare value, saw '10.0.0.0/8'",
        ),
        (
            _with([{"cidr": "10.0.0.0/8"}, {"cidrs": "10.0.0.0/8"}]),
            "spec.destinations[1].cidr",
            "expected a CIDR such as 10.0.0.0/8, saw nothing",
        ),
        (
            _with([{"cidr": 10}]),
            "spec.destinations[0].cidr",
            "expected a CIDR such as 10.0.0.0/8, saw 10",
        ),
        (
            _with([{"cidr": "10.0.0.1/8"}]),
            "spec.destinations[0].cidr",
            "expected a CIDR aligned to its prefix, here 10.0.0.0/8, saw '10.0.0.1/8'",
        ),
    ],
)
def test_a_flawed_object_names_the_place(change: Callable[[dict[str, Any]], object], where: str, message: str) -> None:
    """Each flaw is found once, with its place and what belongs there, and the object is refused with the same words."""
    flawed = copy.deepcopy(manifest("192.168.0.0/16"))
    change(flawed)
    (problem,) = check_egress_nat_policy(flawed)
    assert (problem.where, problem.message) == (where, message)
    with pytest.raises(InvalidInputError) as refused:
        combine_egress_nat_policies([flawed], ranges=RANGES)
    assert str(refused.value) == f"{where}: {message}"


def test_all_flaws_are_found_at_once() -> None:
    """All problems of a manifest are reported at once."""
    found = check_egress_nat_policy({"spec": {"action": "SNAT", "destinations": ["10.0.0.0/8", {}]}})
    assert [problem.where for problem in found] == [
        "apiVersion",
        "kind",
        "metadata.name",
        "spec.action",
        "spec.destinations[0]",
        "spec.destinations[1].cidr",
    ]


def test_another_kind_has_no_other_flaw() -> None:
    """Of another product's object nothing is expected, so nothing else of it is named."""
    other = {"apiVersion": "cilium.io/v2alpha1", "kind": "CiliumEgressNATPolicy", "spec": {"egressSourceIP": "1.1.1.1"}}
    assert [problem.where for problem in check_egress_nat_policy(other)] == ["apiVersion", "kind"]
    assert find_unknown_keys(other) == ()


@pytest.mark.parametrize("name", ["a", "gke-6fb8c6d0-1", "a.b-c.d1", "x" * 253])
def test_kubernetes_names_are_accepted(name: str) -> None:
    """Every name that Kubernetes accepts is valid."""
    assert not check_egress_nat_policy(manifest(name=name))


@pytest.mark.parametrize("name", ["", "-a", "a-", "a..b", "A", "a_b", "a\n", "x" * 254])
def test_other_names_are_refused(name: str) -> None:
    """A name that Kubernetes refuses is not valid."""
    assert [problem.where for problem in check_egress_nat_policy(manifest(name=name))] == ["metadata.name"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80) | st.just("10.0.0.0/8"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["cidr", "action", "destinations", "name", "é"]), inner, max_size=3)
    ),
    max_leaves=8,
)
MANIFESTS = ANYTHING | st.fixed_dictionaries(
    {}, optional={"apiVersion": ANYTHING, "kind": ANYTHING, "metadata": ANYTHING, "spec": ANYTHING}
)


@given(MANIFESTS)
def test_every_value_is_read_or_has_problems(content: Any) -> None:  # noqa: ANN401 - any value that YAML can hold
    """No manifest at all crashes the check, and every complaint is one printable line."""
    problems = check_egress_nat_policy(content)
    assert problems  # nothing of the above says what API, kind and action must be
    assert all(f"{problem.where}: {problem.message}".isprintable() for problem in problems)


@given(st.lists(st.ip_addresses(v=4).map(lambda address: f"{address}/32"), max_size=5))
def test_a_whole_object_is_always_read(cidrs: list[str]) -> None:
    """Any list of aligned CIDRs is an object, in its order."""
    assert [str(cidr) for cidr in read_egress_nat_policy(manifest(*cidrs)).destinations] == cidrs


def test_an_unknown_key_is_shown_short_and_escaped() -> None:
    """A key of any text is named in one short line."""
    unknown = manifest("10.200.0.0/16")
    unknown["spec"]["\n" * 100] = {}
    [problem] = find_unknown_keys(unknown)
    assert problem.where == "spec." + r"\n" * 29 + "…"


def test_keys_that_gke_does_not_have_are_found_apart() -> None:
    """A selector of another product is no mistake that makes the object unreadable, and it is named."""
    unknown = manifest("10.200.0.0/16")
    unknown["spec"]["podSelector"] = {}
    unknown["spec"]["destinations"][0]["port"] = 443
    assert check_egress_nat_policy(unknown) == ()
    assert [problem.where for problem in find_unknown_keys(unknown)] == [
        "spec.podSelector",
        "spec.destinations[0].port",
    ]
    assert find_unknown_keys(manifest("10.200.0.0/16")) == ()
    assert find_unknown_keys("no object") == find_unknown_keys({"spec": {"destinations": "all"}}) == ()
