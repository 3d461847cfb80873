"""Predictions follow a packet to its end, and say why."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from netaddr import IPNetwork

from airflow_masq.network.firewall import FirewallAnswer
from airflow_masq.network.policy import (
    MasqueradePolicy,
    Reason,
    make_composer_policy,
    make_gke_default_policy,
    make_no_policy,
)
from airflow_masq.network.prediction import Prediction
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import AddressKind
from tests.network.predicting import EVERYTHING, ON_PREMISES, PUBLIC, RANGES, VMS, predicted


def test_the_pages_own_example_with_the_agent() -> None:
    """Pods in 192.168.0.0/16, a firewall that lets in 10.0.0.0/8: with the agent the service sees the node."""
    prediction = predicted(make_composer_policy(RANGES), ON_PREMISES, VMS)
    assert prediction == Prediction(
        arrives_as=AddressKind.NODE,
        sources=RANGES.node,
        masqueraded=True,
        reason=Reason.MASQUERADED,
        matched_cidr=None,
        firewall=FirewallAnswer.ALL,
        path=(
            "Pod 192.168.0.2 sends to 172.20.0.10",
            "the node: policy composer masquerades, the source becomes the node's address",
            "the VPC: routed privately to on-premises (172.20.0.0/16), source unchanged",
            "the destination's firewall lets in 10.0.0.0/8: the packet passes",
        ),
        provenance=Provenance.DOCUMENTED,
        origin="policy composer",
    )
    assert prediction.source_kind is AddressKind.NODE


def test_the_pages_own_example_without_the_agent() -> None:
    """Pods in 192.168.0.0/16, a firewall that lets in 10.0.0.0/8: without the agent the packet is dropped there."""
    prediction = predicted(make_gke_default_policy(RANGES), ON_PREMISES, VMS)
    assert prediction.source_kind is AddressKind.DROPPED
    assert prediction.arrives_as is AddressKind.POD
    assert prediction.sources == (IPNetwork("192.168.0.2/32"),)
    assert prediction.firewall is FirewallAnswer.NONE
    assert prediction.origin == "GKE's default list"
    assert prediction.matched_cidr == IPNetwork("172.16.0.0/12")
    assert prediction.path[1:] == (
        (
            "the node: not masqueraded (DESTINATION_IP_IN_DEFAULT_NON_MASQUERADE_RANGE, "
            "by 172.16.0.0/12 of GKE's default list)"
        ),
        "the VPC: routed privately to on-premises (172.20.0.0/16), source unchanged",
        "the destination's firewall lets in 10.0.0.0/8: the packet is dropped",
    )


@pytest.mark.parametrize(
    ("covers", "masquerades", "kind"),
    [
        ({AddressKind.NODE}, True, AddressKind.NAT),
        ({AddressKind.NODE}, False, AddressKind.DROPPED),
        ({AddressKind.POD}, True, AddressKind.DROPPED),
        ({AddressKind.POD}, False, AddressKind.NAT),
        ({AddressKind.NODE, AddressKind.POD}, True, AddressKind.NAT),
        ({AddressKind.NODE, AddressKind.POD}, False, AddressKind.NAT),
        (set(), True, AddressKind.DROPPED),
        (set(), False, AddressKind.DROPPED),
    ],
)
def test_cloud_nat_translates_only_what_it_covers(
    covers: set[AddressKind], *, masquerades: bool, kind: AddressKind
) -> None:
    """A public destination sees Cloud NAT where it covers the source that leaves the node, and nothing otherwise."""
    ranges = replace(RANGES, nat_covers=frozenset(covers))
    prediction = predicted(make_composer_policy(ranges) if masquerades else make_no_policy(), PUBLIC, ranges=ranges)
    assert prediction.source_kind is prediction.arrives_as is kind
    assert prediction.sources == ((IPNetwork("203.0.113.7/32"),) if kind is AddressKind.NAT else ())
    assert prediction.provenance is Provenance.INFERRED


def test_a_dropped_packet_reaches_no_firewall() -> None:
    """Where Cloud NAT drops the packet, nothing is said of the firewall, and the last step says who dropped it."""
    prediction = predicted(make_no_policy(), PUBLIC, VMS)
    assert prediction.firewall is FirewallAnswer.UNKNOWN
    assert prediction.path[-1] == "the internet: dropped, since Cloud NAT covers node and the packet has a pod address"


def test_a_plan_without_cloud_nat_is_not_said_to_have_one() -> None:
    """Where the plan names no Cloud NAT, the last step says that the packet is lost unless there is one."""
    prediction = predicted(make_composer_policy(RANGES), PUBLIC, ranges=replace(RANGES, nat_covers=frozenset()))
    assert prediction.arrives_as is AddressKind.DROPPED
    assert prediction.provenance is Provenance.INFERRED
    unless = "unless there is a Cloud NAT that the plan does not name (network.nat_covers)"
    assert prediction.path[-1] == f"the internet: dropped, {unless}"


def test_cloud_nat_without_known_addresses_is_still_nat() -> None:
    """Where Cloud NAT allocates its addresses by itself, the kind is known and the address is not."""
    google = IPNetwork("34.0.0.0/8")
    prediction = predicted(make_composer_policy(RANGES), PUBLIC, google, ranges=replace(RANGES, nat_addresses=()))
    assert prediction.source_kind is AddressKind.NAT
    assert prediction.sources == ()
    assert prediction.firewall is FirewallAnswer.UNKNOWN
    assert prediction.path[-2:] == (
        "the internet: Cloud NAT translates node addresses to its own address, which the plan does not name",
        "the destination's firewall lets in 34.0.0.0/8: whether the packet passes is not known",
    )


def test_cloud_nat_is_never_a_private_address() -> None:
    """Where Cloud NAT's addresses are not known, a firewall for private ranges keeps them out all the same."""
    kept_out = predicted(make_composer_policy(RANGES), PUBLIC, VMS, ranges=replace(RANGES, nat_addresses=()))
    assert (kept_out.arrives_as, kept_out.firewall) == (AddressKind.NAT, FirewallAnswer.NONE)


def test_an_unknown_public_source_does_not_pass_a_firewall_for_private_ones() -> None:
    """A node's external address is none of 10.0.0.0/8, whichever it is, and one of 0.0.0.0/0."""
    ranges = replace(RANGES, public_nodes=True)
    kept_out = predicted(make_composer_policy(ranges), PUBLIC, VMS, ranges=ranges)
    assert (kept_out.source_kind, kept_out.firewall) == (AddressKind.DROPPED, FirewallAnswer.NONE)
    assert kept_out.arrives_as is AddressKind.NODE_EXTERNAL
    open_to_all = predicted(make_composer_policy(ranges), PUBLIC, IPNetwork("0.0.0.0/0"), ranges=ranges)
    assert open_to_all.firewall is FirewallAnswer.ALL


def test_public_nodes_show_their_external_address_only_when_masqueraded() -> None:
    """On public nodes a masqueraded packet shows the node's external address, any other needs Cloud NAT."""
    ranges = replace(RANGES, public_nodes=True)
    masqueraded = predicted(make_composer_policy(ranges), PUBLIC, ranges=ranges)
    assert masqueraded.source_kind is AddressKind.NODE_EXTERNAL
    assert masqueraded.sources == ()
    assert masqueraded.provenance is Provenance.DOCUMENTED
    assert predicted(make_no_policy(), PUBLIC, ranges=ranges).source_kind is AddressKind.DROPPED


@pytest.mark.parametrize(
    ("allowed_sources", "answer"),
    [
        ((), FirewallAnswer.UNKNOWN),
        ((VMS,), FirewallAnswer.ALL),
        ((IPNetwork("10.128.0.0/20"),), FirewallAnswer.ALL),
        ((IPNetwork("10.128.0.0/24"),), FirewallAnswer.SOME),
        ((IPNetwork("172.16.0.0/12"),), FirewallAnswer.NONE),
        ((IPNetwork("172.16.0.0/12"), VMS), FirewallAnswer.ALL),
    ],
)
def test_the_firewall_is_told_only_where_all_sources_agree(
    allowed_sources: tuple[IPNetwork, ...], answer: FirewallAnswer
) -> None:
    """The answer says whether a firewall lets in all, none or a part of the node range, or that this is not known."""
    assert predicted(make_composer_policy(RANGES), ON_PREMISES, *allowed_sources).firewall is answer


@pytest.mark.parametrize(
    ("destination", "name"),
    [
        ("10.128.3.4", "the nodes' network (10.128.0.0/20)"),
        ("192.168.9.9", "the cluster's Pods (192.168.0.0/16)"),
    ],
)
def test_the_path_names_where_the_packet_goes(destination: str, name: str) -> None:
    """A destination inside the cluster's own ranges is named as such."""
    assert f"the VPC: routed privately to {name}, source unchanged" in predicted(make_no_policy(), destination).path


def test_a_named_range_cannot_pass_for_the_clusters_own() -> None:
    """A range of one's own that is called like one of the cluster's hides neither."""
    ranges = replace(RANGES, other={"the cluster's Pods": (IPNetwork("172.20.0.0/16"),)})
    path = predicted(make_no_policy(), "192.168.9.9", ranges=ranges).path
    assert "the VPC: routed privately to the cluster's Pods (192.168.0.0/16), source unchanged" in path


def test_an_unnamed_private_destination_is_routed_privately() -> None:
    """A private destination that no range names is reached through the VPC, not through Cloud NAT."""
    assert "the VPC: routed privately, source unchanged" in predicted(make_composer_policy(RANGES), "10.200.0.20").path


@given(
    st.ip_addresses(v=4),
    st.sampled_from([make_composer_policy(RANGES), make_gke_default_policy(RANGES), make_no_policy()]),
)
def test_a_prediction_is_consistent(destination: object, policy: MasqueradePolicy) -> None:
    """For any destination: masqueraded means no Pod address, not masqueraded means no node address, and a reason."""
    prediction = predicted(policy, str(destination), VMS)
    assert prediction.masqueraded is (prediction.reason is Reason.MASQUERADED)
    forbidden = AddressKind.POD if prediction.masqueraded else AddressKind.NODE
    assert prediction.arrives_as is not forbidden
    is_kept_out = prediction.firewall is FirewallAnswer.NONE
    assert prediction.source_kind is (AddressKind.DROPPED if is_kept_out else prediction.arrives_as)
    assert all(step.isprintable() for step in prediction.path)
    assert len(prediction.path) >= 3


@pytest.mark.parametrize(
    ("destination", "kind"),
    [
        ("199.36.153.3", AddressKind.DROPPED),
        ("199.36.153.4", AddressKind.POD),
        ("199.36.153.11", AddressKind.POD),
        ("199.36.153.12", AddressKind.DROPPED),
    ],
)
def test_googles_own_addresses_need_no_cloud_nat(destination: str, kind: AddressKind) -> None:
    """The ways in to Google's APIs are reached from any address; their neighbours are the internet."""
    prediction = predicted(make_no_policy(), destination)
    assert prediction.arrives_as is kind
    assert ("Private Google Access" in prediction.path[-1]) is (kind is AddressKind.POD)


@pytest.mark.parametrize("destination", [ON_PREMISES, "10.128.0.9", "192.168.9.9"])
def test_what_is_remarkable_of_a_policy_is_told_wherever_a_packet_goes(destination: str) -> None:
    """The remark is part of the node's step on every way, and the step is no more certain than the policy."""
    sure = predicted(EVERYTHING, destination)
    doubtful = predicted(replace(EVERYTHING, remark="a guess", provenance=Provenance.INFERRED), destination)
    assert doubtful.path[1] == f"{sure.path[1]}; a guess"
    assert doubtful.provenance is Provenance.INFERRED
