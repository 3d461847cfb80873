"""What a destination is expected to see of the whole cluster."""

from __future__ import annotations

from dataclasses import replace

import pytest
from netaddr import IPAddress, IPNetwork

from airflow_masq.network.firewall import FirewallAnswer
from airflow_masq.network.policy import MasqueradePolicy, make_composer_policy, make_gke_default_policy, make_no_policy
from airflow_masq.network.prediction import Prediction, predict_every_pod
from airflow_masq.network.ranges import AddressKind, NetworkRanges
from tests.network.predicting import ON_PREMISES, PUBLIC, RANGES, VMS

TWO_RANGES = replace(RANGES, pod=(*RANGES.pod, IPNetwork("100.64.0.0/16"), IPNetwork("fd00::/64")))


def predicted(
    policy: MasqueradePolicy,
    *allowed_sources: IPNetwork,
    destination: str = ON_PREMISES,
    ranges: NetworkRanges = RANGES,
    backend: str | None = None,
) -> Prediction:
    """Predict what a destination sees of every Pod; addresses are given as texts."""
    return predict_every_pod(
        ranges,
        policy=policy,
        destination=IPAddress(destination),
        allowed_sources=allowed_sources,
        backend=None if backend is None else IPAddress(backend),
    )


@pytest.mark.parametrize(
    ("pods", "destination", "sender"),
    [
        (["192.168.0.0/16"], ON_PREMISES, "Pod 192.168.0.1"),
        (["192.168.0.0/16"], "192.168.0.9", "Pod 192.168.255.255"),
        (["192.168.0.7/32"], ON_PREMISES, "Pod 192.168.0.7"),
        (["10.128.0.0/14"], ON_PREMISES, "Pod 10.131.255.255"),  # its beginning is the nodes'
        (["fd00::/64", "192.168.0.0/16"], ON_PREMISES, "Pod 192.168.0.1"),
        (["192.168.0.0/16", "fd00::/64"], "fd20::10", "Pod fd00::1"),
        # None is on another node, or of the right IP version.
        (["192.168.0.0/26"], "192.168.0.9", "Pod 192.168.0.1"),
        (["192.168.0.0/26", "192.168.1.0/24"], "192.168.0.9", "Pod 192.168.1.1"),
        (["10.128.0.0/20"], ON_PREMISES, "Pod 10.128.0.1"),
        (["fd00::/64", "10.128.0.0/20"], ON_PREMISES, "Pod 10.128.0.1"),
        (["192.168.0.0/16"], "fd20::10", "a Pod, from an IPv6 address that the plan does not name,"),
    ],
)
def test_the_pod_that_stands_for_all_is_on_another_node(pods: list[str], destination: str, sender: str) -> None:
    """It has the destination's IP version, is no node, and is not on the destination's own node, where possible."""
    ranges = replace(RANGES, pod=tuple(map(IPNetwork, pods)))
    assert (
        predicted(make_no_policy(), destination=destination, ranges=ranges).path[0]
        == f"{sender} sends to {destination}"
    )


def test_the_pod_that_stands_for_all_is_in_no_node_range() -> None:
    """Where Pod and node ranges overlap, an address in any of several node ranges does not stand for a Pod."""
    ranges = replace(
        RANGES, pod=(IPNetwork("10.128.0.0/14"),), node=(IPNetwork("10.200.0.0/20"), IPNetwork("10.128.0.0/20"))
    )
    assert predicted(make_no_policy(), ranges=ranges).path[0] == f"Pod 10.131.255.255 sends to {ON_PREMISES}"


def test_the_pod_that_stands_for_all_is_not_on_its_endpoints_node() -> None:
    """Where a Service's endpoint is known, the Pod is on another node than that."""
    prediction = predicted(make_no_policy(), destination="10.96.0.10", backend="192.168.0.9")
    assert prediction.path[0] == "Pod 192.168.255.255 sends to 10.96.0.10"


def test_a_plan_without_pods_still_has_a_prediction() -> None:
    """Where no Pod range is known, the source is a Pod's address that is not known."""
    prediction = predicted(make_no_policy(), ranges=replace(RANGES, pod=()))
    assert (prediction.arrives_as, prediction.sources) == (AddressKind.POD, ())


def test_every_pods_address_is_a_source_where_nothing_is_masqueraded() -> None:
    """Not the one Pod but all Pod ranges of the destination's IP version arrive, and must be let in as a whole."""
    allowed = IPNetwork("192.168.0.0/16")
    several = predicted(make_no_policy(), allowed, ranges=TWO_RANGES)
    assert (several.sources, several.firewall) == (TWO_RANGES.pod[:2], FirewallAnswer.SOME)
    one = predicted(make_no_policy(), allowed)
    assert (one.sources, one.firewall) == (RANGES.pod, FirewallAnswer.ALL)


def test_the_firewall_sees_nodes_with_the_agent_only() -> None:
    """The page's own example: a firewall for the machines lets masqueraded packets in, and no others."""
    assert predicted(make_composer_policy(RANGES), VMS).firewall is FirewallAnswer.ALL
    assert predicted(make_gke_default_policy(RANGES), VMS).firewall is FirewallAnswer.NONE


def test_what_is_lost_has_no_source_and_is_judged_by_no_firewall() -> None:
    """Where Cloud NAT drops a packet, no firewall gets to see it."""
    lost = predicted(make_no_policy(), VMS, destination=PUBLIC)
    assert (lost.arrives_as, lost.source_kind) == (AddressKind.DROPPED, AddressKind.DROPPED)
    assert (lost.sources, lost.firewall) == ((), FirewallAnswer.UNKNOWN)
    assert "firewall" not in lost.path[-1]


@pytest.mark.parametrize(
    ("allowed", "kind", "step"),
    [
        ("10.0.0.0/8", AddressKind.DROPPED, "the packet is dropped"),
        ("192.168.0.0/25", AddressKind.POD, "whether a packet passes depends on its source"),
        ("192.168.0.0/16", AddressKind.POD, "the packet passes"),
    ],
)
def test_the_firewall_is_asked_about_all_pods(allowed: str, kind: AddressKind, step: str) -> None:
    """What it lets in of the whole Pod range decides, not the one Pod whose path is shown."""
    prediction = predicted(make_no_policy(), IPNetwork(allowed))
    assert prediction.source_kind is kind
    assert prediction.path[-1] == f"the destination's firewall lets in {allowed}: {step}"
    assert prediction.path[:-1] == predicted(make_no_policy()).path


@pytest.mark.parametrize(
    ("allowed", "answer"),
    [
        (["10.128.0.0/21"], FirewallAnswer.SOME),
        (["10.128.0.0/21", "10.128.8.0/21"], FirewallAnswer.ALL),
        (["10.128.0.0/20"], FirewallAnswer.ALL),
        (["172.16.0.0/12"], FirewallAnswer.NONE),
        ([], FirewallAnswer.UNKNOWN),
    ],
)
def test_a_part_is_told_from_what_is_not_known(allowed: list[str], answer: FirewallAnswer) -> None:
    """A firewall that lets in a part of the nodes is known to; one that the plan does not describe is not."""
    assert predicted(make_composer_policy(RANGES), *map(IPNetwork, allowed)).firewall is answer


def test_a_part_of_what_is_not_known() -> None:
    """Where the sources are not known, nor is whether a part of them is let in."""
    prediction = predicted(make_composer_policy(RANGES), VMS, ranges=replace(RANGES, node=()))
    assert (prediction.sources, prediction.firewall) == ((), FirewallAnswer.UNKNOWN)
