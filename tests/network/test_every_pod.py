"""What a destination sees of whichever Pod sends."""

from __future__ import annotations

from dataclasses import replace

import pytest
from netaddr import IPAddress, IPNetwork

from airflow_masq.network.every_pod import predict_every_pod, some_pod
from airflow_masq.network.policy import composer_policy, gke_default_policy, no_policy
from airflow_masq.network.ranges import AddressKind
from tests.network.predicting import ON_PREMISES, PUBLIC, RANGES, VMS

TWO_RANGES = replace(RANGES, pod=(*RANGES.pod, IPNetwork("100.64.0.0/16"), IPNetwork("fd00::/64")))


@pytest.mark.parametrize(
    ("pods", "destination", "pod"),
    [
        (["192.168.0.0/16"], ON_PREMISES, "192.168.0.1"),
        (["192.168.0.0/16"], "192.168.0.9", "192.168.255.255"),
        (["192.168.0.0/26"], "192.168.0.9", None),
        (["192.168.0.7/32"], ON_PREMISES, "192.168.0.7"),
        (["10.128.0.0/14"], ON_PREMISES, "10.131.255.255"),  # its beginning is the nodes'
        (["10.128.0.0/20"], ON_PREMISES, None),
        (["fd00::/64", "192.168.0.0/16"], ON_PREMISES, "192.168.0.1"),
        (["192.168.0.0/16", "fd00::/64"], "fd20::10", "fd00::1"),
        (["192.168.0.0/16"], "fd20::10", None),
        ([], ON_PREMISES, None),
    ],
)
def test_the_pod_that_stands_for_all_is_on_another_node(pods: list[str], destination: str, pod: str | None) -> None:
    """It has the destination's IP version, is no node, and is not on the destination's own node."""
    ranges = replace(RANGES, pod=tuple(map(IPNetwork, pods)))
    expected = None if pod is None else IPAddress(pod)
    assert some_pod(ranges, destination=IPAddress(destination)) == expected


def test_every_pods_address_is_a_source_where_nothing_is_masqueraded() -> None:
    """Not the one Pod but all Pod ranges of the destination's IP version arrive, and must be let in as a whole."""
    allowed = (IPNetwork("192.168.0.0/16"),)
    seen = predict_every_pod(
        TWO_RANGES, policy=no_policy(), destination=IPAddress(ON_PREMISES), allowed_sources=allowed
    )
    assert seen.sources == TWO_RANGES.pod[:2]
    assert seen.let_in is None
    one_range = predict_every_pod(
        RANGES, policy=no_policy(), destination=IPAddress(ON_PREMISES), allowed_sources=allowed
    )
    assert (one_range.sources, one_range.let_in) == (RANGES.pod, True)


@pytest.mark.parametrize(("has_agent", "let_in"), [(True, True), (False, False)])
def test_the_firewall_sees_nodes_with_the_agent_only(*, has_agent: bool, let_in: bool) -> None:
    """The page's own example: a firewall for the machines lets masqueraded packets in, and no others."""
    policy = composer_policy(RANGES) if has_agent else gke_default_policy(RANGES)
    seen = predict_every_pod(RANGES, policy=policy, destination=IPAddress(ON_PREMISES), allowed_sources=(VMS,))
    assert seen.let_in is let_in
    assert seen.prediction.allowed is None  # the one packet is followed as far as the firewall


def test_what_is_lost_has_no_source_and_is_judged_by_no_firewall() -> None:
    """Where Cloud NAT drops a packet, no firewall gets to see it."""
    lost = predict_every_pod(RANGES, policy=no_policy(), destination=IPAddress(PUBLIC), allowed_sources=(VMS,))
    assert lost.prediction.arrives_as is AddressKind.DROPPED
    assert (lost.sources, lost.let_in) == ((), None)
    assert lost.source_kind is AddressKind.DROPPED


@pytest.mark.parametrize(
    ("allowed", "kind", "step"),
    [
        ("10.0.0.0/8", AddressKind.DROPPED, "the packet is dropped"),
        ("192.168.0.0/25", AddressKind.POD, "whether a packet passes depends on its source, or cannot be told"),
        ("192.168.0.0/16", AddressKind.POD, "the packet passes"),
    ],
)
def test_the_firewall_is_asked_about_all_pods(allowed: str, kind: AddressKind, step: str) -> None:
    """What it lets in of the whole Pod range decides, not the one Pod whose way is told."""
    seen = predict_every_pod(
        RANGES, policy=no_policy(), destination=IPAddress(ON_PREMISES), allowed_sources=(IPNetwork(allowed),)
    )
    assert seen.source_kind is kind
    assert seen.path[-1] == f"the destination's firewall lets in {allowed}: {step}"
    assert seen.path[:-1] == seen.prediction.path


def test_without_a_fitting_pod_some_other_stands_in() -> None:
    """Where all Pods share the destination's node, or none is known by its IP version, there is still an answer."""
    single = replace(RANGES, pod=(IPNetwork("192.168.0.0/26"),))
    beside = predict_every_pod(single, policy=no_policy(), destination=IPAddress("192.168.0.9"))
    assert beside.path[0] == "Pod 192.168.0.1 sends to 192.168.0.9"
    unknown = predict_every_pod(RANGES, policy=no_policy(), destination=IPAddress("fd20::10"))
    assert unknown.path[0].startswith("a Pod, by an IPv6 address that the plan does not tell")
    nobody = predict_every_pod(replace(RANGES, pod=()), policy=no_policy(), destination=IPAddress(ON_PREMISES))
    assert (nobody.prediction.arrives_as, nobody.sources) == (AddressKind.POD, ())


@pytest.mark.parametrize(
    ("allowed", "let_in", "let_in_part"),
    [
        (["10.128.0.0/21"], None, True),
        (["10.128.0.0/21", "10.128.8.0/21"], True, False),
        (["10.128.0.0/20"], True, False),
        (["172.16.0.0/12"], False, False),
        ([], None, False),
    ],
)
def test_a_part_is_told_from_what_nobody_knows(allowed: list[str], *, let_in: bool | None, let_in_part: bool) -> None:
    """A firewall that lets in a part of the nodes is known to; one that nobody described is not."""
    ranges = replace(RANGES, node=(IPNetwork("10.128.0.0/20"),))
    sources = tuple(map(IPNetwork, allowed))
    seen = predict_every_pod(
        ranges, policy=composer_policy(ranges), destination=IPAddress(ON_PREMISES), allowed_sources=sources
    )
    assert (seen.let_in, seen.let_in_part) == (let_in, let_in_part)


def test_a_part_of_what_is_not_known() -> None:
    """Where the sources are not known, nor is whether a part of them is let in."""
    ranges = replace(RANGES, node=())
    seen = predict_every_pod(
        ranges, policy=composer_policy(ranges), destination=IPAddress(ON_PREMISES), allowed_sources=(VMS,)
    )
    assert (seen.sources, seen.let_in, seen.let_in_part) == ((), None, False)
