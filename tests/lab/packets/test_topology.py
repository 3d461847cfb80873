"""Laying out clusters as GKE does."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.packets.topology import (
    DEFAULT_DESTINATIONS,
    GATEWAY,
    Destination,
    Topology,
    make_default_topology,
    make_gke_cluster,
)


def test_each_node_gets_the_next_block_of_the_pod_range() -> None:
    """The Pods of node n are in the n-th /26 of the Pod range, so a Pod's address identifies its node."""
    cluster = make_gke_cluster("blue", nodes=3, pods_per_node=2)
    assert [str(node.pod_block) for node in cluster.nodes] == ["192.168.0.0/26", "192.168.0.64/26", "192.168.0.128/26"]
    assert [str(node.address) for node in cluster.nodes] == ["10.128.0.2", "10.128.0.3", "10.128.0.4"]
    assert [str(pod.address) for pod in cluster.nodes[1].pods] == ["192.168.0.66", "192.168.0.67"]


@settings(max_examples=25)
@given(nodes=st.integers(1, 20), pods=st.integers(1, 32))
def test_every_address_is_unique_and_in_its_nodes_block(nodes: int, pods: int) -> None:
    """In clusters of all sizes, no two Pods share an address and each is in its node's block."""
    cluster = make_gke_cluster("blue", nodes=nodes, pods_per_node=pods, ipv6=True)
    assert len({pod.address for pod in cluster.pods}) == len({pod.ipv6_address for pod in cluster.pods}) == nodes * pods
    for node in cluster.nodes:
        assert node.pod_block_ipv6 is not None
        for pod in node.pods:
            assert pod.address in node.pod_block
            assert pod.ipv6_address in node.pod_block_ipv6


def test_the_caller_chooses_a_clusters_addresses() -> None:
    """The cluster of a second environment can have other node addresses and another Pod range."""
    cluster = make_gke_cluster(
        "green", nodes=1, first_node_address=IPv4Address("10.128.0.10"), pod_range=IPv4Network("10.64.0.0/14")
    )
    assert cluster.part_names == ["green-node-0", "green-node-0-pod-0", "green-node-0-pod-1"]
    assert [str(pod.address) for pod in cluster.pods] == ["10.64.0.2", "10.64.0.3"]


def test_too_many_nodes_for_the_pod_range_are_refused() -> None:
    """A /25 has blocks for two nodes, but not for three."""
    with pytest.raises(ValueError, match=r"192\.168\.0\.0/25 has room for 2 nodes \(a /26 each\), saw 3"):
        make_gke_cluster("blue", nodes=3, pod_range=IPv4Network("192.168.0.0/25"))


def test_more_pods_per_node_than_on_autopilot_are_refused() -> None:
    """A node takes 32 Pods, not 33."""
    with pytest.raises(ValueError, match="1 to 32 Pods, saw 33"):
        make_gke_cluster("blue", pods_per_node=33)


def test_an_empty_cluster_is_refused() -> None:
    """A cluster without nodes, or a node without Pods, would show an empty table that looks like a result."""
    with pytest.raises(ValueError, match="at least one node, saw 0"):
        make_gke_cluster("blue", nodes=0)
    with pytest.raises(ValueError, match="1 to 32 Pods, saw 0"):
        make_gke_cluster("blue", pods_per_node=0)


def test_two_parts_with_one_name_are_refused() -> None:
    """A destination cannot have the gateway's name."""
    twin = Destination(name=GATEWAY, address=IPv4Address("10.200.0.20"))
    with pytest.raises(ValueError, match=f"saw twice: {GATEWAY}"):
        Topology(destinations=(twin,), cloud_nat=None)


def test_the_demo_has_four_destinations_and_ipv6_only_on_request() -> None:
    """The demo's services have IPv6 addresses only if requested."""
    assert make_default_topology().destinations == DEFAULT_DESTINATIONS
    assert not any(each.ipv6_address for each in make_default_topology().destinations)
    assert all(each.ipv6_address for each in make_default_topology(ipv6=True).destinations)
