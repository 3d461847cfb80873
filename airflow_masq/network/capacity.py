"""How many nodes and Pods a cluster's ranges have room for, and how many addresses masquerading saves.

Two ranges bound a cluster: every node takes one address of the primary range and a whole block of the Pod range. Only
IPv4 is counted, since that is what is scarce. A number that needs an unknown range is ``None``, never zero. Whether the
room suffices is for rules to judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from netaddr import IPAddress, IPNetwork, cidr_merge

from airflow_masq.network.ranges import IPV4, IPV4_BITS, NetworkRanges, drop_inner_ranges

if TYPE_CHECKING:
    from collections.abc import Sequence

# Google keeps the first two and the last two addresses of a primary range [source: vpc-subnet-unusable].
_UNUSABLE_ADDRESSES: Final = 4


class CapacityLimit(StrEnum):
    """Which ranges run out first."""

    PODS = "pods"
    NODES = "nodes"


@dataclass(frozen=True)
class BareSize:
    """A range of which only the prefix length is known, 1 to 32, since Google chooses where it is."""

    prefixlen: int

    @property
    def size(self) -> int:
        """How many IPv4 addresses there are."""
        return 1 << (IPV4_BITS - self.prefixlen)

    def __str__(self) -> str:
        return f"/{self.prefixlen}"


@dataclass(frozen=True, kw_only=True)
class RangeCapacity:
    """The capacity of one range: how many nodes it can serve, and how many Pods those nodes can run."""

    cidr: IPNetwork | BareSize
    nodes: int
    pods: int


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """What a cluster's ranges have room for. A number is ``None`` if the ranges that it needs are not known.

    :param pod_ranges: the Pod ranges, each by itself; a range inside another counts with that one.
    :param node_ranges: the node ranges, each by itself, in the same way.
    :param nodes_by_pod_range: how many nodes the Pod ranges serve together.
    :param nodes_by_node_range: how many nodes have an address.
    :param nodes: the smaller of the two, or the one that is known.
    :param pods: how many Pods that many nodes can run.
    :param limit: which ranges bound the cluster; ``None`` if both do equally, or one is not known.
    :param block_prefix: the prefix length of one node's block of Pod addresses.
    :param pod_addresses: the addresses of the Pod ranges.
    :param service_addresses: the addresses of the Service ranges that are not also Pod addresses.
    :param node_addresses: the addresses of the node ranges.
    :param endpoint_addresses: how many addresses outside the node ranges endpoints take.
    :param wanted_nodes: the nodes that the workers wanted need at worst, one each. How many worker Pods Autopilot puts
        on one node depends on their size, and is not verified.
    :param is_enough: whether ``nodes`` are at least ``wanted_nodes``; ``None`` also where one kind of range is not
        known while the other suffices.
    """

    pod_ranges: tuple[RangeCapacity, ...]
    node_ranges: tuple[RangeCapacity, ...]
    nodes_by_pod_range: int | None
    nodes_by_node_range: int | None
    nodes: int | None
    pods: int | None
    limit: CapacityLimit | None
    block_prefix: int
    pod_addresses: int | None
    service_addresses: int | None
    node_addresses: int | None
    endpoint_addresses: int
    wanted_nodes: int | None
    is_enough: bool | None

    @property
    def routable_addresses_saved(self) -> int | None:
        """The addresses that with masquerading need no route: the Pods', and the Services' as far as they are known."""
        return None if self.pod_addresses is None else self.pod_addresses + (self.service_addresses or 0)

    @property
    def routable_addresses_needed(self) -> int | None:
        """The addresses that need a route in any case."""
        return None if self.node_addresses is None else self.node_addresses + self.endpoint_addresses


def calculate_capacity(
    ranges: NetworkRanges,
    *,
    pod_size: BareSize | None = None,
    service_size: BareSize | None = None,
    endpoint_addresses: int = 0,
) -> Capacity:
    """Calculate what a cluster's ranges have room for.

    :param ranges: the cluster's ranges.
    :param pod_size: the size of the Pod range, which counts where no IPv4 range of Pods is known, default not known.
    :param service_size: the size of the Service range, in the same form.
    :param endpoint_addresses: how many addresses outside the node ranges endpoints take, default none.
    """
    # A /26 for 32 Pods, so a /23 serves 8 nodes [source: gke-pod-block].
    block_prefix = ranges.find_node_block(IPAddress(0, IPV4)).prefixlen
    pod_cidrs: Sequence[IPNetwork | BareSize] = _choose_ipv4(ranges.pod) or ([] if pod_size is None else [pod_size])
    nodes_by_pod_cidr = [(cidr, cidr.size >> (IPV4_BITS - block_prefix)) for cidr in pod_cidrs]
    nodes_by_node_cidr = [(cidr, max(cidr.size - _UNUSABLE_ADDRESSES, 0)) for cidr in _choose_ipv4(ranges.node)]
    by_pods, by_nodes = (
        tuple(RangeCapacity(cidr=cidr, nodes=nodes, pods=nodes * ranges.pods_per_node) for cidr, nodes in rows)
        for rows in (nodes_by_pod_cidr, nodes_by_node_cidr)
    )
    pod_limit, node_limit = (sum(each.nodes for each in rows) if rows else None for rows in (by_pods, by_nodes))
    limits = [limit for limit in (pod_limit, node_limit) if limit is not None]
    nodes = min(limits, default=None)
    limit = None
    if pod_limit is not None and node_limit is not None and pod_limit != node_limit:
        limit = CapacityLimit.PODS if pod_limit < node_limit else CapacityLimit.NODES
    return Capacity(
        pod_ranges=by_pods,
        node_ranges=by_nodes,
        nodes_by_pod_range=pod_limit,
        nodes_by_node_range=node_limit,
        nodes=nodes,
        pods=None if nodes is None else nodes * ranges.pods_per_node,
        limit=limit,
        block_prefix=block_prefix,
        pod_addresses=_count_addresses(ranges.pod, size=pod_size),
        service_addresses=_count_addresses(ranges.service, size=service_size, counted=ranges.pod),
        node_addresses=_count_addresses(ranges.node),
        endpoint_addresses=endpoint_addresses,
        wanted_nodes=ranges.workers,
        is_enough=_is_enough(pod_limit, node_limit, wanted=ranges.workers),
    )


def _choose_ipv4(networks: tuple[IPNetwork, ...]) -> list[IPNetwork]:
    return drop_inner_ranges(network for network in networks if network.version == IPV4)


def _is_enough(pod_limit: int | None, node_limit: int | None, *, wanted: int | None) -> bool | None:
    """One range that is too small is enough to say no; to say yes, both must be known."""
    if wanted is None:
        return None
    limits = (pod_limit, node_limit)
    if any(limit is not None and limit < wanted for limit in limits):
        return False
    return None if None in limits else True


def _count_addresses(
    networks: tuple[IPNetwork, ...], *, size: BareSize | None = None, counted: tuple[IPNetwork, ...] = ()
) -> int | None:
    """Count the addresses that are not in ``counted``; where no range is known, give its size."""
    if not any(network.version == IPV4 for network in networks):
        return None if size is None else size.size
    return _count((*networks, *counted)) - _count(counted)


def _count(networks: tuple[IPNetwork, ...]) -> int:
    return sum(network.size for network in cidr_merge([network for network in networks if network.version == IPV4]))
