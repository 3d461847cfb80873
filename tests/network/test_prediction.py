"""Predictions follow a packet to its end, and say why."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from netaddr import IPAddress, IPNetwork

from airflow_masq.network import (
    MasqueradePolicy,
    NetworkRanges,
    PredictedKind,
    Prediction,
    Provenance,
    Reason,
    SourceKind,
    composer_policy,
    gke_default_policy,
    no_policy,
    predict,
)

POD = "192.168.0.2"
RANGES = NetworkRanges(
    node=(IPNetwork("10.128.0.0/20"),),
    pod=(IPNetwork("192.168.0.0/16"),),
    service=(IPNetwork("10.96.0.0/20"),),
    other={"on-premises": (IPNetwork("172.20.0.0/16"),)},
    nat_addresses=(IPAddress("203.0.113.7"),),
    nat_covers=frozenset({SourceKind.NODE}),
)
VMS = IPNetwork("10.0.0.0/8")
ON_PREMISES, PUBLIC = "172.20.0.10", "192.175.48.80"


def _predict(
    policy: MasqueradePolicy,
    destination: str,
    *allowed_sources: IPNetwork,
    ranges: NetworkRanges = RANGES,
    pod: str = POD,
) -> Prediction:
    return predict(
        ranges, policy, pod=IPAddress(pod), destination=IPAddress(destination), allowed_sources=allowed_sources
    )


def test_the_pages_own_example_with_the_agent() -> None:
    """Pods in 192.168.0.0/16, a firewall that lets in 10.0.0.0/8: with the agent the service sees the node."""
    prediction = _predict(composer_policy(RANGES), ON_PREMISES, VMS)
    assert prediction == Prediction(
        source_kind=PredictedKind.NODE,
        sources=RANGES.node,
        masqueraded=True,
        reason=Reason.MASQUERADED,
        matched_cidr=None,
        allowed=True,
        path=(
            "Pod 192.168.0.2 sends to 172.20.0.10",
            "the node: policy composer masquerades, the source becomes the node's address",
            "the VPC: routed privately to on-premises (172.20.0.0/16), source unchanged",
            "the destination's firewall lets in 10.0.0.0/8: the packet passes",
        ),
        provenance=Provenance.DOCUMENTED,
    )


def test_the_pages_own_example_without_the_agent() -> None:
    """Pods in 192.168.0.0/16, a firewall that lets in 10.0.0.0/8: without the agent the packet is dropped there."""
    prediction = _predict(gke_default_policy(RANGES), ON_PREMISES, VMS)
    assert prediction.source_kind is PredictedKind.POD
    assert prediction.sources == (IPNetwork("192.168.0.2/32"),)
    assert prediction.allowed is False
    assert prediction.matched_cidr == IPNetwork("172.16.0.0/12")
    assert prediction.path[1:] == (
        "the node: not masqueraded (DESTINATION_IP_IN_DEFAULT_NON_MASQUERADE_RANGE, by 172.16.0.0/12)",
        "the VPC: routed privately to on-premises (172.20.0.0/16), source unchanged",
        "the destination's firewall lets in 10.0.0.0/8: the packet is dropped",
    )


@pytest.mark.parametrize(
    ("covers", "masquerades", "kind"),
    [
        ({SourceKind.NODE}, True, PredictedKind.NAT),
        ({SourceKind.NODE}, False, PredictedKind.DROPPED),
        ({SourceKind.POD}, True, PredictedKind.DROPPED),
        ({SourceKind.POD}, False, PredictedKind.NAT),
        ({SourceKind.NODE, SourceKind.POD}, True, PredictedKind.NAT),
        ({SourceKind.NODE, SourceKind.POD}, False, PredictedKind.NAT),
        (set(), True, PredictedKind.DROPPED),
        (set(), False, PredictedKind.DROPPED),
    ],
)
def test_cloud_nat_translates_only_what_it_covers(
    covers: set[SourceKind], *, masquerades: bool, kind: PredictedKind
) -> None:
    """A public destination sees Cloud NAT where it covers the source that leaves the node, and nothing otherwise."""
    ranges = replace(RANGES, nat_covers=frozenset(covers))
    prediction = _predict(composer_policy(ranges) if masquerades else no_policy(), PUBLIC, ranges=ranges)
    assert prediction.source_kind is kind
    assert prediction.sources == ((IPNetwork("203.0.113.7/32"),) if kind is PredictedKind.NAT else ())
    assert prediction.provenance is Provenance.INFERRED


def test_a_dropped_packet_reaches_no_firewall() -> None:
    """Where Cloud NAT drops the packet, nothing is said of the firewall, and the last step says who dropped it."""
    prediction = _predict(no_policy(), PUBLIC, VMS)
    assert prediction.allowed is None
    assert prediction.path[-1] == "the internet: dropped, since Cloud NAT covers node and the packet has a pod address"


def test_cloud_nat_without_known_addresses_is_still_nat() -> None:
    """Where Cloud NAT allocates its addresses by itself, the kind is known and the address is not."""
    prediction = _predict(composer_policy(RANGES), PUBLIC, VMS, ranges=replace(RANGES, nat_addresses=()))
    assert prediction.source_kind is PredictedKind.NAT
    assert prediction.sources == ()
    assert prediction.allowed is None
    assert prediction.path[-2:] == (
        "the internet: Cloud NAT translates node addresses to addresses not known",
        "the destination's firewall lets in 10.0.0.0/8: whether the packet passes cannot be told",
    )


def test_public_nodes_show_their_external_address_only_when_masqueraded() -> None:
    """On public nodes a masqueraded packet shows the node's external address, any other needs Cloud NAT."""
    ranges = replace(RANGES, public_nodes=True)
    masqueraded = _predict(composer_policy(ranges), PUBLIC, ranges=ranges)
    assert masqueraded.source_kind is PredictedKind.NODE_EXTERNAL
    assert masqueraded.sources == ()
    assert masqueraded.provenance is Provenance.DOCUMENTED
    assert _predict(no_policy(), PUBLIC, ranges=ranges).source_kind is PredictedKind.DROPPED


def test_a_pod_on_the_host_network_has_its_nodes_address() -> None:
    """A Pod on the host network shows its node's address without masquerading, also to Cloud NAT."""
    to_private = _predict(composer_policy(RANGES), ON_PREMISES, VMS, pod="10.128.0.10")
    assert (to_private.source_kind, to_private.masqueraded) == (PredictedKind.NODE, False)
    assert to_private.reason is Reason.POD_USES_NODE_NETWORK_NAMESPACE
    assert to_private.sources == (IPNetwork("10.128.0.10/32"),)
    assert _predict(composer_policy(RANGES), PUBLIC, pod="10.128.0.10").source_kind is PredictedKind.NAT


def test_a_destination_on_the_same_node_sees_the_pod() -> None:
    """Two Pods in one node block talk without masquerading, even where a policy would masquerade between nodes."""
    everything = MasqueradePolicy(name="test")
    same_node = _predict(everything, "192.168.0.63")
    assert same_node.reason is Reason.DESTINATION_ON_SAME_NODE
    assert same_node.matched_cidr == IPNetwork("192.168.0.0/26")
    assert same_node.path[-1] == "the node: the packet does not leave it"
    assert _predict(everything, "192.168.0.64").source_kind is PredictedKind.NODE


def test_no_node_is_concluded_from_an_address_outside_the_pod_ranges() -> None:
    """Where the Pod's range is not known, a near address is not taken for the same node's."""
    assert _predict(MasqueradePolicy(name="test"), "10.9.0.3", pod="10.9.0.2").reason is Reason.MASQUERADED


def test_link_local_destinations_see_the_pod() -> None:
    """The metadata server sees the Pod."""
    prediction = _predict(composer_policy(RANGES), "169.254.169.254")
    assert prediction.source_kind is PredictedKind.POD
    assert prediction.reason is Reason.LINK_LOCAL_DESTINATION
    assert prediction.provenance is Provenance.OBSERVED


def test_ipv6_bypasses_masquerading_and_cloud_nat() -> None:
    """A public IPv6 destination sees the Pod's IPv6 address; for a Pod known by IPv4 only, that is not known."""
    known = _predict(composer_policy(RANGES), "2600:1900::1", pod="2001:db8::5")
    assert known.source_kind is PredictedKind.POD
    assert known.sources == (IPNetwork("2001:db8::5/128"),)
    assert known.reason is Reason.NO_MASQUERADING_FOR_IPV6
    assert _predict(composer_policy(RANGES), "2600:1900::1").sources == ()


@pytest.mark.parametrize(
    ("allowed_sources", "allowed"),
    [
        ((), None),
        ((VMS,), True),
        ((IPNetwork("10.128.0.0/20"),), True),
        ((IPNetwork("10.128.0.0/24"),), None),
        ((IPNetwork("172.16.0.0/12"),), False),
        ((IPNetwork("172.16.0.0/12"), VMS), True),
    ],
)
def test_the_firewall_is_told_only_where_all_sources_agree(
    allowed_sources: tuple[IPNetwork, ...], *, allowed: bool | None
) -> None:
    """A firewall that lets in all, none or a part of the node range is said to allow, to drop, or neither."""
    assert _predict(composer_policy(RANGES), ON_PREMISES, *allowed_sources).allowed is allowed


@pytest.mark.parametrize(
    ("destination", "name"),
    [
        ("10.128.3.4", "the nodes' network (10.128.0.0/20)"),
        ("192.168.9.9", "the cluster's Pods (192.168.0.0/16)"),
        ("10.96.0.1", "a Service (10.96.0.0/20)"),
    ],
)
def test_the_path_names_where_the_packet_goes(destination: str, name: str) -> None:
    """A destination inside the cluster's own ranges is named as such."""
    assert f"the VPC: routed privately to {name}, source unchanged" in _predict(no_policy(), destination).path


def test_a_named_range_cannot_pass_for_the_clusters_own() -> None:
    """A range of one's own that is called like one of the cluster's hides neither."""
    ranges = replace(RANGES, other={"a Service": (IPNetwork("172.20.0.0/16"),)})
    path = _predict(no_policy(), "10.96.0.1", ranges=ranges).path
    assert "the VPC: routed privately to a Service (10.96.0.0/20), source unchanged" in path


def test_an_unnamed_private_destination_is_routed_privately() -> None:
    """A private destination that no range names is reached through the VPC, not through Cloud NAT."""
    assert "the VPC: routed privately, source unchanged" in _predict(composer_policy(RANGES), "10.200.0.20").path


@given(st.ip_addresses(v=4), st.sampled_from([composer_policy(RANGES), gke_default_policy(RANGES), no_policy()]))
def test_a_prediction_is_consistent(destination: object, policy: MasqueradePolicy) -> None:
    """For any destination: masqueraded means no Pod address, not masqueraded means no node address, and a reason."""
    prediction = _predict(policy, str(destination), VMS)
    assert prediction.masqueraded is (prediction.reason is Reason.MASQUERADED)
    forbidden = PredictedKind.POD if prediction.masqueraded else PredictedKind.NODE
    assert prediction.source_kind is not forbidden
    assert len(prediction.path) >= 3
