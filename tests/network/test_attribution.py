"""A seen address gets the name of the most specific range that holds it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from netaddr import IPAddress, IPNetwork

from airflow_masq.network.attribution import attribute
from airflow_masq.network.ranges import ATTRIBUTED_KINDS, AddressKind, NetworkRanges

RANGES = NetworkRanges(
    node=(IPNetwork("10.128.0.0/20"),),
    pod=(IPNetwork("192.168.0.0/16"),),
    service=(IPNetwork("10.96.0.0/20"),),
    other={"on-premises": (IPNetwork("172.20.0.0/16"), IPNetwork("192.168.200.0/24"))},
    nat_addresses=(IPAddress("203.0.113.7"),),
)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("192.168.0.2", AddressKind.POD),
        ("10.128.0.10", AddressKind.NODE),
        ("10.96.0.10", AddressKind.SERVICE),
        ("203.0.113.7", AddressKind.NAT),
        ("203.0.113.8", AddressKind.FOREIGN),
        ("172.20.0.10", AddressKind.FOREIGN),
        ("192.168.200.1", AddressKind.FOREIGN),
        ("10.128.16.0", AddressKind.FOREIGN),
        ("34.1.2.3", AddressKind.FOREIGN),
        ("2001:db8::1", AddressKind.FOREIGN),
        ("::ffff:10.128.0.10", AddressKind.NODE),
    ],
)
def test_an_address_belongs_to_the_most_specific_range(address: str, kind: AddressKind) -> None:
    """Node, Pod, Service and Cloud NAT addresses are told apart, and a named range within the Pods' is foreign."""
    assert attribute(IPAddress(address), ranges=RANGES) is kind


def test_two_ranges_of_one_size_leave_an_address_ambiguous() -> None:
    """Where the same block is said to be nodes and Pods, no address in it is either."""
    block = (IPNetwork("10.0.0.0/16"),)
    overlapping = NetworkRanges(node=block, pod=block)
    address = IPAddress("10.0.0.5")
    assert attribute(address, ranges=overlapping) is AddressKind.AMBIGUOUS
    assert attribute(address, ranges=overlapping, local_address=address) is AddressKind.AMBIGUOUS
    assert attribute(address, ranges=NetworkRanges(pod=block * 2)) is AddressKind.POD


def test_a_nat_address_within_the_node_range_is_nats() -> None:
    """A single address is more specific than any range around it."""
    ranges = NetworkRanges(node=(IPNetwork("203.0.113.0/24"),), nat_addresses=(IPAddress("203.0.113.7"),))
    assert attribute(IPAddress("203.0.113.7"), ranges=ranges) is AddressKind.NAT
    assert attribute(IPAddress("203.0.113.8"), ranges=ranges) is AddressKind.NODE


def test_a_public_address_is_a_nodes_only_where_nodes_have_public_ones() -> None:
    """A public source is a node's external address with public nodes, and foreign without; a private one is neither."""
    public = NetworkRanges(public_nodes=True, nat_addresses=(IPAddress("203.0.113.7"),))
    assert attribute(IPAddress("34.1.2.3"), ranges=public) is AddressKind.NODE_EXTERNAL
    assert attribute(IPAddress("34.1.2.3"), ranges=NetworkRanges()) is AddressKind.FOREIGN
    assert attribute(IPAddress("10.9.9.9"), ranges=public) is AddressKind.FOREIGN


def test_a_public_address_is_no_nodes_where_it_could_be_cloud_nats() -> None:
    """Without Cloud NAT's addresses it may be an unmasqueraded Pod's; towards a private service it is nobody's."""
    unlisted = NetworkRanges(public_nodes=True)
    listed = NetworkRanges(public_nodes=True, nat_addresses=(IPAddress("203.0.113.7"),))
    seen, public, private = IPAddress("34.1.2.3"), IPAddress("8.8.8.8"), IPAddress("172.20.0.10")
    assert attribute(seen, ranges=unlisted, destination=public) is AddressKind.FOREIGN
    assert attribute(seen, ranges=listed, destination=public) is AddressKind.NODE_EXTERNAL
    assert attribute(seen, ranges=listed, destination=private) is AddressKind.FOREIGN


def test_the_sockets_own_address_is_the_pods() -> None:
    """A source that arrives unchanged is the Pod's, even where no range says so; a changed one is not."""
    pod = IPAddress("10.50.0.2")
    assert attribute(pod, ranges=RANGES, local_address=pod) is AddressKind.POD
    assert attribute(IPAddress("::ffff:10.50.0.2"), ranges=RANGES, local_address=pod) is AddressKind.POD
    assert attribute(IPAddress("10.50.0.3"), ranges=RANGES, local_address=pod) is AddressKind.FOREIGN


def test_on_the_host_network_the_sockets_own_address_is_the_nodes() -> None:
    """A Pod on the host network shows its node's address although nothing was masqueraded."""
    node = IPAddress("10.128.0.10")
    assert attribute(node, ranges=RANGES, local_address=node) is AddressKind.NODE


@given(st.ip_addresses())
def test_every_address_has_one_name(address: object) -> None:
    """Whatever the address, it gets exactly one kind, and without public nodes never that of an external one."""
    kind = attribute(IPAddress(str(address)), ranges=RANGES)
    assert kind in ATTRIBUTED_KINDS - {AddressKind.NODE_EXTERNAL, AddressKind.AMBIGUOUS}
