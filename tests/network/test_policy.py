"""Policies decide as the real agent and Google's documentation do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from netaddr import IPAddress, IPNetwork

from airflow_masq.network.policy import (
    GKE_DEFAULT_NON_MASQUERADE,
    Chain,
    Decision,
    MasqueradePolicy,
    Reason,
    decide,
    make_composer_policy,
    make_exemptions,
    make_gke_default_policy,
    make_no_policy,
)
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import NetworkRanges

POD = IPAddress("192.168.0.2")
RANGES = NetworkRanges(
    node=(IPNetwork("10.128.0.0/20"),),
    pod=(IPNetwork("192.168.0.0/16"),),
    service=(IPNetwork("34.118.224.0/20"),),
)
CONFIGURED = Reason.DESTINATION_IP_IN_CONFIGURED_NON_MASQUERADE_RANGE
DEFAULT = Reason.DESTINATION_IP_IN_DEFAULT_NON_MASQUERADE_RANGE


def _chain(*cidrs: str, name: str = "IP-MASQ", **flags: bool) -> Chain:
    return Chain(name=name, exemptions=make_exemptions(map(IPNetwork, cidrs), origin="the test"), **flags)


def _policy(*chains: Chain) -> MasqueradePolicy:
    return MasqueradePolicy(name="test", chains=chains)


def _decide(policy: MasqueradePolicy, destination: str, *, pod: IPAddress = POD) -> Decision:
    return decide(policy, pod=pod, destination=IPAddress(destination))


@pytest.mark.parametrize("destination", ["172.20.0.10", "10.200.0.20", "192.175.48.80", "203.0.113.80"])
def test_composers_policy_masquerades_everything_outside_the_cluster(destination: str) -> None:
    """With the agent, private and public destinations outside the cluster's ranges see the node."""
    assert _decide(make_composer_policy(RANGES), destination) == Decision(
        reason=Reason.MASQUERADED,
        provenance=Provenance.DOCUMENTED,
        origin="policy composer",
    )


@pytest.mark.parametrize(
    ("destination", "cidr", "origin"),
    [
        ("192.168.77.1", "192.168.0.0/16", "Composer's policy"),
        ("10.128.15.200", "10.128.0.0/20", "GKE's fixed policy"),
        ("34.118.224.9", "34.118.224.0/20", "GKE's fixed policy"),
        ("::ffff:192.168.77.1", "192.168.0.0/16", "Composer's policy"),
    ],
)
def test_composers_policy_spares_the_clusters_own_ranges(destination: str, cidr: str, origin: str) -> None:
    """With the agent, Pods, nodes and Services still see the Pod, by the range that decided and whose it is."""
    decision = _decide(make_composer_policy(RANGES), destination)
    assert (decision.masqueraded, decision.reason, str(decision.matched_cidr)) == (False, CONFIGURED, cidr)
    assert decision.origin == origin


@pytest.mark.parametrize("cidr", GKE_DEFAULT_NON_MASQUERADE, ids=str)
def test_gkes_default_spares_every_reserved_range(cidr: IPNetwork) -> None:
    """Without the agent, the first and the last address of each reserved range see the Pod."""
    for destination in (cidr.network, IPAddress(cidr.last)):
        decision = decide(make_gke_default_policy(RANGES), pod=POD, destination=destination)
        assert (decision.masqueraded, decision.reason, decision.matched_cidr) == (False, DEFAULT, cidr)
        assert decision.origin == "GKE's default list"


@pytest.mark.parametrize("destination", ["192.175.48.80", "9.255.255.255", "11.0.0.0", "100.128.0.1", "172.32.0.1"])
def test_gkes_default_masquerades_the_rest(destination: str) -> None:
    """Even without the agent, public destinations see the node; 100.128.0.0 is no shared address space."""
    assert _decide(make_gke_default_policy(RANGES), destination).masqueraded


def test_gkes_fixed_ranges_hold_under_its_default_too() -> None:
    """A Service range in public address space is spared on Autopilot, and masqueraded where it is not the cluster's."""
    spared = _decide(make_gke_default_policy(RANGES), "34.118.224.9")
    assert (spared.masqueraded, spared.reason, str(spared.matched_cidr)) == (False, CONFIGURED, "34.118.224.0/20")
    assert _decide(make_gke_default_policy(NetworkRanges()), "34.118.224.9").masqueraded


@pytest.mark.parametrize("destination", ["192.175.48.80", "10.0.0.1", "169.254.169.254", "2001:db8::1"])
def test_without_source_translation_nothing_is_masqueraded(destination: str) -> None:
    """With default SNAT disabled and no agent, every destination sees the Pod."""
    decision = _decide(make_no_policy(), destination)
    assert (decision.masqueraded, decision.reason) == (False, Reason.DEFAULT_SNAT_DISABLED)
    assert decision.origin == "policy none"


def test_link_local_destinations_are_not_masqueraded_unless_wanted() -> None:
    """The metadata server sees the Pod where everything else sees the node, and the node under ``masqLinkLocal``."""
    decision = _decide(_policy(_chain()), "169.254.169.254")
    assert (decision.masqueraded, decision.reason) == (False, Reason.LINK_LOCAL_DESTINATION)
    assert (decision.origin, decision.provenance) == ("chain IP-MASQ", Provenance.OBSERVED)
    assert _decide(_policy(_chain()), "169.253.0.1").masqueraded
    assert _decide(_policy(_chain(masquerades_link_local=True)), "169.254.169.254").masqueraded


def test_link_local_destinations_can_still_be_exempt_by_the_list() -> None:
    """Under ``masqLinkLocal``, a list that names the metadata server spares it."""
    decision = _decide(_policy(_chain("169.254.169.254/32", masquerades_link_local=True)), "169.254.169.254")
    assert (decision.masqueraded, decision.reason) == (False, CONFIGURED)


def test_ipv6_link_local_destinations_are_not_masqueraded_unless_wanted() -> None:
    """An IPv6 chain spares fe80::/10 like the IPv4 chain its own, each by its own flag."""
    spared = _decide(_policy(_chain(ipv6=True, masquerades_link_local=True)), "fe80::1")
    assert (spared.masqueraded, spared.reason) == (False, Reason.LINK_LOCAL_DESTINATION)
    assert _decide(_policy(_chain(ipv6=True, masquerades_link_local_ipv6=True)), "fe80::1").masqueraded
    bypassing = _decide(_policy(_chain(masquerades_link_local_ipv6=True)), "fe80::1")
    assert (bypassing.masqueraded, bypassing.reason) == (False, Reason.NO_MASQUERADING_FOR_IPV6)


def test_ipv6_bypasses_masquerading() -> None:
    """An IPv6 destination is not masqueraded although an IPv4 one is, by whichever address the Pod is known."""
    policy = _policy(_chain("2600:1900::/28"))
    pod = IPAddress("2001:db8::5")
    decisions = [_decide(policy, "2600:1900::1"), _decide(policy, "2600:1900::1", pod=pod)]
    assert {decision.reason for decision in decisions} == {Reason.NO_MASQUERADING_FOR_IPV6}
    assert not any(decision.masqueraded for decision in decisions)
    assert _decide(policy, "34.1.2.3").masqueraded
    assert _decide(policy, "34.1.2.3", pod=pod).masqueraded


def test_what_a_pod_sends_to_itself_never_leaves_it() -> None:
    """A policy that masquerades everything masquerades that as little as one without chains."""
    for policy in (_policy(_chain()), make_no_policy()):
        decision = _decide(policy, "192.168.0.2")
        assert (decision.masqueraded, decision.reason) == (False, Reason.DESTINATION_ON_SAME_NODE)
        assert decision.matched_cidr == IPNetwork("192.168.0.2/32")


@pytest.mark.parametrize("order", [1, -1])
def test_two_chains_are_known_as_well_as_the_weaker(order: int) -> None:
    """Where one chain's exemption is inferred, so is what both let through, whichever comes first."""
    inferred = make_exemptions([IPNetwork("10.0.0.0/8")], origin="a guess", provenance=Provenance.INFERRED)
    chains = (_chain("10.0.0.0/8"), Chain(name="IP-MASQ-AGENT", exemptions=inferred))
    assert _decide(_policy(*chains[::order]), "10.1.2.3").provenance is Provenance.INFERRED
    assert _decide(_policy(chains[0]), "10.1.2.3").provenance is Provenance.DOCUMENTED


def test_ipv6_is_masqueraded_where_the_agent_was_told_to() -> None:
    """With the IPv6 chain, an IPv6 destination sees the node, unless an IPv6 range of the list holds it."""
    policy = _policy(_chain("10.0.0.0/8", "2600:1900::/28", ipv6=True))
    assert _decide(policy, "2600:2000::1").masqueraded
    spared = _decide(policy, "2600:1900::1")
    assert (spared.masqueraded, str(spared.matched_cidr)) == (False, "2600:1900::/28")


def test_the_first_range_in_the_policys_order_decides() -> None:
    """Where two ranges hold the destination, the one that the node tries first is named."""
    policy = _policy(_chain("10.0.0.0/8", "10.1.0.0/16"))
    assert _decide(policy, "10.1.2.3").matched_cidr == IPNetwork("10.0.0.0/8")


@pytest.mark.parametrize(
    ("destination", "masqueraded"),
    [("10.1.0.1", False), ("10.2.0.1", True), ("172.16.0.1", True), ("8.8.8.8", True), ("169.254.0.1", False)],
)
def test_with_two_chains_only_what_both_spare_keeps_its_address(destination: str, *, masqueraded: bool) -> None:
    """Two agents at once: a destination sees the Pod only if every chain returns."""
    policy = _policy(_chain("10.0.0.0/8"), _chain("10.1.0.0/16", "172.16.0.0/12", name="IP-MASQ-AGENT"))
    decision = _decide(policy, destination)
    assert decision.masqueraded is masqueraded
    assert decision.reason is not Reason.MASQUERADED or masqueraded
    assert policy.keeps_pod_address(IPAddress(destination)) is not masqueraded


def test_with_two_chains_the_first_names_the_range() -> None:
    """Where both chains spare a destination, the range of the first is the one that is named."""
    policy = _policy(_chain("10.0.0.0/8"), _chain("10.1.0.0/16", name="IP-MASQ-AGENT"))
    assert _decide(policy, "10.1.0.1").matched_cidr == IPNetwork("10.0.0.0/8")


@pytest.mark.parametrize(
    ("destination", "kept"),
    [
        ("192.168.9.9", True),
        ("::ffff:192.168.9.9", True),
        ("10.128.0.1", True),
        ("169.254.169.254", True),
        ("fe80::1", True),
        ("172.20.0.10", False),
        ("2600:1900::1", False),
    ],
)
def test_a_policy_wants_pod_addresses_inside_its_exemptions_only(destination: str, *, kept: bool) -> None:
    """What the policy spares is meant to see the Pod; IPv6 that merely bypasses it is not."""
    assert make_composer_policy(RANGES).keeps_pod_address(IPAddress(destination)) is kept


def test_a_policy_without_chains_wants_nothing() -> None:
    """That nothing is masqueraded makes no Pod address an intended one, except on the node's own link."""
    assert not make_no_policy().keeps_pod_address(IPAddress("10.0.0.1"))
    assert make_no_policy().keeps_pod_address(IPAddress("169.254.169.254"))
    assert make_no_policy().keeps_pod_address(IPAddress("fe80::1"))


@given(
    st.lists(
        st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "0.0.0.0/0", "fd00::/8", "fd00::/64", "::/0"])
    ),
    st.sampled_from(["10.1.2.3", "10.1.9.9", "11.0.0.1", "fd00::1", "fd01::1", "2001:db8::1"]),
)
def test_the_exemption_is_the_first_that_holds_the_destination(cidrs: list[str], destination: str) -> None:
    """However it is looked up, the answer is that of walking the list from its top."""
    address = IPAddress(destination)
    walked = next((cidr for cidr in cidrs if address in IPNetwork(cidr)), None)
    found = _chain(*cidrs).find_exemption(address)
    assert (None if found is None else str(found.cidr)) == walked
