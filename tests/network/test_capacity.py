"""How much a cluster's ranges hold, which of them runs out first, and what masquerading saves."""

from __future__ import annotations

import pytest
from netaddr import IPNetwork

from airflow_masq.network.capacity import BareSize, Capacity, CapacityLimit, RangeCapacity, calculate_capacity
from airflow_masq.network.ranges import NetworkRanges


def _capacity(
    *,
    pod: str = "",
    node: str = "",
    service: str = "",
    workers: int | None = None,
    pods_per_node: int = 32,
) -> Capacity:
    ranges = NetworkRanges(
        pod=_networks(pod),
        node=_networks(node),
        service=_networks(service),
        workers=workers,
        pods_per_node=pods_per_node,
    )
    return calculate_capacity(ranges)


def _networks(text: str) -> tuple[IPNetwork, ...]:
    return tuple(map(IPNetwork, text.split()))


@pytest.mark.parametrize(
    ("pod", "pods_per_node", "nodes"),
    [
        ("192.168.0.0/23", 32, 8),
        ("192.168.0.0/22", 32, 16),
        ("192.168.0.0/21", 32, 32),
        ("192.168.0.0/20", 32, 64),
        ("192.168.0.0/17", 32, 512),
        ("192.168.0.0/26", 32, 1),
        ("192.168.0.0/27", 32, 0),
        ("192.168.0.0/24", 110, 1),
        ("192.168.0.0/24", 8, 16),
        ("192.168.0.0/24", 9, 8),
        ("192.168.0.0/23 192.168.4.0/24", 32, 12),
        ("192.168.0.0/23 192.168.0.0/24 192.168.0.0/23", 32, 8),
        ("192.168.0.0/23 fd00::/96", 32, 8),
        ("", 32, None),
    ],
)
def test_nodes_by_pod_range(pod: str, pods_per_node: int, nodes: int | None) -> None:
    """Every node takes a block of at least twice its Pods; several ranges add up, and no address counts twice."""
    room = _capacity(pod=pod, pods_per_node=pods_per_node)
    assert (room.nodes_by_pod_range, room.nodes) == (nodes, nodes)
    assert room.pods == (None if nodes is None else nodes * pods_per_node)


@pytest.mark.parametrize(
    ("node", "nodes"),
    [
        ("10.128.0.0/20", 4092),
        ("10.128.0.0/29", 4),
        ("10.128.0.0/30", 0),
        ("10.128.0.0/31", 0),
        ("10.128.0.0/29 10.128.1.0/29", 8),
        ("", None),
    ],
)
def test_nodes_by_node_range(node: str, nodes: int | None) -> None:
    """Every node takes an address, and every subnet loses four of its own."""
    room = _capacity(node=node)
    assert (room.nodes_by_node_range, room.nodes) == (nodes, nodes)


@pytest.mark.parametrize(
    ("pod", "node", "nodes", "limit"),
    [
        ("192.168.0.0/23", "10.128.0.0/20", 8, CapacityLimit.PODS),
        ("192.168.0.0/16", "10.128.0.0/28", 12, CapacityLimit.NODES),
        ("192.168.0.0/24", "10.128.0.0/29", 4, None),
        ("192.168.0.0/24", "", 4, None),
        ("", "10.128.0.0/29", 4, None),
        ("", "", None, None),
    ],
)
def test_the_smaller_one_binds(pod: str, node: str, nodes: int | None, limit: CapacityLimit | None) -> None:
    """The cluster holds what its smaller range holds; which one that is can be told where both are known and differ."""
    room = _capacity(pod=pod, node=node)
    assert (room.nodes, room.limit) == (nodes, limit)


def test_each_range_by_itself() -> None:
    """Nodes and Pods are counted for every range, beside their sums."""
    room = _capacity(pod="192.168.0.0/23 192.168.4.0/24", node="10.128.0.0/28", pods_per_node=16)
    assert room.pod_ranges == (
        RangeCapacity(cidr=IPNetwork("192.168.0.0/23"), nodes=16, pods=256),
        RangeCapacity(cidr=IPNetwork("192.168.4.0/24"), nodes=8, pods=128),
    )
    assert room.node_ranges == (RangeCapacity(cidr=IPNetwork("10.128.0.0/28"), nodes=12, pods=192),)
    assert (room.block_prefix, room.nodes, room.pods) == (27, 12, 192)


@pytest.mark.parametrize(
    ("pod", "service", "saved"),
    [
        ("192.168.0.0/16", "10.96.0.0/20", 65536 + 4096),
        ("192.168.0.0/16", "", 65536),
        ("", "10.96.0.0/20", None),
        ("192.168.0.0/16", "fd00::/64", 65536),
        ("192.168.0.0/24 192.168.0.0/25", "192.168.0.0/24 fd00::/64", 256),
        ("192.168.0.0/24", "192.168.0.128/25 10.96.0.0/25", 256 + 128),
        ("", "", None),
    ],
)
def test_addresses_saved(pod: str, service: str, saved: int | None) -> None:
    """Pod and Service addresses need no route any more, each counted once, and IPv6 not at all.

    Without the Pods' the saving is not known; without the Services' it is what is known of it.
    """
    room = _capacity(pod=pod, service=service, node="10.128.0.0/20")
    assert (room.routable_addresses_saved, room.routable_addresses_needed) == (saved, 4096)


def test_what_is_not_known_is_not_zero() -> None:
    """Without a range nothing is known of its addresses, and what is known of others stays."""
    room = _capacity(pod="192.168.0.0/16")
    assert (room.pod_addresses, room.service_addresses, room.node_addresses) == (65536, None, None)
    assert (room.routable_addresses_saved, room.routable_addresses_needed) == (65536, None)
    assert calculate_capacity(NetworkRanges(), endpoint_addresses=1).routable_addresses_needed is None
    assert (
        calculate_capacity(NetworkRanges(node=_networks("10.0.0.0/29")), endpoint_addresses=1).routable_addresses_needed
        == 9
    )


@pytest.mark.parametrize(
    ("workers", "pod", "node", "is_enough"),
    [
        (8, "192.168.0.0/23", "10.128.0.0/20", True),
        (9, "192.168.0.0/23", "10.128.0.0/20", False),
        (None, "192.168.0.0/23", "10.128.0.0/20", None),
        (8, "192.168.0.0/23", "", None),
        (9, "192.168.0.0/23", "", False),
        (4, "", "10.128.0.0/29", None),
        (5, "", "10.128.0.0/29", False),
        (8, "", "", None),
    ],
)
def test_workers_wanted(workers: int | None, pod: str, node: str, *, is_enough: bool | None) -> None:
    """A worker is taken to need a node of its own; one range may be too small, both must be known to suffice."""
    room = _capacity(pod=pod, node=node, workers=workers)
    assert (room.wanted_nodes, room.is_enough) == (workers, is_enough)


def test_a_range_of_a_bare_size() -> None:
    """Where Google chooses the block, its size tells as much; where the range is known, the size adds nothing."""
    pods, services = BareSize(22), BareSize(27)
    wanted = NetworkRanges(node=_networks("10.128.0.0/20"), workers=200)
    room = calculate_capacity(wanted, pod_size=pods, service_size=services)
    assert (room.nodes, room.limit, room.is_enough) == (16, CapacityLimit.PODS, False)
    assert [str(each.cidr) for each in room.pod_ranges] == ["/22"]
    assert room.routable_addresses_saved == 1024 + 32
    known = NetworkRanges(pod=_networks("192.168.0.0/23"), service=_networks("10.96.0.0/24"))
    assert calculate_capacity(known, pod_size=pods, service_size=services) == calculate_capacity(known)
