"""What becomes of packets by IPv6, and of Pods that are known by the other version of IP only."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from netaddr import IPAddress, IPNetwork

from airflow_masq.network.firewall import FirewallAnswer
from airflow_masq.network.policy import MasqueradePolicy, Reason, make_composer_policy, make_gke_default_policy
from airflow_masq.network.prediction import predict
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import AddressKind
from tests.network.predicting import EVERYTHING, EVERYTHING_IPV6, ON_PREMISES, RANGES, predicted


def test_ipv6_bypasses_masquerading_and_cloud_nat() -> None:
    """A public IPv6 destination sees the Pod's IPv6 address; for a Pod known by IPv4 only, that is not known."""
    known = predicted(make_composer_policy(RANGES), "2600:1900::1", pod="2001:db8::5")
    assert known.source_kind is AddressKind.POD
    assert known.sources == (IPNetwork("2001:db8::5/128"),)
    assert known.reason is Reason.NO_MASQUERADING_FOR_IPV6
    assert known.path[0] == "Pod 2001:db8::5 sends to 2600:1900::1"
    unknown = predicted(make_composer_policy(RANGES), "2600:1900::1")
    assert (unknown.arrives_as, unknown.reason) == (AddressKind.POD, Reason.NO_MASQUERADING_FOR_IPV6)
    assert unknown.sources == ()
    assert unknown.path[0] == "a Pod, from an IPv6 address that the plan does not name, sends to 2600:1900::1"
    assert unknown.provenance is Provenance.INFERRED


def test_an_ipv6_pod_sends_to_ipv4_by_an_address_of_its_own() -> None:
    """The IPv4 source of a Pod that is given by its IPv6 address only is not known."""
    unknown = predicted(make_gke_default_policy(RANGES), ON_PREMISES, pod="2001:db8::5")
    assert (unknown.arrives_as, unknown.reason) == (
        AddressKind.POD,
        Reason.DESTINATION_IP_IN_DEFAULT_NON_MASQUERADE_RANGE,
    )
    assert (unknown.sources, unknown.provenance) == ((), Provenance.INFERRED)
    masqueraded = predicted(make_composer_policy(RANGES), ON_PREMISES, pod="2001:db8::5")
    assert (masqueraded.arrives_as, masqueraded.sources) == (AddressKind.NODE, RANGES.node)
    assert unknown.path[0] == "a Pod, from an IPv4 address that the plan does not name, sends to 172.20.0.10"
    host = predicted(make_composer_policy(RANGES), "2600:1900::1", pod="10.128.0.10")
    assert (host.arrives_as, host.sources) == (AddressKind.NODE, ())
    assert host.path[0].startswith("a Pod on the host network, from an IPv6 address that the plan does not name, sends")


@given(
    number=st.integers(0, 2**32 - 1),
    policy=st.sampled_from([EVERYTHING, EVERYTHING_IPV6, make_composer_policy(RANGES)]),
)
def test_addresses_of_two_versions_never_meet(number: int, policy: MasqueradePolicy) -> None:
    """Addresses of different versions never share a node, and the source has the destination's version."""
    dual_stack = replace(RANGES, node=(*RANGES.node, IPNetwork("::/96")), pod=(*RANGES.pod, IPNetwork("::/96")))
    ipv4, ipv6 = IPAddress(number, 4), IPAddress(number, 6)
    for pod, destination in ((ipv4, ipv6), (ipv6, ipv4)):
        prediction = predict(dual_stack, policy=policy, pod=pod, destination=destination, node_address=pod)
        assert prediction.reason is not Reason.DESTINATION_ON_SAME_NODE
        assert {network.version for network in prediction.sources} <= {destination.version}
        assert prediction.path[0].startswith("a Pod")
        assert f", from an IPv{destination.version} address that the plan does not name," in prediction.path[0]


def test_ipv6_is_masqueraded_where_the_agent_was_told_to() -> None:
    """With an IPv6 chain, an IPv6 destination sees one of the nodes' IPv6 addresses, never their IPv4 ones."""
    nodes = IPNetwork("2600:1900:1::/64")
    dual_stack = replace(RANGES, node=(*RANGES.node, nodes), public_nodes=True)
    told = predicted(EVERYTHING_IPV6, "2600:2000::1", ranges=dual_stack, pod="2001:db8::5", node="10.128.0.10")
    assert (told.source_kind, told.sources) == (AddressKind.NODE, (nodes,))
    assert told.path[1:] == (
        "the node: policy everything masquerades, the source becomes the node's address",
        "the internet: IPv6 is not translated on the way out",
    )
    known = predicted(EVERYTHING_IPV6, "2600:2000::1", ranges=dual_stack, node="2600:1900:1::a")
    assert known.sources == (IPNetwork("2600:1900:1::a/128"),)
    assert predicted(EVERYTHING, "2600:2000::1", ranges=dual_stack, pod="2001:db8::5").arrives_as is AddressKind.POD


def test_a_firewall_for_ipv4_lets_in_no_ipv6() -> None:
    """An IPv6 packet meets a firewall that lists IPv4 ranges only and is dropped; the IPv4 one passes."""
    bypassing = predicted(make_composer_policy(RANGES), "2600:1900::1", IPNetwork("0.0.0.0/0"))
    assert (bypassing.source_kind, bypassing.firewall) == (AddressKind.DROPPED, FirewallAnswer.NONE)
    passing = predicted(make_composer_policy(RANGES), ON_PREMISES, IPNetwork("0.0.0.0/0"))
    assert passing.firewall is FirewallAnswer.ALL


def test_an_internal_ipv6_address_may_not_get_out() -> None:
    """A Pod of fc00::/7 sends to the internet as it is, and the path says that this may lead nowhere; a node's does."""
    internal, public = (
        predicted(make_composer_policy(RANGES), "2600:1900::1", pod=pod) for pod in ("fd00::5", "2001:db8::5")
    )
    way = "the internet: IPv6 is not translated on the way out"
    assert internal.path[-1] == f"{way}, and an internal address such as this one may not get there (not verified)"
    assert public.path[-1] == way
    masqueraded = predicted(EVERYTHING_IPV6, "2600:2000::1", pod="fd00::5")
    assert masqueraded.path[-1] == way
