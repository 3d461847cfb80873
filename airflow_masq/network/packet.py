"""The first packet of a connection as a node sees it, and what is said of it on its way.

It holds what is known before anything is decided; it must decide nothing itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from netaddr import IPAddress

from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import NetworkRanges, unmapped


@dataclass(frozen=True, kw_only=True)
class Packet:
    """A packet from a Pod, after the translation of a ClusterIP.

    :param source: the Pod's address.
    :param destination: where the packet really goes.
    :param node: the address of the Pod's node; ``None`` where it is not known.
    :param host_network: whether the Pod uses its node's network.
    :param returns_to_sender: whether a ClusterIP leads back to the Pod that sends, default not.
    """

    source: IPAddress
    destination: IPAddress
    node: IPAddress | None
    host_network: bool
    returns_to_sender: bool = False

    @property
    def node_addresses(self) -> tuple[IPAddress, ...]:
        """The address that the node gives to such a packet, where it is known."""
        return () if self.node is None or self.node.version != self.destination.version else (self.node,)


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of the way.

    :param text: a sentence for people.
    :param provenance: how it is known, default documented.
    """

    text: str
    provenance: Provenance = Provenance.DOCUMENTED


def first_packet(
    ranges: NetworkRanges,
    *,
    pod: IPAddress,
    destination: IPAddress,
    node: IPAddress | None,
    host_network: bool,
    is_translated: bool = False,
) -> Packet:
    """Give the packet that opens a connection.

    :param ranges: the cluster's ranges.
    :param pod: the Pod's address; one in a node range and in no Pod range means a Pod on the host network.
    :param destination: where the packet goes, after the translation of a ClusterIP.
    :param node: the address of the Pod's node; ``None`` where it is not known.
    :param host_network: whether somebody said that the Pod uses its node's network.
    :param is_translated: whether the destination is a ClusterIP's known endpoint, default not.
    :return: the packet, IPv4-mapped addresses as IPv4.
    """
    source = unmapped(pod)
    may_be_own = any(source in network for network in ranges.pod)
    on_host_network = host_network or not may_be_own
    has_node_address = on_host_network and any(source in network for network in ranges.node)
    known_node = None if node is None else unmapped(node)
    uses_node_network = host_network or has_node_address
    return Packet(
        source=source,
        destination=unmapped(destination),
        node=source if known_node is None and has_node_address else known_node,
        host_network=uses_node_network,
        returns_to_sender=is_translated and not uses_node_network and unmapped(destination) == source,
    )


def assumed_endpoint(ranges: NetworkRanges, *, pod: IPAddress, destination: IPAddress) -> IPAddress:
    """Give the address where a packet is taken to go when nobody said what is behind a ClusterIP.

    Nodes decide after the translation, so the ClusterIP itself decides nothing. Most endpoints are Pods; that this one
    is, and on another node where the range has room for one, is inferred.

    :param ranges: the cluster's ranges.
    :param pod: the Pod that sends.
    :param destination: where it sends to.
    :return: an address of a Pod range; the destination itself where it is no ClusterIP or no such range is known.
    """
    target, own_block = unmapped(destination), ranges.node_block(unmapped(pod))
    if not any(target in network for network in ranges.service):
        return target
    pod_ranges = [network for network in ranges.pod if network.version == target.version]
    edges = [IPAddress(edge, target.version) for each in pod_ranges for edge in (each.last, each.first)]
    usable = [edge for edge in edges if unmapped(edge) == edge]  # ::/80 ends among the IPv4-mapped addresses
    return next((edge for edge in usable if edge not in own_block), usable[0] if usable else target)
