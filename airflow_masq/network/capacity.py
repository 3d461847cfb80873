"""How many nodes and Pods a cluster's ranges have room for, and what masquerading saves.

Two ranges bound a cluster: every node takes one address of the primary range and a whole block of the Pod range. It
must not judge: whether the room suffices is for rules to say. IPv4 only, since that is what is scarce. A number that
needs a range nobody named is ``None``, never zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from netaddr import IPAddress, cidr_merge

from airflow_masq.network.ranges import IPV4, IPV4_BITS, NetworkRanges, outermost

if TYPE_CHECKING:
    from netaddr import IPNetwork


# Google keeps the first two and the last two addresses of a primary range
# (https://cloud.google.com/vpc/docs/subnets#unusable-ip-addresses-in-every-subnet, read 2026-11-22).
_UNUSABLE_ADDRESSES: Final = 4


class CapacityLimit(StrEnum):
    """Which ranges run out first."""

    PODS = "pods"
    NODES = "nodes"


@dataclass(frozen=True)
class BareSize:
    """A range of which only the size is known: Google chooses where it is.

    :param prefixlen: the prefix length, 1 to 32.
    """

    prefixlen: int

    @property
    def size(self) -> int:
        """How many IPv4 addresses there are."""
        return 1 << (IPV4_BITS - self.prefixlen)

    def __str__(self) -> str:
        return f"/{self.prefixlen}"


@dataclass(frozen=True, kw_only=True)
class RangeCapacity:
    """What one range has room for.

    :param cidr: the range, or its bare size.
    :param nodes: how many nodes it can serve.
    :param pods: how many Pods those nodes can run.
    """

    cidr: IPNetwork | BareSize
    nodes: int
    pods: int


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """What a cluster's ranges have room for.

    :param pod_ranges: the Pod ranges, each by itself; a range inside another counts with that one.
    :param node_ranges: the node ranges, each by itself, likewise.
    :param nodes_by_pod_range: how many nodes the Pod ranges serve together; ``None`` where there is no such range.
    :param nodes_by_node_range: how many nodes have an address; ``None`` where there is no such range.
    :param nodes: the smaller of the two, or the one that is known; ``None`` where neither is.
    :param pods: how many Pods that many nodes can run; ``None`` as ``nodes``.
    :param limit: which ranges bound the cluster; ``None`` where both do equally, or one is not known.
    :param block_prefix: the prefix length of one node's block of Pod addresses.
    :param pod_addresses: the addresses of the Pod ranges; ``None`` where there is no such range.
    :param service_addresses: the further ones of the Service ranges; ``None`` where there is no such range.
    :param node_addresses: the addresses of the node ranges; ``None`` where there is no such range.
    :param endpoint_addresses: how many addresses outside the node ranges endpoints take.
    :param wanted_nodes: the nodes that the workers wanted need at worst, one each; ``None`` where nobody said how many.
        How many worker Pods Autopilot puts on one node depends on their size, and is not verified.
    :param is_enough: whether ``nodes`` are at least ``wanted_nodes``; ``None`` where nobody said how many are wanted,
        and where one kind of range is not known while the other suffices.
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
        """The addresses that with masquerading need no route: the Pods', and the Services' as far as they are known.

        ``None`` where the Pod ranges are not known.
        """
        return None if self.pod_addresses is None else self.pod_addresses + (self.service_addresses or 0)

    @property
    def routable_addresses_needed(self) -> int | None:
        """The addresses that need a route in any case; ``None`` where the node ranges are not known."""
        return None if self.node_addresses is None else self.node_addresses + self.endpoint_addresses


def capacity(
    ranges: NetworkRanges,
    *,
    pod_size: BareSize | None = None,
    service_size: BareSize | None = None,
    endpoint_addresses: int = 0,
) -> Capacity:
    """Say what a cluster's ranges have room for.

    Each node owns a block of the Pod range, the next power of two of at least twice its Pods: a /26 for 32 Pods, so a
    /23 serves 8 nodes (https://cloud.google.com/kubernetes-engine/docs/how-to/flexible-pod-cidr, read 2026-11-22).

    :param ranges: the cluster's ranges.
    :param pod_size: the size of the Pod range, which counts where no IPv4 range of Pods is known, default not known.
    :param service_size: the size of the Service range, likewise.
    :param endpoint_addresses: how many addresses outside the node ranges endpoints take, default none.
    :return: nodes and Pods by each range, the binding limit, and the addresses saved.
    """
    block_prefix = ranges.node_block(IPAddress(0, IPV4)).prefixlen
    by_pods = tuple(
        _range_capacity(cidr, nodes=cidr.size >> (IPV4_BITS - block_prefix), ranges=ranges)
        for cidr in _distinct(ranges.pod) or _only(pod_size)
    )
    by_nodes = tuple(
        _range_capacity(cidr, nodes=max(cidr.size - _UNUSABLE_ADDRESSES, 0), ranges=ranges)
        for cidr in _distinct(ranges.node)
    )
    pod_limit, node_limit = _nodes_together(by_pods), _nodes_together(by_nodes)
    nodes = min((limit for limit in (pod_limit, node_limit) if limit is not None), default=None)
    return Capacity(
        pod_ranges=by_pods,
        node_ranges=by_nodes,
        nodes_by_pod_range=pod_limit,
        nodes_by_node_range=node_limit,
        nodes=nodes,
        pods=None if nodes is None else nodes * ranges.pods_per_node,
        limit=_limit(pod_limit, node_limit),
        block_prefix=block_prefix,
        pod_addresses=_addresses(ranges.pod, size=pod_size),
        service_addresses=_addresses(ranges.service, size=service_size, counted=ranges.pod),
        node_addresses=_addresses(ranges.node),
        endpoint_addresses=endpoint_addresses,
        wanted_nodes=ranges.workers,
        is_enough=_is_enough(pod_limit, node_limit, wanted=ranges.workers),
    )


def _range_capacity(cidr: IPNetwork | BareSize, *, nodes: int, ranges: NetworkRanges) -> RangeCapacity:
    return RangeCapacity(cidr=cidr, nodes=nodes, pods=nodes * ranges.pods_per_node)


def _distinct(networks: tuple[IPNetwork, ...]) -> list[IPNetwork]:
    return outermost(network for network in networks if network.version == IPV4)


def _only(size: BareSize | None) -> list[BareSize]:
    return [] if size is None else [size]


def _is_enough(pod_limit: int | None, node_limit: int | None, *, wanted: int | None) -> bool | None:
    """One range that is too small is enough to say no; to say yes, both must be known."""
    if wanted is None:
        return None
    limits = (pod_limit, node_limit)
    if any(limit is not None and limit < wanted for limit in limits):
        return False
    return None if None in limits else True


def _nodes_together(capacities: tuple[RangeCapacity, ...]) -> int | None:
    return sum(each.nodes for each in capacities) if capacities else None


def _limit(pod_limit: int | None, node_limit: int | None) -> CapacityLimit | None:
    if pod_limit is None or node_limit is None or pod_limit == node_limit:
        return None
    return CapacityLimit.PODS if pod_limit < node_limit else CapacityLimit.NODES


def _addresses(
    networks: tuple[IPNetwork, ...], *, size: BareSize | None = None, counted: tuple[IPNetwork, ...] = ()
) -> int | None:
    """Count the addresses of ranges that are not counted already; where no range is known, its size tells as much."""
    if not any(network.version == IPV4 for network in networks):
        return None if size is None else size.size
    return _size((*networks, *counted)) - _size(counted)


def _size(networks: tuple[IPNetwork, ...]) -> int:
    return sum(network.size for network in cidr_merge([network for network in networks if network.version == IPV4]))
