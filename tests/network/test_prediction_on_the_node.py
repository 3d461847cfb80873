"""What a node does to a packet before it leaves: host network, own node, Services, link-local."""

from __future__ import annotations

from dataclasses import replace

import pytest
from netaddr import IPNetwork

from airflow_masq.network.firewall import FirewallAnswer
from airflow_masq.network.policy import (
    Chain,
    MasqueradePolicy,
    Reason,
    make_composer_policy,
    make_exemptions,
    make_gke_default_policy,
    make_no_policy,
)
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import AddressKind
from tests.network.predicting import EVERYTHING, ON_PREMISES, POD, PUBLIC, RANGES, VMS, predicted


def test_a_pod_on_the_host_network_has_its_nodes_address() -> None:
    """A Pod on the host network shows its node's address without masquerading, also to Cloud NAT."""
    to_private = predicted(make_composer_policy(RANGES), ON_PREMISES, VMS, pod="10.128.0.10")
    assert (to_private.source_kind, to_private.masqueraded) == (AddressKind.NODE, False)
    assert to_private.reason is Reason.POD_USES_NODE_NETWORK_NAMESPACE
    assert (to_private.sources, to_private.provenance) == ((IPNetwork("10.128.0.10/32"),), Provenance.DOCUMENTED)
    assert predicted(make_composer_policy(RANGES), PUBLIC, pod="10.128.0.10").source_kind is AddressKind.NAT


@pytest.mark.parametrize(("pod", "node"), [("10.128.0.10", None), (POD, "10.128.0.10"), ("10.128.0.10", "10.128.0.10")])
def test_the_host_network_can_be_stated(pod: str, node: str | None) -> None:
    """A Pod said to be on the host network has its node's address, and another Pod there has its own."""
    prediction = predicted(make_gke_default_policy(RANGES), ON_PREMISES, pod=pod, node=node, host_network=True)
    assert prediction.reason is Reason.POD_USES_NODE_NETWORK_NAMESPACE
    assert prediction.sources == (IPNetwork("10.128.0.10/32"),)
    assert prediction.path[0] == f"Pod {pod} on the host network sends to 172.20.0.10"
    if pod == POD:
        assert predicted(make_gke_default_policy(RANGES), ON_PREMISES, pod=pod, node=node).arrives_as is AddressKind.POD


def test_the_host_network_of_an_unknown_node_is_somewhere_in_the_node_range() -> None:
    """Where the node's address is not known, the source is one of the node range."""
    prediction = predicted(make_gke_default_policy(RANGES), ON_PREMISES, VMS, host_network=True)
    assert (prediction.sources, prediction.firewall) == (RANGES.node, FirewallAnswer.ALL)


def test_a_known_node_is_the_only_source() -> None:
    """Where the Pod's node is known, a masqueraded packet has that address, so that a narrow firewall can be told."""
    one = IPNetwork("10.128.0.10/32")
    known = predicted(make_composer_policy(RANGES), ON_PREMISES, one, node="10.128.0.10")
    assert (known.sources, known.firewall) == ((one,), FirewallAnswer.ALL)
    assert known.path[1] == "the node: policy composer masquerades, the source becomes the node's address 10.128.0.10"
    other = predicted(make_composer_policy(RANGES), ON_PREMISES, one, node="10.128.0.11")
    assert other.firewall is FirewallAnswer.NONE
    assert predicted(make_composer_policy(RANGES), ON_PREMISES, one).firewall is FirewallAnswer.SOME
    assert predicted(make_composer_policy(RANGES), "192.168.9.9", node="10.128.0.10").sources == (IPNetwork(POD),)


def test_a_destination_on_the_same_node_sees_the_pod() -> None:
    """Two Pods in one node block talk without masquerading, even where a policy would masquerade between nodes."""
    same_node = predicted(EVERYTHING, "192.168.0.63")
    assert same_node.reason is Reason.DESTINATION_ON_SAME_NODE
    assert same_node.matched_cidr == IPNetwork("192.168.0.0/26")
    assert same_node.path[1:] == (
        (
            "the node: not masqueraded (DESTINATION_ON_SAME_NODE, by 192.168.0.0/26 of the Pod's own node); "
            "the agent's rules alone would masquerade it (not verified on a real node)"
        ),
        "the node: the packet goes to the same node (with intranode visibility, through the VPC)",
    )
    assert same_node.provenance is Provenance.INFERRED
    exempt = predicted(make_composer_policy(RANGES), "192.168.0.63")
    assert exempt.reason is Reason.DESTINATION_ON_SAME_NODE
    assert exempt.path[1].endswith("of the Pod's own node)")
    assert predicted(EVERYTHING, "192.168.0.64").source_kind is AddressKind.NODE


def test_no_node_is_concluded_from_an_address_outside_the_pod_ranges() -> None:
    """Where the Pod's range is not known, a near address is not taken for the same node's."""
    assert predicted(EVERYTHING, "10.9.0.3", pod="10.9.0.2").reason is Reason.MASQUERADED


def test_the_pods_own_node_sees_the_pod() -> None:
    """A packet to the Pod's own node never leaves it and is not masqueraded; one to another node is."""
    own = predicted(EVERYTHING, "10.128.0.10", node="10.128.0.10")
    assert (own.arrives_as, own.reason) == (AddressKind.POD, Reason.DESTINATION_ON_SAME_NODE)
    assert (own.matched_cidr, own.provenance) == (IPNetwork("10.128.0.10/32"), Provenance.OBSERVED)
    assert own.path[-2:] == (
        "the node: not masqueraded (DESTINATION_ON_SAME_NODE, by 10.128.0.10/32 of the Pod's own node)",
        "the node: the packet does not leave it",
    )
    other = predicted(EVERYTHING, "10.128.0.11", node="10.128.0.10")
    assert (other.arrives_as, other.provenance) == (AddressKind.NODE, Provenance.DOCUMENTED)


def test_an_unknown_node_may_be_the_destination() -> None:
    """If the Pod's node is not known, a node as destination may be that node, and the path says so."""
    perhaps_own = predicted(EVERYTHING, "10.128.0.10")
    assert (perhaps_own.arrives_as, perhaps_own.provenance) == (AddressKind.NODE, Provenance.INFERRED)
    assert perhaps_own.path[1].endswith(
        "; if the destination is the Pod's own node, the source stays the Pod's address"
    )
    assert predicted(EVERYTHING, ON_PREMISES).path[1].endswith("the source becomes the node's address")
    assert (
        predicted(make_composer_policy(RANGES), "10.128.0.10")
        .path[1]
        .endswith("by 10.128.0.0/20 of GKE's fixed policy)")
    )


def test_the_host_network_talks_to_its_own_node_without_leaving_it() -> None:
    """A Pod on the host network reaches its own node on the node, and another node through the VPC."""
    own = predicted(EVERYTHING, "10.128.0.10", pod="10.128.0.10")
    assert (own.arrives_as, own.path[-1]) == (AddressKind.NODE, "the node: the packet does not leave it")
    assert predicted(EVERYTHING, "10.128.0.11", pod="10.128.0.10").path[-1].startswith("the VPC")


@pytest.mark.parametrize(
    ("backend", "kind", "reason"),
    [
        ("192.168.0.9", AddressKind.POD, Reason.DESTINATION_ON_SAME_NODE),
        ("192.168.7.9", AddressKind.POD, Reason.DESTINATION_IP_IN_CONFIGURED_NON_MASQUERADE_RANGE),
        (ON_PREMISES, AddressKind.NODE, Reason.MASQUERADED),
        (PUBLIC, AddressKind.NAT, Reason.MASQUERADED),
        ("10.128.0.10", AddressKind.POD, Reason.DESTINATION_ON_SAME_NODE),
    ],
)
def test_a_service_is_decided_by_its_endpoint(backend: str, kind: AddressKind, reason: Reason) -> None:
    """A node translates a ClusterIP first, so what counts is where the packet really goes."""
    prediction = predicted(make_composer_policy(RANGES), "10.96.0.1", backend=backend, node="10.128.0.10")
    assert (prediction.arrives_as, prediction.reason) == (kind, reason)
    assert prediction.path[:2] == (
        "Pod 192.168.0.2 sends to 10.96.0.1",
        f"the node: the Service address 10.96.0.1 becomes its endpoint's, {backend}",
    )


@pytest.mark.parametrize(
    "policy", [make_composer_policy(RANGES), EVERYTHING, make_no_policy()], ids=["composer", "all", "none"]
)
def test_a_pod_behind_its_own_service_does_not_see_itself(policy: MasqueradePolicy) -> None:
    """Under every policy, a Pod that reaches itself through a Service sees an address of the node."""
    prediction = predicted(policy, "10.96.0.1", VMS, backend=POD, node="10.128.0.10")
    assert (prediction.arrives_as, prediction.masqueraded) == (AddressKind.NODE, True)
    assert (prediction.reason, prediction.matched_cidr) == (Reason.MASQUERADED, None)
    assert (prediction.sources, prediction.firewall) == ((), FirewallAnswer.UNKNOWN)
    assert prediction.provenance is Provenance.INFERRED
    assert prediction.origin == "the Service, whose endpoint is 192.168.0.2 itself"
    assert prediction.path[1:4] == (
        "the node: the Service address 10.96.0.1 becomes its endpoint's, 192.168.0.2",
        (
            "the node: since no Pod can answer a packet from its own address, the source becomes an address of the "
            "node, or with Dataplane V2 a link-local one that is reserved for this (not verified on a real node)"
        ),
        "the node: the packet goes back to the Pod that sent it",
    )


def test_a_pod_sees_itself_without_a_service_and_a_node_through_one() -> None:
    """A packet to the Pod's own address never leaves it; on the host network a Service leads to a Pod as any other."""
    own = predicted(EVERYTHING, POD)
    assert (own.arrives_as, own.sources, own.provenance) == (AddressKind.POD, (IPNetwork(POD),), Provenance.OBSERVED)
    assert own.path[1:] == (
        "the node: not masqueraded (DESTINATION_ON_SAME_NODE, by 192.168.0.2/32 of the Pod itself)",
        "the node: the packet does not leave it",
    )
    assert predicted(EVERYTHING, POD, backend=POD) == own
    from_node = predicted(EVERYTHING, "10.96.0.1", backend="10.128.0.10", pod="10.128.0.10")
    assert (from_node.reason, from_node.sources) == (
        Reason.POD_USES_NODE_NETWORK_NAMESPACE,
        (IPNetwork("10.128.0.10"),),
    )


@pytest.mark.parametrize("pod", [POD, "192.168.255.254"])
def test_a_service_without_a_known_endpoint_is_decided_as_a_pod(pod: str) -> None:
    """Where the endpoint is not known, a Pod on another node stands in for it, and the path says so."""
    prediction = predicted(make_composer_policy(RANGES), "10.96.0.10", pod=pod)
    assert (prediction.arrives_as, prediction.provenance) == (AddressKind.POD, Provenance.INFERRED)
    assert prediction.matched_cidr == IPNetwork("192.168.0.0/16")
    unknown = "the node: the Service address 10.96.0.10 becomes an endpoint's, which is not known here"
    assert prediction.path[1] == f"{unknown}: assumed to be a Pod of 192.168.0.0/16"
    assert prediction.path[3] == "the VPC: routed privately to the cluster's Pods (192.168.0.0/16), source unchanged"


def test_a_service_is_not_masqueraded_because_its_own_range_is_not_listed() -> None:
    """A list of Pods and nodes spares a Service's Pods too; one that leaves out the Pods does not."""

    def listing(*cidrs: str) -> MasqueradePolicy:
        spared = make_exemptions(map(IPNetwork, cidrs), origin="a list")
        return MasqueradePolicy(name="list", chains=(Chain(name="IP-MASQ", exemptions=spared),))

    assert predicted(listing("192.168.0.0/16", "10.128.0.0/20"), "10.96.0.10").arrives_as is AddressKind.POD
    assert predicted(listing("10.96.0.0/20", "10.128.0.0/20"), "10.96.0.10").arrives_as is AddressKind.NODE


def test_a_service_of_a_cluster_with_few_pods_or_none_known() -> None:
    """A Pod range of one node leaves only that node; without one the Service address stands for its endpoint."""
    one_node = replace(RANGES, pod=(IPNetwork("192.168.0.0/26"),))
    assert predicted(EVERYTHING, "10.96.0.10", ranges=one_node).reason is Reason.DESTINATION_ON_SAME_NODE
    unknown = replace(RANGES, pod=(), service=(IPNetwork("34.118.224.0/20"),))
    prediction = predicted(EVERYTHING, "34.118.224.10", ranges=unknown)
    assert (prediction.arrives_as, prediction.provenance) == (AddressKind.NODE, Provenance.INFERRED)
    assert prediction.path[1].endswith("becomes an endpoint's, which is not known here")
    assert prediction.path[-1] == "the VPC: routed privately, source unchanged"


def test_a_pod_range_inside_the_node_range_holds_pods() -> None:
    """An address that could be a Pod's and a node's is a Pod's, unless the plan says that it is on the host network."""
    nested = replace(RANGES, node=(IPNetwork("192.168.0.0/12"),))
    assert predicted(EVERYTHING, ON_PREMISES, ranges=nested).reason is Reason.MASQUERADED
    stated = predicted(EVERYTHING, ON_PREMISES, ranges=nested, host_network=True)
    assert stated.sources == (IPNetwork(f"{POD}/32"),)
    outside = predicted(EVERYTHING, ON_PREMISES, ranges=nested, pod="192.169.0.1")
    assert outside.reason is Reason.POD_USES_NODE_NETWORK_NAMESPACE


@pytest.mark.parametrize("policy", [make_composer_policy(RANGES), make_no_policy()], ids=["composer", "none"])
def test_link_local_destinations_see_the_pod(policy: MasqueradePolicy) -> None:
    """The metadata server sees the Pod, and the packet takes no way through the VPC."""
    prediction = predicted(policy, "169.254.169.254")
    assert prediction.source_kind is AddressKind.POD
    assert prediction.path[-1] == "the node: the packet does not leave it"


def test_link_local_destinations_see_the_node_where_the_agent_was_told_to() -> None:
    """Under ``masqLinkLocal`` the metadata server sees the node, which it does not answer as it does a Pod."""
    told = MasqueradePolicy(name="told", chains=(Chain(name="IP-MASQ", exemptions=(), masquerades_link_local=True),))
    assert predicted(told, "169.254.169.254").source_kind is AddressKind.NODE
    untold = predicted(EVERYTHING, "169.254.169.254")
    assert (untold.source_kind, untold.reason) == (AddressKind.POD, Reason.LINK_LOCAL_DESTINATION)
    assert untold.provenance is Provenance.OBSERVED


def test_what_is_no_pod_is_not_on_the_pods_node() -> None:
    """Where a node's block of Pod addresses is larger than the Pod range, the rest of it belongs to another network."""
    ranges = replace(RANGES, pod=(IPNetwork("10.4.0.0/27"),))
    prediction = predicted(make_composer_policy(ranges), "10.4.0.40", ranges=ranges, pod="10.4.0.2")
    assert (prediction.source_kind, prediction.reason) == (AddressKind.NODE, Reason.MASQUERADED)


def test_no_endpoint_is_an_ipv4_address_in_disguise() -> None:
    """A Pod range that ends among the IPv4-mapped addresses gives an endpoint that is one of its own."""
    ranges = replace(RANGES, pod=(IPNetwork("::/80"),), service=(IPNetwork("fd00:1::/108"),))
    prediction = predicted(make_composer_policy(ranges), "fd00:1::5", ranges=ranges, pod="::5:0:0:1")
    assert any("assumed to be a Pod of ::/80" in step for step in prediction.path)


def test_a_pod_of_a_range_that_the_plan_does_not_name_is_named_where_it_is_known() -> None:
    """Without Pod ranges the path begins with any Pod, unless the caller says which one sends."""
    unknown = replace(RANGES, pod=())
    assert predicted(EVERYTHING, ON_PREMISES, ranges=unknown).path[0] == f"Pod {POD} sends to {ON_PREMISES}"
    assert predicted(EVERYTHING, ON_PREMISES, ranges=unknown, pod="0.0.0.0").path[0] == f"a Pod sends to {ON_PREMISES}"
    assert predicted(EVERYTHING, ON_PREMISES, pod="0.0.0.0").path[0] == f"Pod 0.0.0.0 sends to {ON_PREMISES}"


def test_no_pod_is_an_ipv4_address_in_disguise() -> None:
    """A Pod's IPv4-mapped address is its IPv4 address."""
    assert predicted(EVERYTHING, ON_PREMISES, pod=f"::ffff:{POD}") == predicted(EVERYTHING, ON_PREMISES)
