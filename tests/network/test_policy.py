"""Policies decide as the real agent and Google's documentation do."""

from __future__ import annotations

import pytest
from netaddr import IPAddress, IPNetwork

from airflow_masq.network import (
    Decision,
    MasqueradePolicy,
    NetworkRanges,
    Provenance,
    Reason,
    composer_policy,
    decide,
    gke_default_policy,
    no_policy,
)
from airflow_masq.network.policy import GKE_DEFAULT_NON_MASQUERADE

POD = IPAddress("192.168.0.2")
RANGES = NetworkRanges(
    node=(IPNetwork("10.128.0.0/20"),),
    pod=(IPNetwork("192.168.0.0/16"),),
    service=(IPNetwork("34.118.224.0/20"),),
)
CONFIGURED = Reason.DESTINATION_IP_IN_CONFIGURED_NON_MASQUERADE_RANGE
DEFAULT = Reason.DESTINATION_IP_IN_DEFAULT_NON_MASQUERADE_RANGE


def _decide(policy: MasqueradePolicy, destination: str) -> Decision:
    return decide(policy, pod=POD, destination=IPAddress(destination))


@pytest.mark.parametrize("destination", ["172.20.0.10", "10.200.0.20", "192.175.48.80", "203.0.113.80"])
def test_composers_policy_masquerades_whatever_lies_outside_the_cluster(destination: str) -> None:
    """With the agent, private and public destinations outside the cluster's ranges see the node."""
    decision = _decide(composer_policy(RANGES), destination)
    assert decision == Decision(
        masqueraded=True, reason=Reason.MASQUERADED, matched_cidr=None, provenance=Provenance.DOCUMENTED
    )


@pytest.mark.parametrize(
    ("destination", "cidr"),
    [
        ("192.168.77.1", "192.168.0.0/16"),
        ("10.128.15.200", "10.128.0.0/20"),
        ("34.118.224.9", "34.118.224.0/20"),
        ("::ffff:192.168.77.1", "192.168.0.0/16"),
    ],
)
def test_composers_policy_spares_the_clusters_own_ranges(destination: str, cidr: str) -> None:
    """With the agent, Pods, nodes and Services still see the Pod, by the range that decided."""
    decision = _decide(composer_policy(RANGES), destination)
    assert (decision.masqueraded, decision.reason, str(decision.matched_cidr)) == (False, CONFIGURED, cidr)


@pytest.mark.parametrize("cidr", GKE_DEFAULT_NON_MASQUERADE, ids=str)
def test_gkes_default_spares_every_reserved_range(cidr: IPNetwork) -> None:
    """Without the agent, the first and the last address of each reserved range see the Pod."""
    for destination in (cidr.network, IPAddress(cidr.last)):
        decision = decide(gke_default_policy(RANGES), pod=POD, destination=destination)
        assert (decision.masqueraded, decision.reason, decision.matched_cidr) == (False, DEFAULT, cidr)


@pytest.mark.parametrize("destination", ["192.175.48.80", "9.255.255.255", "11.0.0.0", "100.128.0.1", "172.32.0.1"])
def test_gkes_default_masquerades_the_rest(destination: str) -> None:
    """Even without the agent, public destinations see the node; 100.128.0.0 is no shared address space."""
    assert _decide(gke_default_policy(RANGES), destination).masqueraded


def test_gkes_fixed_ranges_hold_under_its_default_too() -> None:
    """A Service range in public address space is spared on Autopilot, and masqueraded where it is not the cluster's."""
    spared = _decide(gke_default_policy(RANGES), "34.118.224.9")
    assert (spared.masqueraded, spared.reason, str(spared.matched_cidr)) == (False, CONFIGURED, "34.118.224.0/20")
    assert _decide(gke_default_policy(NetworkRanges()), "34.118.224.9").masqueraded


@pytest.mark.parametrize("destination", ["192.175.48.80", "10.0.0.1", "169.254.169.254", "2001:db8::1"])
def test_without_source_translation_nothing_is_masqueraded(destination: str) -> None:
    """With default SNAT disabled and no agent, every destination sees the Pod."""
    decision = _decide(no_policy(), destination)
    assert (decision.masqueraded, decision.reason) == (False, Reason.DEFAULT_SNAT_DISABLED)


def test_link_local_destinations_are_never_masqueraded() -> None:
    """The metadata server sees the Pod even where everything else sees the node."""
    decision = _decide(MasqueradePolicy(name="test"), "169.254.169.254")
    assert (decision.masqueraded, decision.reason) == (False, Reason.LINK_LOCAL_DESTINATION)
    assert _decide(MasqueradePolicy(name="test"), "169.253.0.1").masqueraded


def test_ipv6_bypasses_masquerading() -> None:
    """An IPv6 destination, or an IPv6 Pod, is not masqueraded although the same IPv4 packet is."""
    policy = MasqueradePolicy(name="test")
    to_ipv6 = _decide(policy, "2600:1900::1")
    from_ipv6 = decide(policy, pod=IPAddress("2001:db8::5"), destination=IPAddress("2600:1900::1"))
    assert to_ipv6.reason is from_ipv6.reason is Reason.NO_MASQUERADING_FOR_IPV6
    assert not to_ipv6.masqueraded
    assert _decide(policy, "34.1.2.3").masqueraded


def test_the_first_range_in_the_policys_order_decides() -> None:
    """Where two ranges hold the destination, the one that the node tries first is named."""
    policy = MasqueradePolicy(name="test", non_masquerade=(IPNetwork("10.0.0.0/8"), IPNetwork("10.1.0.0/16")))
    assert _decide(policy, "10.1.2.3").matched_cidr == IPNetwork("10.0.0.0/8")
